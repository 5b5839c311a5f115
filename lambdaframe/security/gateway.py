"""What a gateway's authorizers share: the caller is known by the word of the gateway, and by nothing else.

The gateway has checked the token or the signature before the function is invoked, and says so in the event; the
adapter has put its word into the scope. Here it is only asked for.
"""

import os
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any, Final, Generic, TypedDict, TypeVar

from starlette.requests import Request

from lambdaframe.errors import HTTPException
from lambdaframe.http.binding.dependant import SecurityScheme
from lambdaframe.http.binding.scopes import SecurityScopes
from lambdaframe.logging import get_logger
from lambdaframe.security.challenges import insufficient_scope, not_authenticated
from lambdaframe.security.claims import UnfitClaimsError, granted_scopes
from lambdaframe.types import Authorizer, AuthorizerKind, Scope

T = TypeVar("T")

_IN_PROCESS: Final = "testclient"
"""Where Starlette's TestClient says that it calls from."""

_log = get_logger("lambdaframe.security")


class SchemeOptions(TypedDict, total=False):
    """What every scheme takes."""

    scheme_name: str | None
    description: str | None
    auto_error: bool


class GatewayAuthorizer(Generic[T]):
    """The caller, by the word of an authorizer of this ``kind``.

    401 where there is no such word (with ``auto_error=False``: None). 403 where its scopes lack one that ``Security``
    asks for, and where its claims do not fit: the gateway has accepted them, and the same token would get the same
    answer again, so a 401 would only send the client round in circles.
    """

    def __init__(
        self,
        kind: AuthorizerKind,
        scheme: SecurityScheme,
        *,
        challenge: str,
        local: Mapping[str, Any] | None,
        auto_error: bool,
    ) -> None:
        self.openapi_scheme = scheme
        self.auto_error = auto_error
        self._kind: AuthorizerKind = kind
        self._challenge = challenge
        self._local: Authorizer | None = None if local is None else {"kind": kind, "claims": local, "scopes": None}

    async def __call__(self, request: Request, security_scopes: SecurityScopes) -> T | None:
        authorizer = self._find(request.scope)
        if isinstance(authorizer, HTTPException):
            if self.auto_error:
                raise authorizer
            return None
        if security_scopes.scopes and not granted_scopes(authorizer).issuperset(security_scopes.scopes):
            raise insufficient_scope(security_scopes.scope_str)
        try:
            return self.read(authorizer["claims"])
        except UnfitClaimsError as exc:
            _log.warning("The caller's claims do not fit", scheme=self.openapi_scheme.name, errors=exc.errors)
            raise HTTPException(403, "The caller's claims are not those that this operation takes.") from exc

    def read(self, claims: Mapping[str, Any]) -> T:
        """The claims as the dependency's value. Raises UnfitClaimsError."""
        raise NotImplementedError

    def _find(self, scope: Scope) -> Authorizer | HTTPException:
        extensions: Mapping[str, Any] = scope.get("extensions") or {}
        if "lambda" in extensions:
            found: Authorizer | None = extensions["lambda"].get("authorizer")
            if found is not None and found["kind"] == self._kind:
                return found
            if found is not None:
                _log.warning("Another authorizer has let the caller in", expected=self._kind, found=found["kind"])
            return not_authenticated(self._challenge)
        if "AWS_LAMBDA_RUNTIME_API" in os.environ:
            return not_authenticated(self._challenge)
        name = type(self).__name__
        if self._local is None:
            detail = f"No gateway has authenticated this request. For local runs write {name}(..., local=...)."
        elif not _is_this_machine(scope.get("client")):
            detail = f"No gateway has authenticated this request, and {name}'s local= is for this machine's clients."
        else:
            return self._local
        return not_authenticated(self._challenge, detail)


def _is_this_machine(client: Any) -> bool:
    """Whether ASGI's ``client`` is a loopback address."""
    host = client[0] if client else None
    if host == _IN_PROCESS:
        return True
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return False
