"""What the simulated gateways share: what a proxy adds and takes away, bodies, and the frame of an answer."""

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeAlias

from lambdaframe_adapters._json import ARRAY, OBJECT
from lambdaframe_adapters.testing.messages import Request, Response

Pairs: TypeAlias = list[tuple[str, str]]

ACCOUNT: Final = "123456789012"
REGION: Final = "us-east-1"
API_ID: Final = "abcdef1234"
TRACE: Final = "Root=1-5e6722a7-cc56ab000000000000000000"
EPOCH: Final = 1_583_348_638_390
"""When every request arrives: milliseconds since the epoch, so that events are the same in every run."""

TIME: Final = "04/Mar/2020:19:03:58 +0000"

_HOP_BY_HOP: Final = frozenset(
    {"connection", "expect", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
)
"""Headers of one connection, which an intermediary does not pass on: RFC 9110 section 7.6.1."""

_TEXT_TYPES: Final = frozenset({"application/json", "application/javascript", "application/xml"})


_PORT: Final = re.compile(r":([0-9]{1,5})$")


class MalformedAnswerError(Exception):
    """The function's answer is not in the gateway's format; the client gets the gateway's own error."""


# Requests


def end_to_end(request: Request, *, keep: frozenset[str] = frozenset()) -> Pairs:
    """The headers that go on to the function, in the client's spelling; ``keep`` names hop-by-hop ones that do, too."""
    return [(name, value) for name, value in request.headers if name.lower() in keep or name.lower() not in _HOP_BY_HOP]


def forwarded(request: Request, *, spelled: Callable[[str], str] = str.lower) -> Pairs:
    """What a gateway tells of the connection. X-Forwarded-For goes on from the client's own."""
    said = _PORT.search(request.value("host") or "")
    port = said[1] if said and int(said[1]) < 65536 else ""
    found = {
        "X-Forwarded-For": ", ".join([*request.values("x-forwarded-for"), request.client]),
        "X-Forwarded-Port": port or ("443" if request.scheme == "https" else "80"),
        "X-Forwarded-Proto": request.scheme,
    }
    return [(spelled(name), value) for name, value in found.items()]


def replaced(headers: Pairs, new: Pairs) -> Pairs:
    """``headers`` with ``new`` instead of any of the same names, whatever their case."""
    names = {name.lower() for name, _ in new}
    return [*(pair for pair in headers if pair[0].lower() not in names), *new]


def lists(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """A list of the values for each name."""
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """One string for each name, in lower case; repeated ones joined with commas."""
    return {name: ",".join(values) for name, values in lists((name.lower(), value) for name, value in pairs).items()}


def request_body(request: Request) -> tuple[str | None, bool]:
    """``body`` and ``isBase64Encoded`` by the request's content type, as load balancers, Lattice, HTTP APIs and
    Function URLs do it: these few types are text, everything else is base64, a form and a body without a type too.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
    """
    if not request.body:
        return None, False
    kind = (request.value("content-type") or "").partition(";")[0].strip().lower()
    if request.value("content-encoding") is None and (kind.startswith("text/") or kind in _TEXT_TYPES):
        return request.body.decode("utf-8", "replace"), False
    return base64.b64encode(request.body).decode(), True


# Answers


def checked(answer: Any) -> dict[str, Any]:
    """The answer, if it has a status and parts of the right types. Raises MalformedAnswerError."""
    if not isinstance(answer, OBJECT):
        raise MalformedAnswerError("The answer is no object.")
    parts: dict[str, Any] = answer
    status = parts.get("statusCode")
    if isinstance(status, bool) or not isinstance(status, int) or not 100 <= status <= 599:
        raise MalformedAnswerError(f"The statusCode is {status!r}.")
    for name, kind in (("headers", dict), ("multiValueHeaders", dict), ("cookies", list), ("body", str)):
        if not isinstance(parts.get(name), kind | None):
            raise MalformedAnswerError(f"{name!r} is no {kind.__name__}.")
    return parts


def single_headers(answer: dict[str, Any]) -> Pairs:
    """The pairs of ``headers``. Raises MalformedAnswerError for a value that is no scalar."""
    headers: Any = answer.get("headers") or {}
    return [(str(name), _scalar(value)) for name, value in headers.items()]


def multi_headers(answer: dict[str, Any]) -> Pairs:
    """The pairs of ``multiValueHeaders``. Raises MalformedAnswerError for values that are no lists of scalars."""
    found: Pairs = []
    headers: Any = answer.get("multiValueHeaders") or {}
    for name, values in headers.items():
        if not isinstance(values, ARRAY):
            raise MalformedAnswerError(f"The values of {name!r} are no list.")
        found.extend((str(name), _scalar(value)) for value in values)
    return found


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise MalformedAnswerError(f"A header's value is {value!r}.")


def answer_body(answer: dict[str, Any]) -> bytes:
    """The decoded body. Raises MalformedAnswerError for base64 that is none."""
    body = answer.get("body") or ""
    if not answer.get("isBase64Encoded"):
        return str(body).encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise MalformedAnswerError("The body is marked as base64 and is none.") from None


def framed(request: Request, status: int, headers: Pairs, body: bytes) -> Response:
    """The response, without hop-by-hop headers.

    How it is framed on the wire is the gateway's own affair: a Content-Length is corrected but none is added. It stays
    as the function has it where there is no content to measure (HEAD, 304).
    """
    kept = [(name, value) for name, value in headers if name.lower() not in _HOP_BY_HOP]
    if request.method == "HEAD" or status in (204, 304) or status < 200:
        return Response(status, tuple(kept), b"")
    length = str(len(body))
    return Response(status, tuple((name, length if name.lower() == "content-length" else v) for name, v in kept), body)


def failure(status: int, text: str, content_type: str) -> Response:
    """A gateway's own error."""
    body = text.encode()
    return Response(status, (("content-type", content_type), ("content-length", str(len(body)))), body)


def json_failure(status: int, message: str) -> Response:
    """API Gateway's own error."""
    return failure(status, json.dumps({"message": message}), "application/json")
