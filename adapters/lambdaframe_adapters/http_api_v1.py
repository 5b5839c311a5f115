"""API Gateway HTTP APIs in payload format 1.0: as REST APIs, but the gateway has decoded the path.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from typing import Any, Final

from lambdaframe.types import Event, LambdaContext, Scope
from lambdaframe_adapters import _answer, _http, _path, _payload_v1
from lambdaframe_adapters._options import DEFAULTS, Options

name: Final = "http_api_v1"
kind: Final = "http"


def matches(event: Any) -> bool:
    """Format 1.0 that says so."""
    return _payload_v1.is_request(event, "1.0")


def scope(event: Event, context: LambdaContext | None, options: Options = DEFAULTS) -> Scope:
    """The ASGI scope; see ``sources.HTTPSource``."""
    return _payload_v1.scope(event, context, options, _path.decoded_path, "jwt")


body = _http.body
response = _payload_v1.response
answer_limit = _answer.lambda_limit
identities = _payload_v1.identities
