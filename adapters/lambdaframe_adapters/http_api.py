"""API Gateway HTTP APIs in payload format 2.0.

The gateway decodes the path before Lambda sees it, so it is never decoded here; ``raw_path`` is escaped anew.
``rawPath`` starts with the stage unless that is ``$default``, even behind a custom domain, whose URLs have no stage;
the key of an API mapping is nowhere in the event. So behind a custom domain the stage is taken off, and ``base_path``
puts the mapping's key back.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from typing import Any, Final

from lambdaframe.types import Event, LambdaContext, Scope
from lambdaframe_adapters import _answer, _http, _path, _payload_v2
from lambdaframe_adapters._identity import identities as identities_of
from lambdaframe_adapters._options import DEFAULTS, Options

name: Final = "http_api"
kind: Final = "http"


def matches(event: Any) -> bool:
    """Format 2.0, and not from a Function URL."""
    domain = _payload_v2.domain(event)
    return domain is not None and ".lambda-url." not in domain


def identities(event: Event) -> tuple[str, ...]:
    """The API's id and its account's."""
    about = event["requestContext"]
    return identities_of(about.get("apiId"), about.get("accountId"))


def scope(event: Event, context: LambdaContext | None, options: Options = DEFAULTS) -> Scope:
    """The ASGI scope; see ``sources.HTTPSource``."""
    path = event.get("rawPath")
    root_path = ""
    about = event["requestContext"]
    stage = about.get("stage")
    if stage != "$default" or options.base_path:
        path, root_path = _prefixed(path, stage, about.get("domainName"), options.base_path)
    path, raw_path = _path.decoded_path(path)
    return _payload_v2.scope(event, context, path, raw_path, root_path, options.trusted_hops)


def _prefixed(path: Any, stage: Any, domain: Any, base_path: str) -> tuple[Any, str]:
    """The path as in the client's URL, and the part of it that is not the app's."""
    if not isinstance(path, str):
        return path, ""
    custom = isinstance(domain, str) and domain != "" and ".execute-api." not in domain
    prefix = f"/{stage}" if isinstance(stage, str) and stage != "$default" and _path.under(path, f"/{stage}") else ""
    if not custom:
        return path, _path.based(path, prefix, base_path)
    path = path[len(prefix) :] or "/"
    if base_path and not _path.under(path, base_path):
        path = base_path + path
    return path, base_path


body = _http.body
response = _payload_v2.response
answer_limit = _answer.lambda_limit
