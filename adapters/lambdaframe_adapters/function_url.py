"""Lambda Function URLs: payload format 2.0 with a path that is still encoded, and decoded here, once.

https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
"""

from typing import Any, Final

from lambdaframe.types import Event, LambdaContext, Scope
from lambdaframe_adapters import _http, _path, _payload_v2

name: Final = "function_url"
kind: Final = "http"


def matches(event: Any) -> bool:
    """Format 2.0, sent to a domain of Function URLs."""
    domain = _payload_v2.domain(event)
    return domain is not None and ".lambda-url." in domain


def scope(event: Event, context: LambdaContext | None, *, base_path: str = "") -> Scope:
    """The ASGI scope; see ``sources.HTTPSource``."""
    path, raw_path = _path.encoded_path(event.get("rawPath"))
    return _payload_v2.scope(event, context, path, raw_path, _path.based(path, "", base_path))


body = _http.body
response = _payload_v2.response
