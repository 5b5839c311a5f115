"""What identifies one call of a function: its key and its fingerprint, read from the arguments."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from lambdaframe.concurrency import is_async_callable
from lambdaframe.errors import ConfigurationError, IdempotencyKeyError
from lambdaframe.idempotency.expressions import as_json, expression, is_missing
from lambdaframe.idempotency.keys import canonical, digest, storage_key
from lambdaframe.idempotency.runner import is_disabled
from lambdaframe.idempotency.store import Naming

Key: TypeAlias = str | Callable[..., Any]
"""An argument's name, a JMESPath expression over the arguments as JSON, or a function of the same arguments."""

Fingerprint: TypeAlias = str | Sequence[str] | Callable[..., Any] | None
"""Names of arguments, a JMESPath expression, a function of the same arguments; None for all arguments."""

_Args: TypeAlias = tuple[Any, ...]
_Kwargs: TypeAlias = Mapping[str, Any]
_Read: TypeAlias = Callable[[_Args, _Kwargs, Mapping[str, Any]], Any]
"""``read(args, kwargs, arguments)``: a part of the call; ``arguments`` are the same by name, defaults included."""


class Payload:
    """Reads one function's calls.

    ``name`` stands in messages, ``operation`` in the key. ``naming``: the store's way to name records, None for ours.
    Raises ConfigurationError for a key or a fingerprint that the function can't have.
    """

    def __init__(
        self,
        name: str,
        operation: str,
        function: Callable[..., Any],
        key: Key,
        fingerprint: Fingerprint,
        naming: Naming | None = None,
        *,
        required: bool = True,
    ) -> None:
        self._name = name
        self._operation = operation
        self._naming = naming
        self._required = required
        self._arguments = Arguments(name, function)
        if not (isinstance(key, str) or callable(key)):  # pyright: ignore[reportUnnecessaryIsInstance] — users without a type checker
            raise ConfigurationError(
                f"{name}: key= is an argument's name, a JMESPath expression or a function, not {key!r}."
            )
        self._key = self._reader("key", key)
        self._fingerprint = self._reader("fingerprint", fingerprint)
        self._has_key = _names_something if self._is_expression(key) else _is_given
        self._source = f"argument {key!r}" if key in self._arguments.names else "a function" if callable(key) else key

    def read(self, args: _Args, kwargs: _Kwargs) -> tuple[str | None, str]:
        """The key in the store, None where the call has none; and the fingerprint.

        Raises IdempotencyKeyError for a call without a key that is ``required``; TypeError, as the call would, for
        arguments that the function does not take; ConfigurationError for values that can't be compared.
        """
        arguments = self._arguments.bind(args, kwargs)
        value = self._key(args, kwargs, arguments)
        key = self._stored_as(value) if self._has_key(value) else None
        if key is not None:
            return key, self._compared(self._fingerprint(args, kwargs, arguments))
        if self._required and is_disabled():
            return "", ""  # of a call that is not recorded
        if self._required:
            raise IdempotencyKeyError(f"{self._name}: the idempotency key ({self._source}) is missing.")
        return None, ""

    def _stored_as(self, value: Any) -> str | None:
        try:
            if self._naming is None:
                return storage_key("", self._operation, None, canonical(value).decode())
            return self._naming.key_for(self._operation, value)
        except IdempotencyKeyError:
            return None  # what is no key where the records are named otherwise
        except TypeError as exc:
            raise ConfigurationError(
                f"{self._name}: this can't be a key ({exc}); give a function that makes a text of it."
            ) from exc

    def _compared(self, payload: Any) -> str:
        try:
            return digest(canonical(payload)) if self._naming is None else self._naming.fingerprint_for(payload)
        except TypeError as exc:
            raise self._incomparable(exc) from exc

    def _json(self, arguments: Mapping[str, Any]) -> Any:
        try:
            return as_json(arguments)
        except TypeError as exc:
            raise self._incomparable(exc) from exc

    def _incomparable(self, exc: TypeError) -> ConfigurationError:
        return ConfigurationError(
            f"{self._name}: the arguments can't be compared ({exc}); name those that matter, as in "
            "fingerprint=('order',)."
        )

    def _reader(self, option: str, what: Key | Fingerprint) -> _Read:
        if callable(what):
            if is_async_callable(what):
                raise ConfigurationError(f"{self._name}: {option}= takes a plain function, not an async one.")
            chosen = what
            return lambda args, kwargs, arguments: chosen(*args, **kwargs)
        if what is None:
            return lambda args, kwargs, arguments: arguments
        if not isinstance(what, str):
            if not isinstance(what, Sequence):  # pyright: ignore[reportUnnecessaryIsInstance] — users without a type checker
                raise ConfigurationError(
                    f"{self._name}: fingerprint= is a tuple of arguments' names, a JMESPath expression or a function, "
                    f"not {what!r}."
                )
            names = tuple(what)
            for name in names:
                self._arguments.check(name, name)
            return lambda args, kwargs, arguments: {name: arguments.get(name) for name in names}
        return self._expression(what) if self._is_expression(what) else self._argument(what)

    def _argument(self, name: str) -> _Read:
        self._arguments.check(name, name)
        return lambda args, kwargs, arguments: arguments.get(name)

    def _expression(self, text: str) -> _Read:
        compiled = expression(self._name, text)
        roots = compiled.roots
        if roots is None:
            return lambda args, kwargs, arguments: compiled.search(self._json(arguments))
        for root in sorted(roots):
            self._arguments.check(root, text)
        return lambda args, kwargs, arguments: compiled.search(
            self._json({root: arguments[root] for root in roots if root in arguments})
        )

    def _is_expression(self, what: object) -> bool:
        return isinstance(what, str) and what not in self._arguments.names and not what.isidentifier()


