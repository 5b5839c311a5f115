"""How a handler's result becomes an answer: made to fit its type, then encoded or given to a response class."""

import sys
from collections.abc import Callable, Mapping
from types import NoneType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, cast

from lambdaframe.errors import ConfigurationError, ResponseValidationError
from lambdaframe.http.answers.declared import Declared, is_open
from lambdaframe.http.answers.responses import BODILESS, encode_json, to_jsonable
from lambdaframe.signature import EMPTY, members

if TYPE_CHECKING:
    from starlette.responses import Response

    from lambdaframe.http.routing.routes import RouteOptions

Encoder: TypeAlias = Callable[[Any], bytes]
"""A result → the JSON bytes of the body."""

Serializer: TypeAlias = Callable[[Any], bytes]
"""An application's own JSON: a Python value → its JSON bytes.

Where a type is declared the value fits it, and models are dicts; what it makes of a datetime or a Decimal is up to it.
Problems are not its business: they are written by the framework.
"""

Respond: TypeAlias = "Callable[[Any, int | None], Response]"
"""(result, status) → a response. Without a status it has that of its class."""


def _nothing() -> None:
    pass


class Rendering(NamedTuple):
    """How the results of one route are sent: by ``encode`` or by ``respond``; the other one is None."""

    status: int | None
    """None where the route does not say."""
    encode: Encoder | None
    respond: "Respond | None"
    warm: Callable[[], None] = _nothing
    """Builds what is built at first use. Raises ConfigurationError for a declared type that is none for pydantic."""


def rendering_for(options: "RouteOptions", returns: Any, serializer: Serializer | None) -> Rendering:
    """How a route with these options answers. ``returns``: the handler's return annotation, ``EMPTY`` for none.

    ``response_model`` is the declared type, else the annotation; ``response_model=None``, and an annotation that
    names a Response, declare none. Raises ConfigurationError for a status, a response class or a type that is none, and
    for content that is declared with a status that has none.
    """
    given = cast("Mapping[str, Any]", options)
    status = _status(given.get("status_code"))
    kind: Any = given.get("response_class")
    encoded = kind is None or _is_json_response(kind)
    if not encoded:
        _check_response_class(kind, given, status)
    annotation = None if not encoded and _takes_results_as_they_are(kind) else _declared(given, returns)
    if status in BODILESS and not any(annotation is empty for empty in (None, NoneType, Any)):
        raise ConfigurationError(f"An answer with the status {status} has no content: declare '-> None'.")
    dump = _dump_options(given)
    declared: Declared | None = None
    if not is_open(annotation) or dump != _PLAIN_DUMP:
        declared = Declared(Any if annotation is None else annotation, dump)
    warm = _nothing if declared is None else declared.build
    if encoded:
        return Rendering(status, _encoder(declared, serializer), None, warm)
    return Rendering(status, None, _responder(kind, declared), warm)


# What the options say

_PLAIN_DUMP = {"by_alias": True}
"""FastAPI's default; pydantic's is False."""


def _status(given: Any) -> int | None:
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, int) or not 200 <= given <= 599:
        raise ConfigurationError(f"status_code is the status of an answer, 200 to 599, not {given!r}.")
    return int(given)


def _declared(options: Mapping[str, Any], returns: Any) -> Any:
    """The declared type; None where there is none."""
    if "response_model" in options:
        return options["response_model"]
    if returns is EMPTY:
        return None
    module = sys.modules.get("starlette.responses")
    kinds = [kind for kind in members(returns) if isinstance(kind, type)]
    return None if module is not None and any(issubclass(kind, module.Response) for kind in kinds) else returns


def _dump_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """By the names that pydantic's serializers have for them."""
    dump: dict[str, Any] = {"by_alias": options.get("response_model_by_alias", True)}
    for name in ("include", "exclude"):
        chosen: Any = options.get(f"response_model_{name}")
        if chosen is not None:
            dump[name] = chosen if isinstance(chosen, dict) else set(chosen)
    for name in ("exclude_unset", "exclude_defaults", "exclude_none"):
        if options.get(f"response_model_{name}"):
            dump[name] = True
    return dump


