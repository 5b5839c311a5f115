"""Lambda Function URLs: payload format 2.0 with a path that is still encoded, and decoded here, once.

https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
"""

from typing import Any, Final

from lambdaframe.types import Event, LambdaContext, Scope
from lambdaframe_adapters import _answer, _http, _path, _payload_v2
from lambdaframe_adapters._identity import identities as identities_of
from lambdaframe_adapters._options import DEFAULTS, Options

name: Final = "function_url"
kind: Final = "http"


def matches(event: Any) -> bool:
    """Format 2.0, sent to a domain of Function URLs."""
    domain = _payload_v2.domain(event)
    return domain is not None and ".lambda-url." in domain


def identities(event: Event) -> tuple[str, ...]:
    """The id in the URL. The account id is no help: it is ``anonymous`` where IAM does not ask who calls."""
    return identities_of(event["requestContext"].get("apiId"))


def scope(event: Event, context: LambdaContext | None, options: Options = DEFAULTS) -> Scope:
    """The ASGI scope; see ``sources.HTTPSource``."""
    path, raw_path = _path.encoded_path(event.get("rawPath"))
    root_path = _path.based(path, "", options.base_path)
    return _payload_v2.scope(event, context, path, raw_path, root_path, options.trusted_hops)


body = _http.body
response = _payload_v2.response
answer_limit = _answer.lambda_limit
