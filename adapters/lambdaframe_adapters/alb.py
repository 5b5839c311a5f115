"""Application Load Balancers with a Lambda function as target.

Path and query string arrive as the client sent them. Whether the target group has multi-value headers on is seen from
the request, and the answer must be of the same kind. Without them several cookies can only be answered under names
that differ in case (``set-cookie``, ``Set-cookie``, ...), because names are the keys of one object.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
"""

from typing import Any, Final

from lambdaframe.types import Event, LambdaContext, Scope
from lambdaframe_adapters import _answer, _http, _path
from lambdaframe_adapters._identity import identities as identities_of
from lambdaframe_adapters._json import OBJECT
from lambdaframe_adapters._options import DEFAULTS, Options

name: Final = "alb"
kind: Final = "http"


def matches(event: Any) -> bool:
    """A request whose context has ``elb``."""
    if not isinstance(event, OBJECT) or "httpMethod" not in event or "version" in event:
        return False
    about = event.get("requestContext")
    return isinstance(about, OBJECT) and isinstance(about.get("elb"), OBJECT)


def identities(event: Event) -> tuple[str, ...]:
    """The target group's ARN and its account's id."""
    return identities_of(event["requestContext"]["elb"].get("targetGroupArn"))


def scope(event: Event, context: LambdaContext | None, options: Options = DEFAULTS) -> Scope:
    """The ASGI scope; see ``sources.HTTPSource``. The client is the last entry of X-Forwarded-For, which the load
    balancer itself has written, or one before it."""
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
        root_path=_path.based(path, "", options.base_path),
        query=_http.query_string(query, encoded=True),
        headers=pairs,
        client=_http.client(pairs, None, options.trusted_hops),
        server=server,
        authorizer=None,
    )


def _is_multi_value(event: Event) -> bool:
    return event.get("multiValueHeaders") is not None


body = _http.body


def response(
    event: Event, status: int, headers: _answer.Headers, body: bytes, options: Options = DEFAULTS
) -> dict[str, Any]:
    """The answer, with ``multiValueHeaders`` to a request that has them, else with ``headers``."""
    method = event["httpMethod"]
    if _is_multi_value(event):
        answer = _answer.multi_value(method, status, headers, body, options)
    else:
        fields, cookies = _answer.joined(headers)
        answer = _answer.single_value(method, status, fields, body, options)
        _answer.cookies_by_case(fields, cookies)
    answer["statusDescription"] = _description(status)
    return answer


def _description(status: int) -> str:
    from http import HTTPStatus

    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"{status} Unknown"


def answer_limit(event: Event) -> int:
    """1 MB, by the page above."""
    return 1_048_576
