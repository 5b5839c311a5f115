"""Application Load Balancers: path and query string as the client sent them, header names in lower case.

With multi-value headers off the last value of a repeated header or parameter is all that the function sees.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
"""

from typing import Any, Final

from lambdaframe_adapters.testing import _authorizers, _gateway
from lambdaframe_adapters.testing.messages import Request, Response, Setup

_GROUP: Final = (
    f"arn:aws:elasticloadbalancing:{_gateway.REGION}:{_gateway.ACCOUNT}:targetgroup/function/49e9d65c45c6791a"
)

_KEPT: Final = frozenset({"connection"})
"""The one hop-by-hop header that functions behind a load balancer are seen to get."""

_BAD_GATEWAY: Final = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n"
    "<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n"
)


def event(request: Request, setup: Setup) -> dict[str, Any]:
    """The event of a load balancer."""
    if setup.authorizer is not None:
        _authorizers.refuse_others("alb", setup.authorizer)
    told = [*_gateway.forwarded(request), ("x-amzn-trace-id", _gateway.TRACE)]
    headers = _gateway.replaced(
        [(name.lower(), value) for name, value in _gateway.end_to_end(request, keep=_KEPT)], told
    )
    parts = [part.partition("=") for part in request.query.split("&") if part]
    query = [(name, value) for name, _, value in parts]
    body, encoded = _gateway.request_body(request)
    found: dict[str, Any] = {
        "requestContext": {"elb": {"targetGroupArn": _GROUP}},
        "httpMethod": request.method,
        "path": request.path,
        "body": body or "",
        "isBase64Encoded": encoded,
    }
    if setup.multi_value:
        found["multiValueHeaders"] = _gateway.lists(headers)
        found["multiValueQueryStringParameters"] = _gateway.lists(query)
    else:
        found["headers"] = dict(headers)
        found["queryStringParameters"] = dict(query)
    return found


def response(request: Request, answer: Any, setup: Setup) -> Response:
    """The response of a load balancer: it reads ``multiValueHeaders`` or ``headers``, by the setting, not both."""
    parts = _gateway.checked(answer)
    headers = _gateway.multi_headers(parts) if setup.multi_value else _gateway.single_headers(parts)
    return _gateway.framed(request, parts["statusCode"], headers, _gateway.answer_body(parts))


def failure() -> Response:
    """What the client gets for a malformed answer or a failed invocation."""
    return _gateway.failure(502, _BAD_GATEWAY, "text/html")
