"""HTTP APIs in payload format 2.0, and Function URLs, which share it.

An HTTP API decodes the path before the function sees it, and what follows a decoded question mark is gone; a Function
URL leaves it encoded. Header names are in lower case and repeated headers are joined with commas. An answer without a
``statusCode`` is the body itself.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
"""

import json
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

from lambdaframe_adapters._json import OBJECT
from lambdaframe_adapters.testing import _authorizers, _gateway
from lambdaframe_adapters.testing.messages import Request, Response, Setup

_URL_ID: Final = "abcdefghijklmnopqrstuvwxyz012345"

_REMAPPED_BY_URLS: Final = frozenset({"connection", "date", "www-authenticate"})
"""Response headers of a function that reach the client of a Function URL as ``x-amzn-Remapped-...`` only."""


def refuse_outside(path: str, setup: Setup) -> None:
    """Raises ValueError for a path that the API's domain does not route to it, which never makes an event."""
    prefix = f"/{setup.stage}" if setup.stage else setup.base_path
    if not path.startswith(prefix) or path[len(prefix) : len(prefix) + 1] not in ("", "/"):
        raise ValueError(f"The gateway serves {prefix!r}; a request for {path!r} does not reach the function.")


def domain_of(request: Request, setup: Setup) -> str:
    """The domain name as the gateway tells it: with a stage in the URL the API's own, else the request's host, if that
    can be a domain name."""
    own = f"{_gateway.API_ID}.execute-api.{_gateway.REGION}.amazonaws.com"
    return own if setup.stage or not request.host or request.host.startswith("[") else request.host


def decoded_path(path: str) -> str:
    """The path as an HTTP API tells it."""
    return unquote(path, errors="replace").partition("?")[0]


def http_api_event(request: Request, setup: Setup) -> dict[str, Any]:
    """The event of an HTTP API. The key of an API mapping at a domain of one's own is nowhere in it."""
    refuse_outside(request.path, setup)
    path = decoded_path(request.path[len(setup.base_path) :] or "/")
    domain = domain_of(request, setup)
    event = _event(request, path, path, domain, setup.stage or "$default")
    event["requestContext"] |= {"accountId": _gateway.ACCOUNT, "apiId": _gateway.API_ID}
    event["headers"].pop("cookie", None)
    if setup.authorizer is not None:
        _authorizers.refuse_others("http_api", setup.authorizer, "jwt", "lambda", "iam")
        event["requestContext"]["authorizer"] = _authorizers.in_format_2(setup.authorizer)
    return event


def function_url_event(request: Request, setup: Setup) -> dict[str, Any]:
    """The event of a Function URL. It has the cookies twice: in ``cookies`` and in the header."""
    domain = f"{_URL_ID}.lambda-url.{_gateway.REGION}.on.aws"
    event = _event(request, request.path, unquote(request.path, errors="replace"), domain, "$default")
    event["requestContext"] |= {"accountId": "anonymous", "apiId": _URL_ID}
    if setup.authorizer is not None:
        _authorizers.refuse_others("function_url", setup.authorizer, "iam")
        event["requestContext"] |= {
            "accountId": _gateway.ACCOUNT,
            "authorizer": _authorizers.in_format_2(setup.authorizer),
        }
    return event


def _event(request: Request, raw_path: str, path: str, domain: str, stage: str) -> dict[str, Any]:
    pairs = parse_qsl(request.query, keep_blank_values=True, errors="replace")
    told = [*_gateway.forwarded(request), ("x-amzn-trace-id", _gateway.TRACE)]
    cookies = [cookie for header in request.values("cookie") for cookie in header.split("; ") if cookie]
    body, encoded = _gateway.request_body(request)
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": raw_path,
        "rawQueryString": request.query,
        "headers": _gateway.joined(_gateway.replaced(_gateway.end_to_end(request), told)),
        "requestContext": {
            "domainName": domain,
            "domainPrefix": domain.partition(".")[0],
            "http": {
                "method": request.method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": request.client,
                "userAgent": request.value("user-agent") or "",
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": "$default",
            "stage": stage,
            "time": _gateway.TIME,
            "timeEpoch": _gateway.EPOCH,
        },
        "isBase64Encoded": encoded,
    }
    if cookies:
        event["cookies"] = cookies
    if pairs:
        event["queryStringParameters"] = {name: ",".join(each) for name, each in _gateway.lists(pairs).items()}
    if body is not None:
        event["body"] = body
    return event


def response(request: Request, answer: Any, setup: Setup) -> Response:
    """The response of an HTTP API."""
    if not isinstance(answer, OBJECT) or "statusCode" not in answer:
        body = answer if isinstance(answer, str) else json.dumps(answer, separators=(",", ":"), ensure_ascii=False)
        return _gateway.framed(request, 200, [("content-type", "application/json")], body.encode())
    parts = _gateway.checked(answer)
    cookies = [("set-cookie", str(cookie)) for cookie in parts.get("cookies") or ()]
    headers = _gateway.single_headers(parts) + cookies
    return _gateway.framed(request, parts["statusCode"], headers, _gateway.answer_body(parts))


def function_url_response(request: Request, answer: Any, setup: Setup) -> Response:
    """The response of a Function URL."""
    plain = response(request, answer, setup)
    headers = tuple(
        (f"x-amzn-Remapped-{name}" if name.lower() in _REMAPPED_BY_URLS else name, value)
        for name, value in plain.headers
    )
    return Response(plain.status, headers, plain.body)


def http_api_failure() -> Response:
    """What the client gets for a malformed answer or a failed invocation, in either format."""
    return _gateway.json_failure(500, "Internal Server Error")


def function_url_failure() -> Response:
    """What the client gets for a malformed answer or a failed invocation."""
    return _gateway.failure(502, "Internal Server Error", "text/plain")
