"""What each gateway loses by nature: differences between requests, or answers, that the other side cannot see.

An application behind a gateway cannot be told from one behind a plain server by anything that is not in this table.
Where two requests make the same event the table holds such a pair, so that a test can prove each line.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from lambdaframe_adapters.testing.gateways import GATEWAYS
from lambdaframe_adapters.testing.messages import Request


@dataclass(frozen=True)
class Loss:
    """One thing that is lost. ``part``: of what. ``gateways``: who loses it, by the names in ``GATEWAYS``.

    ``alike``: two requests (for ``part="response"``: two answers) that these gateways do not tell apart; None where a
    request can't even say it.
    """

    part: Literal["path", "query", "headers", "body", "connection", "response"]
    what: str
    gateways: frozenset[str]
    alike: tuple[Any, Any] | None = None


_ALL: Final = frozenset(GATEWAYS)
_HTTP_APIS: Final = frozenset({"http_api", "http_api_v1"})
_FORMAT_1: Final = frozenset({"rest_api", "http_api_v1"})
_ALB: Final = frozenset({"alb", "alb_single"})
_LATTICE: Final = frozenset({"lattice_v1", "lattice_v2"})
_ONE_STRING: Final = frozenset({"http_api", "function_url", "lattice_v1"})


def _paths(one: str, other: str) -> tuple[Request, Request]:
    return Request("GET", one), Request("GET", other)


def _queries(one: str, other: str) -> tuple[Request, Request]:
    return Request("GET", "/", one), Request("GET", "/", other)


def _headers(one: tuple[tuple[str, str], ...], other: tuple[tuple[str, str], ...]) -> tuple[Request, Request]:
    return Request("GET", "/", headers=one), Request("GET", "/", headers=other)


def _texts(one: bytes, other: bytes) -> tuple[Request, Request]:
    typed = (("content-type", "text/plain"),)
    return Request("POST", "/", headers=typed, body=one), Request("POST", "/", headers=typed, body=other)


def _answers(one: Mapping[str, list[str]], other: Mapping[str, list[str]]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Each in all formats at once."""
    first, second = (
        {
            "statusCode": 200,
            "headers": {name: ",".join(values) for name, values in each.items()},
            "multiValueHeaders": dict(each),
            "body": "text",
        }
        for each in (one, other)
    )
    return first, second


LOSSES: Final[Mapping[str, Loss]] = {
    "path_escapes": Loss(
        "path", "which characters of the path were escaped", _HTTP_APIS, _paths("/files/a%2Fb", "/files/a/b")
    ),
    "path_question_mark": Loss(
        "path", "what follows an escaped question mark", _HTTP_APIS, _paths("/what%3Fnow", "/what")
    ),
    "path_bytes": Loss("path", "bytes of the path that are no UTF-8", _HTTP_APIS, _paths("/%FF", "/%FE")),
    "query_escapes": Loss(
        "query",
        "which characters were escaped, and a plus from an escaped space",
        _FORMAT_1,
        _queries("q=%61+b", "q=a%20b"),
    ),
    "query_bytes": Loss("query", "bytes that are no UTF-8", _FORMAT_1, _queries("q=%FF", "q=%FE")),
    "query_order": Loss(
        "query", "the order of different parameters", _FORMAT_1 | _ALB, _queries("a=1&b=2&a=3", "a=1&a=3&b=2")
    ),
    "query_bare": Loss("query", "whether an empty value had an =", _FORMAT_1 | _ALB, _queries("flag", "flag=")),
    "query_empty_parts": Loss(
        "query", "ampersands without a parameter", _FORMAT_1 | _ALB, _queries("&a=1&&b=2&", "a=1&b=2")
    ),
    "query_repeated": Loss(
        "query",
        "all values of a repeated parameter but the last",
        frozenset({"alb_single"}),
        _queries("a=1&a=2", "a=2"),
    ),
    "headers_joined": Loss(
        "headers",
        "a repeated header from one with commas",
        _ONE_STRING,
        _headers((("x-tag", "a"), ("x-tag", "b")), (("x-tag", "a,b"),)),
    ),
    "headers_repeated": Loss(
        "headers",
        "all values of a repeated header but the last",
        frozenset({"alb_single"}),
        _headers((("x-tag", "a"), ("x-tag", "b")), (("x-tag", "b"),)),
    ),
    "headers_order": Loss(
        "headers",
        "the order of different headers",
        _ALL,
        _headers((("x-a", "1"), ("x-b", "2"), ("x-a", "3")), (("x-a", "1"), ("x-a", "3"), ("x-b", "2"))),
    ),
    "headers_of_the_connection": Loss(
        "headers",
        "hop-by-hop headers (a load balancer passes Connection on)",
        _ALL,
        _headers((("te", "trailers"), ("upgrade", "h2c")), ()),
    ),
    "headers_forwarded": Loss(
        "headers",
        "the client's own X-Forwarded-Proto, X-Forwarded-Port and X-Amzn-Trace-Id; X-Forwarded-For gets longer",
        _ALL - _LATTICE,
        _headers((("x-forwarded-proto", "ftp"),), ()),
    ),
    "cookie_headers": Loss(
        "headers",
        "several Cookie headers from one",
        frozenset({"http_api"}),
        _headers((("cookie", "a=1"), ("cookie", "b=2")), (("cookie", "a=1; b=2"),)),
    ),
    "body_bytes": Loss(
        "body",
        "bytes that are no UTF-8, in a body whose content type is one of text",
        _ALL - {"rest_api"},
        _texts(b"\xff", b"\xfe"),
    ),
    "client_port": Loss("connection", "the client's port (a load balancer can be told to add it)", _ALL),
    "http_version": Loss("connection", "the version of HTTP", _ALB | _LATTICE),
    "websockets": Loss("connection", "WebSockets, which make other events or none", _ALL),
    "response_pieces": Loss("response", "when each piece of a body was sent: it is answered as a whole", _ALL),
    "response_extensions": Loss("response", "trailers, early hints, server push, debug messages", _ALL),
    "response_length": Loss(
        "response",
        "a Content-Length that is not the real one",
        _ALL,
        _answers({"content-length": ["1"]}, {"content-length": ["4"]}),
    ),
    "response_of_the_connection": Loss(
        "response", "hop-by-hop headers", _ALL - {"function_url", "rest_api"}, _answers({"connection": ["close"]}, {})
    ),
    "response_headers_joined": Loss(
        "response",
        "a repeated header, but Set-Cookie, from one with commas",
        _ONE_STRING | {"alb_single", "lattice_v2"},
    ),
    "response_headers_remapped": Loss(
        "response",
        "names: Connection, Date, WWW-Authenticate, and behind a REST API Server and a few more, become "
        "x-amzn-Remapped-*",
        frozenset({"rest_api", "function_url"}),
        _answers({"www-authenticate": ["Basic"]}, {"x-amzn-Remapped-www-authenticate": ["Basic"]}),
    ),
    "response_without_type": Loss(
        "response",
        "that a body has no Content-Type: it becomes application/json",
        frozenset({"rest_api"}),
        _answers({"content-type": ["application/json"]}, {}),
    ),
}
"""Everything that is lost, by a name for it."""


def lost_by(gateway: str) -> frozenset[str]:
    """The names of what this gateway loses. Raises KeyError for a name that is not in ``GATEWAYS``."""
    known = GATEWAYS[gateway].name
    return frozenset(name for name, loss in LOSSES.items() if known in loss.gateways)
