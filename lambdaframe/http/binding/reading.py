"""Reading a handler's signature, and those of its dependencies, into a ``Dependant``: once, at registration.

As in FastAPI: a marker decides; else a name in the path is a path parameter, ``Request``, ``Response``, ``Invocation``,
``BackgroundTasks`` and ``SecurityScopes`` are given by type, an ``UploadFile`` is a part of a form, a scalar is a query
parameter, and anything with parts is the JSON body.
"""

import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from types import NoneType
from typing import Annotated, Any, cast, get_args, get_origin

from lambdaframe.concurrency import is_generator_callable
from lambdaframe.errors import ConfigurationError
from lambdaframe.http.binding.dependant import Dependant, Field, Given, Need
from lambdaframe.http.binding.parameters import FieldOptions, Needed, Parameter, Place
from lambdaframe.http.binding.shapes import is_many, is_scalar, is_upload
from lambdaframe.invocation import Invocation
from lambdaframe.signature import EMPTY, Argument, bare, describe, members, read_signature


def read_dependant(
    function: Callable[..., Any],
    path_names: Collection[str],
    dependencies: Sequence[Needed] = (),
    *,
    overrides: Mapping[Callable[..., Any], Callable[..., Any]] | None = None,
) -> Dependant:
    """A handler with everything that it depends on; ``dependencies`` are called for their effect, before it.

    ``overrides`` replaces dependencies by others. Raises ConfigurationError for a signature that no request can fill.
    """
    reader = _Reader(frozenset(path_names), overrides or {})
    needs = [reader.need(None, needed, describe(function)) for needed in dependencies]
    dependant = reader.read(function, needs, handler=True)
    tree = list(dependant.flat())
    taken = {field.name for field in dependant.fields_of("path")}
    unused = sorted(set(path_names) - taken)
    if unused and not overrides and not any(given == "request" for one in tree for _, given in one.given):
        raise ConfigurationError(f"{dependant.name} takes no argument for the path parameter {unused[0]!r}.")
    forms, bodies = dependant.fields_of("form"), dependant.fields_of("body")
    if forms and bodies:
        raise ConfigurationError(
            f"{dependant.name} takes a JSON body ({bodies[0].argument}) and a form ({forms[0].argument}): a request "
            "has one body. Make all of them Form() or File() fields."
        )
    return dependant


