"""Application Load Balancers with a Lambda function as target.

Path and query string arrive as the client sent them. Whether the target group has multi-value headers on is seen from
the request, and the answer must be of the same kind. Without them several cookies can only be answered under names
that differ in case (``set-cookie``, ``Set-cookie``, ...), because names are the keys of one object.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
"""

from collections.abc import Iterator
from http import HTTPStatus
from itertools import product
from typing import Any, Final

from lambdaframe.types import Event, LambdaContext, Scope
from lambdaframe_adapters import _answer, _http, _path
from lambdaframe_adapters._json import OBJECT

name: Final = "alb"
kind: Final = "http"


def matches(event: Any) -> bool:
    """A request whose context has ``elb``."""
    if not isinstance(event, OBJECT) or "httpMethod" not in event or "version" in event:
        return False
    about = event.get("requestContext")
    return isinstance(about, OBJECT) and isinstance(about.get("elb"), OBJECT)


def scope(event: Event, context: LambdaContext | None, *, base_path: str = "") -> Scope:
    """The ASGI scope; see ``sources.HTTPSource``. The client is the last entry of X-Forwarded-For, which the load
    balancer itself has written."""
    path, raw_path = _path.encoded_path(event.get("path"))
    if _is_multi_value(event):
        pairs = _http.one_cookie_header(_http.multi_header_pairs(event["multiValueHeaders"]))
        query = event.get("multiValueQueryStringParameters")
    else:
        pairs = _http.header_pairs(event.get("headers"))
        query = event.get("queryStringParameters")
    scheme, server = _http.origin(pairs, None)
    return _http.http_scope(
        event,
        context,
        method=event["httpMethod"],
        protocol=None,
        scheme=scheme,
        path=path,
        raw_path=raw_path,
        root_path=_path.based(path, "", base_path),
        query=_http.query_string(query, encoded=True),
        headers=pairs,
        client=_client(pairs),
        server=server,
        principal=None,
    )


def _is_multi_value(event: Event) -> bool:
    return event.get("multiValueHeaders") is not None


def _client(pairs: _http.Pairs) -> _http.Address | None:
    """The peer's address, and its port where the load balancer is told to add it (``xff_client_port``)."""
    entries = [value for name, value in pairs if name == b"x-forwarded-for"]
    last = entries[-1].decode("latin-1").rpartition(",")[2].strip() if entries else ""
    if last.startswith("["):
        host, _, port = last[1:].partition("]")
    elif last.count(":") == 1:
        host, _, port = last.partition(":")
    else:
        host, port = last, ""
    port = port.removeprefix(":")
    return (host, int(port) if port.isascii() and port.isdecimal() and len(port) <= 5 else 0) if host else None


body = _http.body


def response(event: Event, status: int, headers: _answer.Headers, body: bytes) -> dict[str, Any]:
    """The answer, with ``multiValueHeaders`` to a request that has them, else with ``headers``."""
    method = event["httpMethod"]
    if _is_multi_value(event):
        answer = _answer.multi_value(method, status, headers, body)
    else:
        fields, cookies = _answer.joined(headers)
        answer = _answer.single_value(method, status, fields, body)
        fields.update(zip(_spellings("set-cookie"), cookies, strict=False))
    answer["statusDescription"] = _description(status)
    return answer


def _description(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"{status} Unknown"


def _spellings(name: str) -> Iterator[str]:
    """The same name in every mixture of cases, plain first: 512 of them for ``set-cookie``."""
    return map("".join, product(*((letter, letter.upper()) if letter.isalpha() else (letter,) for letter in name)))
