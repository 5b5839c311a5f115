"""Payload format 1.0, which REST APIs and HTTP APIs share. Only HTTP APIs say ``version``, and only they have decoded
the path.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

import re
from collections.abc import Callable
from typing import Any, Final, Literal
from urllib.parse import unquote

from lambdaframe.types import Event, LambdaContext, Scope
from lambdaframe_adapters import _answer, _http, _path
from lambdaframe_adapters._authorizer import in_format_1
from lambdaframe_adapters._identity import identities as identities_of
from lambdaframe_adapters._json import OBJECT
from lambdaframe_adapters._options import DEFAULTS, Options

_STAGE: Final = re.compile(r"[A-Za-z0-9_-]+")
_PARAMETER: Final = re.compile(r"\{([^{}+]+)\+?\}")


def is_request(event: Any, version: str | None) -> bool:
    """Whether the event is a request in this format. A request to a Lambda authorizer looks the same, but for its
    ``type``; one from a load balancer has ``elb``."""
    if not isinstance(event, OBJECT) or event.get("version") != version or "type" in event:
        return False
    about = event.get("requestContext")
    return isinstance(about, OBJECT) and "elb" not in about and "httpMethod" in event and "resource" in event


def scope(
    event: Event,
    context: LambdaContext | None,
    options: Options,
    read_path: Callable[[Any], tuple[str, bytes]],
    tokens: Literal["jwt", "cognito"],
) -> Scope:
    """The scope. ``read_path`` gives ``path`` and ``raw_path`` of the event's path. ``tokens``: which authorizer of
    tokens this kind of API has."""
    about = event["requestContext"]
    path, raw_path = read_path(event.get("path"))
    prefix, root_path = _prefix(event, about, path)
    path, raw_path = prefix + path, prefix.encode() + raw_path
    headers = event.get("multiValueHeaders")
    if headers is None:
        pairs = _http.header_pairs(event.get("headers"))
    else:
        pairs = _http.one_cookie_header(_http.multi_header_pairs(headers))
    query = event.get("multiValueQueryStringParameters")
    identity = about.get("identity")
    address: Any = identity.get("sourceIp") if isinstance(identity, OBJECT) else None
    scheme, server = _http.origin(pairs, about.get("domainName"))
    return _http.http_scope(
        event,
        context,
        method=event["httpMethod"],
        protocol=about.get("protocol"),
        scheme=scheme,
        path=path,
        raw_path=raw_path,
        root_path=_path.based(path, root_path, options.base_path),
        query=_http.query_string(event.get("queryStringParameters") if query is None else query, encoded=False),
        headers=pairs,
        client=_http.client(pairs, address, options.trusted_hops),
        server=server,
        authorizer=in_format_1(about.get("authorizer"), identity, tokens),
    )


def _prefix(event: Event, about: Any, path: str) -> tuple[str, str]:
    """What the client's URL has before the event's path, and the root path of the whole.

    ``requestContext.path`` is the client's. Where it has the stage and the event's path does not, the stage goes
    before it (a REST API's own domain). Else what the path has before the resource is the root path: a custom domain's
    base path, or the stage. An HTTP API's ``$default`` route tells no resource: then it is the stage, if it is there.
    """
    stage = about.get("stage")
    stage = f"/{stage}" if isinstance(stage, str) and _STAGE.fullmatch(stage) else ""
    whole = about.get("path")
    if stage and isinstance(whole, str) and whole != event["path"] and _path.under(whole, stage):
        return stage, stage
    resource = event["resource"]
    if not isinstance(resource, str) or not resource.startswith("/"):
        return "", stage if stage and _path.under(path, stage) else ""
    values: Any = event.get("pathParameters") or {}
    if not isinstance(values, OBJECT):
        return "", ""
    filled = _PARAMETER.sub(lambda found: str(values.get(found[1], found[0])), resource).rstrip("/")
    bare = path.rstrip("/")
    for tail in (filled, unquote(filled)):
        if bare.endswith(tail):
            return "", bare[: len(bare) - len(tail)]
    return "", ""


def identities(event: Event) -> tuple[str, ...]:
    """The API's id and its account's."""
    about = event["requestContext"]
    return identities_of(about.get("apiId"), about.get("accountId"))


def response(
    event: Event, status: int, headers: _answer.Headers, body: bytes, options: Options = DEFAULTS
) -> dict[str, Any]:
    """The answer in this format: a list of strings for each header."""
    return _answer.multi_value(event["httpMethod"], status, headers, body, options)
