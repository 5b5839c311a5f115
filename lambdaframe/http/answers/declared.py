"""The type that a result is declared to have: a promise, which pydantic keeps.

What does not fit it is an error, and what it does not name (a subclass's secret, a column of a row) is not sent.
The validator is built when it is first needed, because loading pydantic takes longer than a cold event may.
"""

import sys
import typing
from collections import abc
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from types import NoneType, UnionType
from typing import Any, cast, get_args, get_origin

from lambdaframe.errors import ConfigurationError, ResponseValidationError

_PLAIN: frozenset[Any] = frozenset({str, int, float, bool, NoneType})

_OPEN: Sequence[Any] = (Any, None, object, dict, list, tuple, Mapping, Sequence)
"""Types that promise nothing about what is inside."""

_ASYNC: Sequence[Any] = (abc.AsyncIterable, abc.AsyncIterator, abc.AsyncGenerator, abc.Awaitable, abc.Coroutine)


def is_open(annotation: Any) -> bool:
    """Whether every JSON value of this shape fits: ``dict[str, Any]`` does, ``dict[str, int]`` is a promise."""
    origin = get_origin(annotation)
    if origin is None:
        return any(annotation is kind for kind in _OPEN)
    arguments = get_args(annotation)
    if origin in {dict, abc.Mapping, abc.MutableMapping}:
        return arguments[0] is str and is_open(arguments[1])
    return origin in {list, abc.Sequence, abc.Iterable} and is_open(arguments[0])


class Declared:
    """A declared type. ``dump`` are the options of pydantic's serializers, ``by_alias`` and so on.

    ``plain``: the classes of values that fit, and are JSON, at a glance.
    """

    def __init__(self, annotation: Any, dump: Mapping[str, Any]) -> None:
        """Raises ConfigurationError for a type that pydantic will not know, as far as that is seen without it."""
        self._annotation = annotation
        self._dump = dict(dump)
        self._adapter: Any = None
        self._trusted = annotation if _trusts_instances(annotation) else None
        self.plain = _plain(annotation)
        if _is_doubtful(annotation):
            self.build()

    def build(self) -> None:
        """Build the validator, unless it is. Raises ConfigurationError for a type that pydantic does not know."""
        if self._adapter is not None:
            return
        from pydantic import TypeAdapter
        from pydantic.errors import PydanticUndefinedAnnotation, PydanticUserError

        try:
            adapter = TypeAdapter[Any](self._annotation)
            if not adapter.pydantic_complete:  # it names a type that was not known yet
                adapter.rebuild()
        except (PydanticUserError, PydanticUndefinedAnnotation) as exc:
            raise ConfigurationError(
                f"A result can't be declared as {self._annotation!r}: {exc}\n"
                "Declare a type that pydantic knows, or write response_model=None to send what is returned as it is."
            ) from exc
        self._adapter = adapter

    def encoder(self) -> Callable[[Any], bytes]:
        """A function from a result to its JSON bytes. It raises ResponseValidationError."""
        fit, dump, trusted = self._fit, self._dump, self._trusted
        write: Callable[..., bytes] | None = None

        def encode(value: Any) -> bytes:
            nonlocal write
            if write is None:
                write = cast("Callable[..., bytes]", self._built().serializer.to_json)
            if value.__class__ is not trusted:
                value = fit(value)
            try:
                return write(value, **dump)
            except ValueError as exc:
                raise _unwritable(exc) from exc

        return encode

    def dumped(self, value: Any, mode: typing.Literal["json", "python"]) -> Any:
        """The result made to fit, with dicts for models, in pydantic's JSON or Python mode.

        Raises ResponseValidationError.
        """
        if value.__class__ is not self._trusted:
            value = self._fit(value)
        try:
            return self._built().serializer.to_python(value, mode=mode, **self._dump)
        except ValueError as exc:
            raise _unwritable(exc) from exc

    def _built(self) -> Any:
        self.build()
        return self._adapter

    def _fit(self, value: Any) -> Any:
        from pydantic import ValidationError

        try:
            return self._built().validator.validate_python(value, from_attributes=True)
        except ValidationError as exc:
            raise ResponseValidationError(f"The returned value does not fit its declared type: {exc}") from exc


def _unwritable(exc: ValueError) -> ResponseValidationError:
    return ResponseValidationError(f"The returned value can't be written as its declared type: {exc}")


def _plain(annotation: Any) -> frozenset[Any]:
    kinds = get_args(annotation) if get_origin(annotation) in {UnionType, typing.Union} else (annotation,)
    return frozenset(kind for kind in kinds if isinstance(kind, type) and kind in _PLAIN)


def _trusts_instances(annotation: Any) -> bool:
    """Whether it is a model whose instances are valid by what they are, as pydantic takes it unless told otherwise."""
    if not (isinstance(annotation, type) and hasattr(annotation, "__pydantic_serializer__")):
        return False
    config: Any = getattr(annotation, "model_config", None)
    return config is not None and config.get("revalidate_instances", "never") == "never"


def _is_doubtful(annotation: Any) -> bool:
    """Whether it holds a class that pydantic may not know. Such a type is built at registration, to find out."""
    origin = get_origin(annotation)
    if any(annotation is kind or origin is kind for kind in _ASYNC):
        return True
    return any(map(_is_doubtful, get_args(annotation))) or (isinstance(annotation, type) and not _is_known(annotation))


def _is_known(kind: Any) -> bool:
    if typing.is_typeddict(kind):
        return sys.version_info >= (3, 12)  # before, pydantic takes that of typing_extensions only
    return (
        kind.__module__.partition(".")[0] in sys.stdlib_module_names
        or issubclass(kind, Enum)
        or any(
            hasattr(kind, name)
            for name in ("__pydantic_serializer__", "__get_pydantic_core_schema__", "__dataclass_fields__", "_fields")
        )
    )