class _Reader:
    """Reads one tree: each function once."""

    def __init__(self, path_names: frozenset[str], overrides: Mapping[Callable[..., Any], Callable[..., Any]]) -> None:
        self._path_names = path_names
        self._overrides = overrides
        self._known: dict[Any, Dependant] = {}
        self._open: list[Any] = []

    def read(self, function: Callable[..., Any], needs: Sequence[Need] = (), *, handler: bool = False) -> Dependant:
        name = describe(function)
        signature = read_signature(function, generators=not handler)
        fields: list[Field] = []
        given: list[tuple[str, Given]] = []
        needed: list[Need] = [*needs]
        for argument in signature.arguments:
            marker = _marker(argument, name)
            what = _given(argument) if marker is None else None
            if isinstance(marker, Needed):
                needed.append(self.need(argument, marker, name))
            elif what is not None:
                given.append((argument.name, what))
            elif (field := self._field(argument, marker, name, handler=handler)) is not None:
                fields.append(field)
        return Dependant(function, name, tuple(fields), tuple(given), tuple(needed), signature.returns)

    def need(self, argument: Argument | None, needed: Needed, user: str) -> Need:
        """Raises ConfigurationError for something that can't be called, or that needs itself."""
        function: Any = needed.function
        if function is None and argument is not None:
            function = bare(argument.annotation)
        if not callable(function) or function is EMPTY or function is NoneType:
            raise ConfigurationError(f"{user}: Depends() needs a function or a class to call, not {function!r}.")
        function = self._replaced(function)
        key: Any = function if _hashable(function) else id(function)
        if key in self._open:
            raise ConfigurationError(f"{describe(function)} depends on itself.")
        if key not in self._known:
            self._open.append(key)
            self._known[key] = self.read(function)
            self._open.pop()
        dependant = self._known[key]
        if needed.scope == "request" and is_generator_callable(function):
            for inner in dependant.needs:
                if inner.scope == "function" and is_generator_callable(inner.dependant.function):
                    raise ConfigurationError(
                        f"{dependant.name} lives as long as the request, so it can't depend on "
                        f"{inner.dependant.name}, which ends with the function."
                    )
        name = None if argument is None else argument.name
        return Need(name, dependant, needed.use_cache, needed.scope, needed.scopes)

    def _replaced(self, function: Callable[..., Any]) -> Callable[..., Any]:
        return self._overrides.get(function, function) if self._overrides and _hashable(function) else function

    def _field(self, argument: Argument, marker: Parameter | None, user: str, *, handler: bool) -> Field | None:
        options = marker.options if marker is not None else FieldOptions()
        alias = options.get("alias", argument.name)
        annotation = _without_markers(argument.annotation)
        place = self._place(argument, alias, annotation, marker, user)
        default, factory = argument.default, None
        if marker is not None:
            factory = marker.default_factory
            if argument.default is marker or argument.default is EMPTY:
                default = marker.default
        if place == "path":
            default = EMPTY
        name = alias
        if place == "header":
            convert = "alias" not in options and (marker is None or marker.convert_underscores)
            name = (alias.replace("_", "-") if convert else alias).lower()
        many = place in {"query", "header", "form"} and is_many(annotation)
        model = place in {"query", "header", "cookie", "form"} and not many and not is_scalar(annotation)
        if place == "path" and not is_scalar(annotation):
            raise ConfigurationError(f"{user}: the path parameter {alias!r} must be a scalar, such as str or int.")
        if place in {"query", "header", "cookie"} and is_upload(annotation):
            raise ConfigurationError(f"{user}: {argument.name} is a file; mark it with File(), not as a {place} value.")
        upload = place == "form" and is_upload(annotation)
        return Field(
            place, argument.name, name, annotation, default, factory, options, marker, many, model and not upload
        )

    def _place(self, argument: Argument, alias: str, annotation: Any, marker: Parameter | None, user: str) -> Place:
        in_path = alias in self._path_names
        if marker is not None:
            if marker.place == "path" and not in_path:
                raise ConfigurationError(f"{user}: the path has no parameter {alias!r} for {argument.name}.")
            if in_path and marker.place != "path" and "alias" not in marker.options:
                raise ConfigurationError(
                    f"{user}: {argument.name} stands in the path; it can't be a {marker.place} value."
                )
            return marker.place
        if in_path:
            return "path"
        if is_upload(annotation):
            return "form"
        return "query" if is_scalar(annotation) else "body"


def _hashable(function: Any) -> bool:
    try:
        hash(function)
    except TypeError:
        return False
    return True


def _marker(argument: Argument, user: str) -> Parameter | Needed | None:
    """The marker of an argument, from its annotation or its default."""
    marks = [mark for mark in _metadata(argument.annotation) if isinstance(mark, Parameter | Needed)]
    if isinstance(argument.default, Parameter | Needed):
        if marks:
            raise ConfigurationError(f"{user}: {argument.name} is marked twice, in Annotated and as a default.")
        return argument.default
    if not marks:
        return None
    mark = marks[-1]
    if isinstance(mark, Parameter) and mark.default is not EMPTY:
        raise ConfigurationError(f"{user}: write the default of {argument.name} with '=', not inside Annotated.")
    if isinstance(mark, Parameter) and mark.default_factory is not None and argument.default is not EMPTY:
        raise ConfigurationError(f"{user}: {argument.name} has a default and a default_factory: leave one out.")
    return mark


def _metadata(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation)[1:] if get_origin(annotation) is Annotated else ()


def _without_markers(annotation: Any) -> Any:
    metadata = _metadata(annotation)
    kept = [mark for mark in metadata if not isinstance(mark, Parameter | Needed)]
    if len(kept) == len(metadata):
        return annotation
    kind = get_args(annotation)[0]
    return Annotated[(kind, *kept)] if kept else kind


_BY_TYPE: Mapping[Given, tuple[str, str]] = {
    "request": ("starlette.requests", "HTTPConnection"),
    "response": ("starlette.responses", "Response"),
    "background": ("starlette.background", "BackgroundTasks"),
    "scopes": ("lambdaframe.http.binding.scopes", "SecurityScopes"),
}
"""A class that was never imported stands in no signature, so nothing is imported to find out."""


def _given(argument: Argument) -> Given | None:
    for kind in members(argument.annotation):
        if kind is Invocation:
            return "invocation"
        if not isinstance(kind, type):
            continue
        for what, (module, name) in _BY_TYPE.items():
            loaded = sys.modules.get(module)
            if loaded is not None and issubclass(kind, cast("Any", getattr(loaded, name, ()))):
                return what
    return None
