"""A gateway's own id of a request."""

from typing import Any

from lambdaframe.types import Event


def gateway_id(event: Event) -> str | None:
    """``requestContext.requestId`` of API Gateway and Function URLs, the request's id of CloudFront; None elsewhere.

    It is what API Gateway's access logs and the header ``x-amzn-requestid`` say.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
    """
    try:
        found: Any = event["requestContext"]["requestId"]
    except (LookupError, TypeError):
        try:
            found = event["Records"][0]["cf"]["config"]["requestId"]
        except (LookupError, TypeError):
            return None
    return found if isinstance(found, str) and found else None
