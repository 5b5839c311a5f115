"""Callers that AWS knows: their requests are signed with Signature Version 4, and the gateway has checked that.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-access-control-iam.html
https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from lambdaframe.security.authorizers import AUTHTYPE
from lambdaframe.security.gateway import GatewayAuthorizer
from lambdaframe.security.scheme import scheme_of


@dataclass(frozen=True, slots=True)
class CognitoIdentity:
    """A user of a Cognito identity pool, whose role's credentials signed the request.

    ``amr``: how the user was authenticated: ``authenticated`` or ``unauthenticated``, then the providers.
    """

    identity_id: str
    pool_id: str | None = None
    amr: tuple[str, ...] = ()

    @property
    def authenticated(self) -> bool:
        """False for a guest."""
        return "authenticated" in self.amr


@dataclass(frozen=True, slots=True)
class IAMIdentity:
    """Who has signed the request. None stands for what the gateway does not tell.

    ``arn``: of the user or the assumed role. ``account``: the account's id. ``user_id``, ``caller``: AWS's unique ids
    (``AIDA...``, ``AROA...:session``). ``access_key``: its id, which ``repr`` hides. ``organization``: the id of the
    AWS organization. ``session``: the role session's name, by VPC Lattice. ``cognito``: the user of an identity pool.
    """

    arn: str | None = None
    account: str | None = None
    user_id: str | None = None
    caller: str | None = None
    access_key: str | None = field(default=None, repr=False)
    organization: str | None = None
    session: str | None = None
    cognito: CognitoIdentity | None = None


class IAMAuthorizer(GatewayAuthorizer[IAMIdentity]):
    """The IAM identity that signed the request: of REST and HTTP APIs, Function URLs and VPC Lattice services that ask
    for IAM authorization.

    ``caller: Annotated[IAMIdentity, Depends(IAMAuthorizer())]``. IAM has no OAuth2 scopes: where ``Security`` asks for
    some the answer is 403. ``local``: the identity of everybody who calls from the same machine outside Lambda.
    """

    def __init__(
        self,
        *,
        local: IAMIdentity | None = None,
        scheme_name: str | None = None,
        description: str | None = None,
        auto_error: bool = True,
    ) -> None:
        definition: dict[str, Any] = {"type": "apiKey", "name": "Authorization", "in": "header", AUTHTYPE: "awsSigv4"}
        super().__init__(
            "iam",
            scheme_of(self, scheme_name, description, **definition),
            challenge="AWS4-HMAC-SHA256",
            local=None if local is None else asdict(local),
            auto_error=auto_error,
        )

    def read(self, claims: Mapping[str, Any]) -> IAMIdentity:
        members = dict(claims)
        cognito: dict[str, Any] | None = members.pop("cognito", None)
        return IAMIdentity(**members, cognito=None if cognito is None else CognitoIdentity(**cognito))
