"""Who the caller is by the word of API Gateway or a Function URL. A header never says it: clients write headers.

JWT and Lambda authorizers of HTTP APIs: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-access-control.html
Authorizers of REST APIs: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-control-access-to-api.html
"""

from typing import Any

from lambdaframe_adapters._json import OBJECT


def principal(authorizer: Any, identity: Any) -> str | None:
    """A JWT's or Cognito token's ``sub``, a Lambda authorizer's ``principalId``, or the IAM identity; None where there
    is none of them.

    ``authorizer``: ``requestContext.authorizer``. ``identity``: ``authorizer.iam`` in format 2.0,
    ``requestContext.identity`` in format 1.0. All callers of a Cognito identity pool share their role's ARN, so the
    identity's own id goes before it.
    """
    if isinstance(authorizer, OBJECT):
        token, answer = authorizer.get("jwt"), authorizer.get("lambda")
        claims = (token if isinstance(token, OBJECT) else authorizer).get("claims")
        found = _first(
            claims.get("sub") if isinstance(claims, OBJECT) else None,
            (answer if isinstance(answer, OBJECT) else authorizer).get("principalId"),
        )
        if found:
            return found
    if isinstance(identity, OBJECT):
        pool = identity.get("cognitoIdentity")
        return _first(
            pool.get("identityId") if isinstance(pool, OBJECT) else identity.get("cognitoIdentityId"),
            identity.get("userArn"),
            identity.get("callerId"),
            identity.get("caller"),
        )
    return None


def _first(*candidates: Any) -> str | None:
    return next((found for found in candidates if found and isinstance(found, str)), None)
