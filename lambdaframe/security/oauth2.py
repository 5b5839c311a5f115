"""Bearer tokens by OAuth2's flows (RFC 6749) and OpenID Connect.

The flow is for the OpenAPI document's readers, and for the page that lets them log in; the header is read in the same
way whatever it is.
"""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from lambdaframe.security.challenges import not_authenticated
from lambdaframe.security.scheme import authorization, scheme_of


class OAuth2:
    """The whole Authorization header. ``flows``: OpenAPI's OAuth Flows Object.

    Without the header it answers 401, or with ``auto_error=False`` gives None.
    """

    def __init__(
        self,
        *,
        flows: Mapping[str, Mapping[str, Any]] | None = None,
        scheme_name: str | None = None,
        description: str | None = None,
        auto_error: bool = True,
    ) -> None:
        self.openapi_scheme = scheme_of(self, scheme_name, description, type="oauth2", flows=dict(flows or {}))
        self.auto_error = auto_error

    async def __call__(self, request: Request) -> str | None:
        return _whole(request, auto_error=self.auto_error)


class _Bearer(OAuth2):
    """The token alone."""

    async def __call__(self, request: Request) -> str | None:
        scheme, token = authorization(request)
        if scheme.lower() == "bearer":
            return token
        if self.auto_error:
            raise not_authenticated("Bearer")
        return None


class OAuth2PasswordBearer(_Bearer):
    """A bearer token that was got for a name and a password. Gives the token; see ``OAuth2`` for the rest.

    ``tokenUrl``: the path of the route that takes an OAuth2PasswordRequestForm, relative to the document's server.
    ``scopes``: what each scope means.
    """

    def __init__(
        self,
        tokenUrl: str,  # noqa: N803  OpenAPI's word, as in FastAPI
        scheme_name: str | None = None,
        scopes: Mapping[str, str] | None = None,
        description: str | None = None,
        auto_error: bool = True,
        refreshUrl: str | None = None,  # noqa: N803
    ) -> None:
        flow = _flow(scopes, tokenUrl=tokenUrl, refreshUrl=refreshUrl)
        super().__init__(
            flows={"password": flow}, scheme_name=scheme_name, description=description, auto_error=auto_error
        )


class OAuth2AuthorizationCodeBearer(_Bearer):
    """A bearer token that was got for an authorization code. Gives the token; see ``OAuth2`` for the rest."""

    def __init__(
        self,
        authorizationUrl: str,  # noqa: N803  OpenAPI's word, as in FastAPI
        tokenUrl: str,  # noqa: N803
        refreshUrl: str | None = None,  # noqa: N803
        scheme_name: str | None = None,
        scopes: Mapping[str, str] | None = None,
        description: str | None = None,
        auto_error: bool = True,
    ) -> None:
        flow = _flow(scopes, authorizationUrl=authorizationUrl, tokenUrl=tokenUrl, refreshUrl=refreshUrl)
        super().__init__(
            flows={"authorizationCode": flow}, scheme_name=scheme_name, description=description, auto_error=auto_error
        )


class OpenIdConnect:
    """The whole Authorization header, with a provider that the OpenAPI document names by its discovery URL.

    Without the header it answers 401, or with ``auto_error=False`` gives None. It does not read the URL: a token is for
    a dependency of yours to check, or for the gateway's JWT authorizer.
    """

    def __init__(
        self,
        *,
        openIdConnectUrl: str,  # noqa: N803  OpenAPI's word, as in FastAPI
        scheme_name: str | None = None,
        description: str | None = None,
        auto_error: bool = True,
    ) -> None:
        self.openapi_scheme = scheme_of(
            self, scheme_name, description, type="openIdConnect", openIdConnectUrl=openIdConnectUrl
        )
        self.auto_error = auto_error

    async def __call__(self, request: Request) -> str | None:
        return _whole(request, auto_error=self.auto_error)


def _flow(scopes: Mapping[str, str] | None, **urls: str | None) -> dict[str, Any]:
    return {**{name: url for name, url in urls.items() if url is not None}, "scopes": dict(scopes or {})}


def _whole(request: Request, *, auto_error: bool) -> str | None:
    header = request.headers.get("authorization")
    if header:
        return header
    if auto_error:
        raise not_authenticated("Bearer")
    return None
