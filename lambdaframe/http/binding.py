"""A handler's signature as a plan, made once: where each argument of a call comes from.

As in FastAPI: a name in the path is a path parameter, a scalar is a query parameter, anything else is the JSON body.
``Request`` and ``Invocation`` are given by type.
"""

import sys
import typing
from collections.abc import Callable, Collection
from typing import Any, Literal, NamedTuple, TypeAlias, cast, get_origin
from urllib.parse import parse_qsl

from lambdaframe.errors import ConfigurationError, HTTPException, RequestValidationError
from lambdaframe.http.body import Decode, decoder_for, is_json, replay
from lambdaframe.http.scalars import Convert, InvalidValueError, converter_for
from lambdaframe.invocation import Invocation, current_invocation
from lambdaframe.signature import EMPTY, Argument, Signature, bare, describe, members
from lambdaframe.types import Receive, Scope

Place: TypeAlias = Literal["path", "query", "body", "request", "invocation"]


class _Given(NamedTuple):
    """An argument that is converted from text."""

    name: str
    convert: Convert
    default: Any


class Plan:
    """How a request becomes a call. ``trivial`` plans take nothing."""

    __slots__ = ("_body", "_invocation", "_path", "_query", "_request", "takes_body", "trivial")

    def __init__(self, signature: Signature, path_names: Collection[str], function: Callable[..., Any]) -> None:
        """Raises ConfigurationError for a signature that no request can fill."""
        places = {argument.name: _place(argument, path_names) for argument in signature.arguments}

        def by_place(place: Place) -> list[Argument]:
            return [argument for argument in signature.arguments if places[argument.name] == place]

        unused = sorted(set(path_names) - set(places))
        if unused:
            raise ConfigurationError(f"{describe(function)} takes no argument for the path parameter {unused[0]!r}.")
        bodies = by_place("body")
        if len(bodies) > 1:
            names = ", ".join(argument.name for argument in bodies)
            raise ConfigurationError(f"{describe(function)} takes several bodies ({names}): put them into one model.")
        self._path = [_given(argument) for argument in by_place("path")]
        self._query = [_given(argument) for argument in by_place("query")]
        self._request = [argument.name for argument in by_place("request")]
        self._invocation = [argument.name for argument in by_place("invocation")]
        self._body: tuple[str, Decode, Any] | None = None
        if bodies:
            self._body = (bodies[0].name, decoder_for(bodies[0].annotation), bodies[0].default)
        self.trivial = not signature.arguments
        self.takes_body = bool(bodies)

    def bind(self, scope: Scope, receive: Receive, body: bytes | None) -> dict[str, Any]:
        """The call's keyword arguments. ``body``: the request's, or None when it has not been read.

        Raises RequestValidationError with every error of the request, HTTPException for a body that is no JSON.
        """
        arguments: dict[str, Any] = {}
        errors: list[dict[str, Any]] = []
        if self._path:
            _convert(self._path, scope["path_params"], "path", arguments, errors)
        if self._query:
            query = scope["query_string"]
            values = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True)) if query else {}
            _convert(self._query, values, "query", arguments, errors)
        if self._body is not None:
            self._decode(self._body, scope, body or b"", arguments, errors)
        if errors:
            raise RequestValidationError(errors)
        if self._request:
            request = _request(scope, receive if body is None else replay(body, receive))
            arguments.update(dict.fromkeys(self._request, request))
        if self._invocation:
            arguments.update(dict.fromkeys(self._invocation, current_invocation()))
        return arguments

    @staticmethod
    def _decode(
        taken: tuple[str, Decode, Any],
        scope: Scope,
        body: bytes,
        arguments: dict[str, Any],
        errors: list[dict[str, Any]],
    ) -> None:
        name, decode, default = taken
        if not body:
            if default is EMPTY:
                errors.append({"loc": ["body"], "msg": "Field required", "type": "missing"})
            else:
                arguments[name] = default
            return
        if not is_json(scope):
            raise HTTPException(415, "Send the body as JSON, with the header 'content-type: application/json'.")
        try:
            arguments[name] = decode(body)
        except InvalidValueError as exc:
            errors.extend({**error, "loc": ["body", *error["loc"]]} for error in exc.errors)


def _given(argument: Argument) -> _Given:
    return _Given(argument.name, converter_for(argument.annotation), argument.default)


def _convert(
    wanted: list[_Given], values: dict[str, Any], place: str, arguments: dict[str, Any], errors: list[dict[str, Any]]
) -> None:
    for name, convert, default in wanted:
        if name in values:
            try:
                arguments[name] = convert(values[name])
            except InvalidValueError as exc:
                errors.extend({**error, "loc": [place, name, *error["loc"]]} for error in exc.errors)
        elif default is EMPTY:
            errors.append({"loc": [place, name], "msg": "Field required", "type": "missing"})
        else:
            arguments[name] = default


def _request(scope: Scope, receive: Receive) -> Any:
    from starlette.requests import Request

    return Request(scope, receive)


def _place(argument: Argument, path_names: Collection[str]) -> Place:
    if argument.name in path_names:
        return "path"
    kind = bare(argument.annotation)
    if kind is Invocation:
        return "invocation"
    requests = sys.modules.get("starlette.requests")
    if requests is not None and isinstance(kind, type) and issubclass(kind, requests.HTTPConnection):
        return "request"
    return "body" if any(_is_structured(member) for member in members(argument.annotation)) else "query"


def _is_structured(kind: Any) -> bool:
    """Whether a value of this type has parts, and so comes as the body."""
    origin = get_origin(kind)
    if origin is not None:
        return origin is not Literal
    return isinstance(kind, type) and (
        hasattr(kind, "__pydantic_validator__")
        or hasattr(kind, "__dataclass_fields__")
        or typing.is_typeddict(cast("Any", kind))
        or issubclass(kind, dict | list | tuple | set | frozenset)
    )