class Arguments:
    """The arguments of a function's calls by name: defaults are filled in, ``**kwargs`` are among the others, the
    object of a method is left out."""

    def __init__(self, name: str, function: Callable[..., Any]) -> None:
        self._name = name
        self._signature = inspect.signature(function)
        parameters = list(self._signature.parameters.values())
        self._own = parameters[0].name if parameters and parameters[0].name in {"self", "cls"} else None
        variable = [each for each in parameters if each.kind is each.VAR_KEYWORD]
        self._variable = variable[0].name if variable else None
        self.names = tuple(each.name for each in parameters if each.name not in {self._own, self._variable})
        self._positional = tuple(each.name for each in parameters if each.kind is each.POSITIONAL_OR_KEYWORD)
        self._defaults = {each.name: each.default for each in parameters if each.default is not each.empty}
        simple = {inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY}
        self._simple = self._signature.parameters.keys() if all(each.kind in simple for each in parameters) else None

    def check(self, name: str, text: str) -> None:
        """Raises ConfigurationError for a name in ``text`` that is no argument."""
        if name not in self.names and self._variable is None:
            where = "" if name == text else f" (in {text!r})"
            raise ConfigurationError(f"{self._name} has no argument {name!r}{where}; it takes {list(self.names)}.")

    def bind(self, args: _Args, kwargs: _Kwargs) -> Mapping[str, Any]:
        """The arguments of one call. Raises TypeError for arguments that the function does not take."""
        # inspect takes ten times as long as this, which serves nearly all functions and all right calls of them.
        given = dict(zip(self._positional, args, strict=False))
        given.update(kwargs)
        if self._simple is None or len(given) != len(args) + len(kwargs):
            return self._bound(args, kwargs)
        found = {**self._defaults, **given}
        if found.keys() != self._simple:
            return self._bound(args, kwargs)
        if self._own is not None:
            del found[self._own]
        return found

    def _bound(self, args: _Args, kwargs: _Kwargs) -> Mapping[str, Any]:
        bound = self._signature.bind(*args, **kwargs)
        bound.apply_defaults()
        found = {name: value for name, value in bound.arguments.items() if name not in {self._own, self._variable}}
        return {**found, **bound.arguments.get(self._variable or "", {})}


def _is_given(value: Any) -> bool:
    return value is not None and value != ""


def _names_something(result: Any) -> bool:
    return not is_missing(result)
