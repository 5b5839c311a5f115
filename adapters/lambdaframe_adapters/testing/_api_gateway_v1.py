"""REST APIs and HTTP APIs in payload format 1.0.

A REST API leaves the path encoded and decodes query parameters; the body is base64 where a binary media type matches.
An HTTP API decodes the path, too, and what follows a decoded question mark is gone.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-payload-encodings.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

import base64
from fnmatch import fnmatchcase
from typing import Any, Final
from urllib.parse import parse_qsl

from lambdaframe_adapters.testing import _authorizers, _gateway
from lambdaframe_adapters.testing._api_gateway_v2 import decoded_path, domain_of, refuse_outside
from lambdaframe_adapters.testing.messages import Request, Response, Setup

_REMAPPED: Final = frozenset(
    {"authorization", "connection", "content-md5", "date", "max-forwards", "server", "user-agent", "www-authenticate"}
)
"""Response headers of a function that a REST API renames to ``x-amzn-Remapped-...``.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
"""

_DROPPED: Final = frozenset({"host", "proxy-authenticate"})


def rest_event(request: Request, setup: Setup) -> dict[str, Any]:
    """The event of a REST API. Without a stage in the URL it is behind a domain of one's own."""
    refuse_outside(request.path, setup)
    path = request.path
    if setup.stage:
        path = path.removeprefix(f"/{setup.stage}") or "/"
    event = _event(request, setup, path, request.path, setup.stage or "prod")
    event["body"], event["isBase64Encoded"] = _rest_body(request, setup)
    if setup.authorizer is not None:
        _authorizers.refuse_others("rest_api", setup.authorizer, "cognito", "lambda", "iam")
        found = _authorizers.rest_authorizer(setup.authorizer)
        event["requestContext"] |= {} if found is None else {"authorizer": found}
    return event


def http_api_event(request: Request, setup: Setup) -> dict[str, Any]:
    """The event of an HTTP API that is told to use format 1.0. Its path keeps the stage."""
    refuse_outside(request.path, setup)
    path = decoded_path(request.path)
    event: dict[str, Any] = {"version": "1.0"} | _event(request, setup, path, path, setup.stage or "$default")
    event["body"], event["isBase64Encoded"] = _gateway.request_body(request)
    if setup.authorizer is not None:
        _authorizers.refuse_others("http_api_v1", setup.authorizer, "jwt", "lambda", "iam")
    event["requestContext"]["authorizer"] = _authorizers.http_api_v1_authorizer(setup.authorizer)
    return event


def _event(request: Request, setup: Setup, path: str, whole: str, stage: str) -> dict[str, Any]:
    domain = domain_of(request, setup)
    forwarded = [*_gateway.forwarded(request, spelled=str), ("X-Amzn-Trace-Id", _gateway.TRACE)]
    headers = _gateway.replaced(_gateway.end_to_end(request), forwarded)
    pairs = parse_qsl(request.query, keep_blank_values=True, errors="replace")
    rest = _below(path, setup).removeprefix("/")
    resource = "/{proxy+}" if rest else "/"
    return {
        "resource": resource,
        "path": path,
        "httpMethod": request.method,
        "headers": dict(headers) or None,
        "multiValueHeaders": _gateway.lists(headers) or None,
        "queryStringParameters": dict(pairs) or None,
        "multiValueQueryStringParameters": _gateway.lists(pairs) or None,
        "pathParameters": {"proxy": rest} if rest else None,
        "stageVariables": None,
        "requestContext": {
            "accountId": _gateway.ACCOUNT,
            "apiId": _gateway.API_ID,
            "domainName": domain,
            "domainPrefix": domain.partition(".")[0],
            "extendedRequestId": "JKJaXmPLvHcESHA=",
            "httpMethod": request.method,
            "identity": {
                **_authorizers.identity_in_format_1(setup.authorizer),
                "sourceIp": request.client,
                "userAgent": request.value("user-agent"),
            },
            "path": whole,
            "protocol": "HTTP/1.1",
            "requestId": "JKJaXmPLvHcESHA=",
            "requestTime": _gateway.TIME,
            "requestTimeEpoch": _gateway.EPOCH,
            "resourceId": "123456",
            "resourcePath": resource,
            "stage": stage,
        },
    }


def _below(path: str, setup: Setup) -> str:
    """The path below what the API is mapped to, and below the stage."""
    prefix = setup.base_path or (f"/{setup.stage}" if setup.stage else "")
    return path.removeprefix(prefix)


def _rest_body(request: Request, setup: Setup) -> tuple[str | None, bool]:
    if not request.body:
        return None, False
    if _is_binary(request.value("content-type"), setup):
        return base64.b64encode(request.body).decode(), True
    return request.body.decode("utf-8", "replace"), False


def _is_binary(media_type: str | None, setup: Setup) -> bool:
    kind = (media_type or "").partition(";")[0].strip().lower()
    return any(pattern == "*/*" or fnmatchcase(kind, pattern.lower()) for pattern in setup.binary_media_types)


def rest_response(request: Request, answer: Any, setup: Setup) -> Response:
    """The response of a REST API. It decodes base64 only where a binary media type matches the first in Accept."""
    parts = _gateway.checked(answer)
    accept = (request.value("accept") or "").partition(",")[0]
    if parts.get("isBase64Encoded") and not _is_binary(accept, setup):
        parts = {**parts, "isBase64Encoded": False}
    body = _gateway.answer_body(parts)
    headers = [
        (f"x-amzn-Remapped-{name}" if name.lower() in _REMAPPED else name, value)
        for name, value in _headers(parts)
        if name.lower() not in _DROPPED
    ]
    if body and all(name.lower() != "content-type" for name, _ in headers):
        headers.append(("content-type", "application/json"))
    return _gateway.framed(request, parts["statusCode"], headers, body)


def http_api_response(request: Request, answer: Any, setup: Setup) -> Response:
    """The response of an HTTP API in format 1.0."""
    parts = _gateway.checked(answer)
    return _gateway.framed(request, parts["statusCode"], _headers(parts), _gateway.answer_body(parts))


def _headers(parts: dict[str, Any]) -> _gateway.Pairs:
    """Both kinds together; a pair that is in both goes out once."""
    multi = _gateway.multi_headers(parts)
    return [*(pair for pair in _gateway.single_headers(parts) if pair not in multi), *multi]


def rest_failure() -> Response:
    """What the client gets for a malformed answer or a failed invocation."""
    return _gateway.json_failure(502, "Internal server error")
