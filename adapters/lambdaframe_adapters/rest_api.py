"""API Gateway REST APIs: payload format 1.0 without a ``version``. The path is encoded and is decoded here, once.

A body that is not text is answered as base64; REST APIs decode it only where the API's binary media types match the
request's Accept header.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
"""

from typing import Any, Final

from lambdaframe.types import Event, LambdaContext, Scope
from lambdaframe_adapters import _answer, _http, _path, _payload_v1
from lambdaframe_adapters._options import DEFAULTS, Options

name: Final = "rest_api"
kind: Final = "http"


def matches(event: Any) -> bool:
    """Format 1.0 that does not say so."""
    return _payload_v1.is_request(event, None)


def scope(event: Event, context: LambdaContext | None, options: Options = DEFAULTS) -> Scope:
    """The ASGI scope; see ``sources.HTTPSource``."""
    return _payload_v1.scope(event, context, options, _path.encoded_path, "cognito")


body = _http.body
response = _payload_v1.response
answer_limit = _answer.lambda_limit
identities = _payload_v1.identities
