"""Who the caller is by the word of a gateway that has authenticated it. A header never says it: clients write headers.

Each kind of event has its own place and spelling for it; here they become one ``Authorizer``. What is of another shape
than the gateways write counts as no word at all.

HTTP APIs: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-access-control.html
REST APIs: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-control-access-to-api.html
Function URLs: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
VPC Lattice: https://docs.aws.amazon.com/vpc-lattice/latest/ug/auth-policies.html
"""

from typing import Any, Final, Literal

from lambdaframe.types import Authorizer
from lambdaframe_adapters._json import ARRAY, OBJECT

_OF_TOKENS: Final = frozenset({"claims", "scopes"})


def in_format_2(authorizer: Any) -> Authorizer | None:
    """From ``requestContext.authorizer`` in format 2.0, whose one member is called ``jwt``, ``lambda`` or ``iam``."""
    if not isinstance(authorizer, OBJECT):
        return None
    token = authorizer.get("jwt")
    if isinstance(token, OBJECT) and isinstance(token.get("claims"), OBJECT):
        return _token("jwt", token)
    answer = authorizer.get("lambda")
    if isinstance(answer, OBJECT):
        return {"kind": "lambda", "claims": answer, "scopes": None}
    if answer is None and authorizer.keys() == {"lambda"}:  # it has allowed the request without a context
        return {"kind": "lambda", "claims": {}, "scopes": None}
    found = authorizer.get("iam")
    if not isinstance(found, OBJECT):
        return None
    return _iam(
        arn=found.get("userArn"),
        account=found.get("accountId"),
        user_id=found.get("userId"),
        caller=found.get("callerId"),
        access_key=found.get("accessKey"),
        organization=found.get("principalOrgId"),
        cognito=_cognito(found.get("cognitoIdentity")),
    )


def in_format_1(authorizer: Any, identity: Any, tokens: Literal["jwt", "cognito"]) -> Authorizer | None:
    """From ``requestContext.authorizer`` and ``requestContext.identity`` in format 1.0. ``tokens``: by whom claims are.

    The context of a Lambda authorizer stands beside nothing that would tell it from claims. A REST API's holds scalars
    alone and a ``principalId`` always; an HTTP API's may hold anything, so there claims are claims only when they stand
    alone.
    """
    if isinstance(authorizer, OBJECT):
        members = {name: value for name, value in authorizer.items() if value is not None}
        if isinstance(members.get("claims"), OBJECT) and (tokens == "cognito" or members.keys() <= _OF_TOKENS):
            return _token(tokens, members)
        if isinstance(members.get("principalId"), str) or (tokens == "jwt" and not members.keys() <= _OF_TOKENS):
            wrapped: Any = members.get("lambda") if len(members) == 1 else None
            context: dict[str, Any] = wrapped if isinstance(wrapped, OBJECT) else members
            return {"kind": "lambda", "claims": context, "scopes": None}
    if not isinstance(identity, OBJECT) or not (
        identity.get("userArn") or identity.get("caller") or identity.get("cognitoIdentityId")
    ):
        return None
    return _iam(
        arn=identity.get("userArn"),
        account=identity.get("accountId"),
        user_id=identity.get("user"),
        caller=identity.get("caller"),
        access_key=identity.get("accessKey"),
        organization=identity.get("principalOrgId"),
        cognito=_cognito_in_format_1(identity),
    )


def in_lattice(identity: Any) -> Authorizer | None:
    """From ``requestContext.identity`` of a Lattice service whose auth type is AWS_IAM."""
    if not isinstance(identity, OBJECT) or identity.get("type") != "AWS_IAM":
        return None
    arn = _text(identity.get("principal")) or ""
    return _iam(
        arn=arn,
        account=arn.split(":", 5)[4] if arn.count(":") >= 5 else None,
        organization=identity.get("principalOrgID"),
        session=identity.get("sessionName"),
    )


def principal(authorizer: Authorizer) -> str | None:
    """The string that names the caller in every request: a token's ``sub``, a Lambda authorizer's ``principalId``, or
    the IAM identity. All callers of a Cognito identity pool share their role's ARN, so the identity's own id goes
    before it."""
    claims = authorizer["claims"]
    if authorizer["kind"] == "lambda":
        return _text(claims.get("principalId"))
    if authorizer["kind"] != "iam":
        return _text(claims.get("sub"))
    cognito = claims["cognito"]
    found: str | None = (cognito and cognito["identity_id"]) or claims["arn"] or claims["caller"]
    return found


def _token(kind: Literal["jwt", "cognito"], members: Any) -> Authorizer:
    scopes = members.get("scopes")
    named = [one for one in scopes if isinstance(one, str)] if isinstance(scopes, ARRAY) else None
    return {"kind": kind, "claims": members["claims"], "scopes": named}


def _iam(
    *,
    arn: Any,
    account: Any,
    user_id: Any = None,
    caller: Any = None,
    access_key: Any = None,
    organization: Any = None,
    session: Any = None,
    cognito: dict[str, Any] | None = None,
) -> Authorizer | None:
    """None where nothing names the caller."""
    claims: dict[str, Any] = {
        "arn": _text(arn),
        "account": _text(account),
        "user_id": _text(user_id),
        "caller": _text(caller),
        "access_key": _text(access_key),
        "organization": _text(organization),
        "session": _text(session),
        "cognito": cognito,
    }
    if claims["arn"] or claims["caller"] or cognito:
        return {"kind": "iam", "claims": claims, "scopes": None}
    return None


def _cognito(pool: Any) -> dict[str, Any] | None:
    """The identity of a Cognito identity pool in format 2.0."""
    if not isinstance(pool, OBJECT) or not _text(pool.get("identityId")):
        return None
    methods = pool.get("amr")
    amr = tuple(one for one in methods if isinstance(one, str)) if isinstance(methods, ARRAY) else ()
    return {"identity_id": pool["identityId"], "pool_id": _text(pool.get("identityPoolId")), "amr": amr}


def _cognito_in_format_1(identity: Any) -> dict[str, Any] | None:
    """The same in format 1.0, where the type and the providers are two texts."""
    identity_id = _text(identity.get("cognitoIdentityId"))
    if identity_id is None:
        return None
    parts = [_text(identity.get("cognitoAuthenticationType"))]
    parts += (_text(identity.get("cognitoAuthenticationProvider")) or "").split(",")
    amr = tuple(part for part in parts if part)
    return {"identity_id": identity_id, "pool_id": _text(identity.get("cognitoIdentityPoolId")), "amr": amr}


def _text(value: Any) -> str | None:
    return value if value and isinstance(value, str) else None
