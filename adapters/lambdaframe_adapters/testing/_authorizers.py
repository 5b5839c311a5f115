"""A caller as each gateway tells of it in its events, with the losses that has.

Go's and Java's spellings of claims were seen in captured events; AWS documents neither.
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
"""

import json
import time
from collections.abc import Mapping
from typing import Any, Final

from lambdaframe.types import Authorizer, AuthorizerKind
from lambdaframe_adapters._json import ARRAY, OBJECT

_NO_IDENTITY: Final = (
    "accessKey accountId caller cognitoAuthenticationProvider cognitoAuthenticationType cognitoIdentityId "
    "cognitoIdentityPoolId principalOrgId user userArn"
).split()

_DAYS: Final = "Mon Tue Wed Thu Fri Sat Sun".split()
_MONTHS: Final = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def refuse_others(gateway: str, authorizer: Authorizer, *kinds: AuthorizerKind) -> None:
    """Raises ValueError for an authorizer that this gateway does not have."""
    if authorizer["kind"] not in kinds:
        there_are = f"it has {', '.join(kinds)}" if kinds else "it authenticates nobody in a way that functions see"
        raise ValueError(f"{gateway} has no authorizer of kind {authorizer['kind']!r}: {there_are}.")


def in_format_2(authorizer: Authorizer) -> dict[str, Any]:
    """``requestContext.authorizer``."""
    kind, claims = authorizer["kind"], authorizer["claims"]
    if kind == "jwt":
        spelled = {name: _by_go(value) for name, value in claims.items() if value is not None}
        return {"jwt": {"claims": spelled, "scopes": authorizer.get("scopes")}}
    if kind == "lambda":
        return {"lambda": dict(claims) or None}
    cognito = claims.get("cognito")
    return {
        "iam": {
            "accessKey": claims.get("access_key"),
            "accountId": claims.get("account"),
            "callerId": claims.get("caller"),
            "cognitoIdentity": cognito
            and {
                "amr": list(cognito.get("amr", ())),
                "identityId": cognito["identity_id"],
                "identityPoolId": cognito.get("pool_id"),
            },
            "principalOrgId": claims.get("organization"),
            "userArn": claims.get("arn"),
            "userId": claims.get("user_id"),
        }
    }


def rest_authorizer(authorizer: Authorizer) -> dict[str, Any] | None:
    """``requestContext.authorizer`` of a REST API. Raises ValueError for a context that API Gateway refuses."""
    if authorizer["kind"] == "iam":
        return None
    if authorizer["kind"] == "cognito":
        return {"claims": {name: _by_java(name, value) for name, value in authorizer["claims"].items()}}
    context = {"principalId": "user", **authorizer["claims"]}
    if any(isinstance(value, OBJECT | ARRAY) for value in context.values()):
        raise ValueError("A REST API refuses objects and lists in a Lambda authorizer's context: pass them as JSON.")
    return {**{name: _scalar(value) for name, value in context.items()}, "integrationLatency": 12}


def http_api_v1_authorizer(authorizer: Authorizer | None) -> dict[str, Any]:
    """``requestContext.authorizer`` of an HTTP API in format 1.0."""
    if authorizer is None or authorizer["kind"] == "iam":
        return {"claims": None, "scopes": None}
    found: dict[str, Any] = (
        in_format_2(authorizer)["jwt"] if authorizer["kind"] == "jwt" else dict(authorizer["claims"])
    )
    return found


def identity_in_format_1(authorizer: Authorizer | None) -> dict[str, Any]:
    """What ``requestContext.identity`` says of the caller."""
    found: dict[str, Any] = dict.fromkeys(_NO_IDENTITY)
    if authorizer is None or authorizer["kind"] != "iam":
        return found
    claims = authorizer["claims"]
    cognito: Mapping[str, Any] = claims.get("cognito") or {}
    kind, *providers = cognito.get("amr") or (None,)
    return found | {
        "accessKey": claims.get("access_key"),
        "accountId": claims.get("account"),
        "caller": claims.get("caller"),
        "cognitoAuthenticationProvider": ",".join(providers) or None,
        "cognitoAuthenticationType": kind,
        "cognitoIdentityId": cognito.get("identity_id"),
        "cognitoIdentityPoolId": cognito.get("pool_id"),
        "principalOrgId": claims.get("organization"),
        "user": claims.get("user_id"),
        "userArn": claims.get("arn"),
    }


def lattice_identity(authorizer: Authorizer) -> dict[str, Any]:
    """What ``requestContext.identity`` of a Lattice service says of the caller."""
    claims = authorizer["claims"]
    found = {
        "type": "AWS_IAM",
        "principal": claims.get("arn"),
        "principalOrgID": claims.get("organization"),
        "sessionName": claims.get("session"),
    }
    return {name: value for name, value in found.items() if value is not None}


def _by_go(value: Any) -> str:
    """As Go's ``fmt`` prints it: ``[a b]``, ``map[a:1]``."""
    if isinstance(value, ARRAY | tuple):
        return f"[{' '.join(map(_by_go, value))}]"
    if isinstance(value, OBJECT):
        return f"map[{' '.join(f'{name}:{_by_go(value[name])}' for name in sorted(value))}]"
    return _scalar(value)


def _by_java(name: str, value: Any) -> str:
    if name in ("exp", "iat") and isinstance(value, int):
        at = time.gmtime(value)
        when = f"{at.tm_mday:02} {at.tm_hour:02}:{at.tm_min:02}:{at.tm_sec:02} UTC {at.tm_year}"
        return f"{_DAYS[at.tm_wday]} {_MONTHS[at.tm_mon - 1]} {when}"
    if isinstance(value, ARRAY | tuple):
        return ",".join(map(_scalar, value))
    return json.dumps(value) if isinstance(value, OBJECT) else _scalar(value)


def _scalar(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return str(value)