# JSON


def _is_json_response(kind: Any) -> bool:
    """Whether it is JSONResponse itself, ours or Starlette's. A subclass has its reasons, and is asked."""
    ours = sys.modules.get("lambdaframe.http.answers.json_response")
    theirs = sys.modules.get("starlette.responses")
    return any(module is not None and kind is module.JSONResponse for module in (ours, theirs))


def _encoder(declared: Declared | None, serializer: Serializer | None) -> Encoder:
    plain = encode_json if serializer is None else _checked(serializer)
    if declared is None:
        return plain
    encode = declared.encoder() if serializer is None else _serializing(declared, plain)
    return _at_a_glance(declared.plain, plain, encode) if declared.plain else encode


def _checked(serializer: Serializer) -> Encoder:
    def encode(value: Any) -> bytes:
        made: Any = serializer(value)
        if not isinstance(made, bytes):
            raise ResponseValidationError(f"The application's serializer returned {type(made).__name__}, not bytes.")
        return made

    return encode


def _serializing(declared: Declared, serializer: Encoder) -> Encoder:
    def encode(value: Any) -> bytes:
        return serializer(declared.dumped(value, "python"))

    return encode


def _at_a_glance(kinds: frozenset[Any], plain: Encoder, encode: Encoder) -> Encoder:
    """Values of these very classes are JSON and fit: pydantic is loaded for the others."""

    def encode_or(value: Any) -> bytes:
        return plain(value) if value.__class__ in kinds else encode(value)

    return encode_or


# Response classes


def _check_response_class(kind: Any, options: Mapping[str, Any], status: int | None) -> None:
    from starlette.responses import Response

    if not (isinstance(kind, type) and issubclass(kind, Response)):
        raise ConfigurationError(f"response_class is a class of responses, such as HTMLResponse, not {kind!r}.")
    if not _takes_results_as_they_are(kind):
        return
    if options.get("response_model") is not None:
        raise ConfigurationError(f"response_model declares content that {kind.__name__} does not send: leave it out.")
    if status in BODILESS:
        raise ConfigurationError(f"An answer with the status {status} has no content: {kind.__name__} can't send it.")


def _takes_results_as_they_are(kind: Any) -> bool:
    """Whether the result is where the content is (a URL, a path, an iterator) rather than the content."""
    from starlette.responses import FileResponse, RedirectResponse, StreamingResponse

    return issubclass(kind, FileResponse | RedirectResponse | StreamingResponse)


def _responder(kind: Any, declared: Declared | None) -> Respond:
    content = _as_it_is if _takes_results_as_they_are(kind) else _content(kind, declared)

    def respond(result: Any, status: int | None) -> "Response":
        made = content(result)
        response: Response = kind(made) if status is None else kind(made, status_code=status)
        if response.status_code in BODILESS:
            _empty(response)
        return response

    return respond


def _as_it_is(result: Any) -> Any:
    return result


def _content(kind: Any, declared: Declared | None) -> Callable[[Any], Any]:
    """Text and bytes as they are, for a class that takes them; of anything else, JSON as Python has it."""
    from starlette.responses import JSONResponse

    as_is = () if issubclass(kind, JSONResponse) else (str, bytes, memoryview, type(None))

    def content(result: Any) -> Any:
        if declared is not None:
            return result if result.__class__ in declared.plain else declared.dumped(result, "json")
        ready: Any = result
        return ready if isinstance(result, as_is) else to_jsonable(result)

    return content


def _empty(response: "Response") -> None:
    """Take away content that the status does not have."""
    response.body = b""
    for name in ("content-length", "content-type"):
        del response.headers[name]
