"""The ``Authorization`` header by HTTP's own schemes: Basic (RFC 7617), Bearer (RFC 6750), Digest (RFC 7616)."""

from base64 import b64decode
from dataclasses import dataclass, field

from starlette.requests import Request

from lambdaframe.errors import HTTPException
from lambdaframe.security.challenges import not_authenticated, quoted
from lambdaframe.security.scheme import authorization, scheme_of


@dataclass(frozen=True, slots=True)
class HTTPAuthorizationCredentials:
    """The header in two: ``Bearer abc`` has the scheme ``Bearer`` and the credentials ``abc``, which ``repr`` hides."""

    scheme: str
    credentials: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class HTTPBasicCredentials:
    """A user's name and password, which ``repr`` hides. Compare them with ``secrets.compare_digest``."""

    username: str
    password: str = field(repr=False)


class HTTPBearer:
    """``Authorization: Bearer <token>``. Gives an HTTPAuthorizationCredentials.

    Without a token it answers 401, or with ``auto_error=False`` gives None. ``bearerFormat`` is for the reader of the
    OpenAPI document.
    """

    def __init__(
        self,
        *,
        bearerFormat: str | None = None,  # noqa: N803  OpenAPI's word, as in FastAPI
        scheme_name: str | None = None,
        description: str | None = None,
        auto_error: bool = True,
    ) -> None:
        self.openapi_scheme = scheme_of(
            self, scheme_name, description, type="http", scheme="bearer", bearerFormat=bearerFormat
        )
        self.auto_error = auto_error

    async def __call__(self, request: Request) -> HTTPAuthorizationCredentials | None:
        return _credentials(request, "Bearer", auto_error=self.auto_error)


class HTTPDigest:
    """``Authorization: Digest <parameters>``. Gives an HTTPAuthorizationCredentials.

    It reads the header and names the scheme in the OpenAPI document. The challenge's nonce and the check of the answer
    are left to the application, as they are in FastAPI.
    """

    def __init__(
        self, *, scheme_name: str | None = None, description: str | None = None, auto_error: bool = True
    ) -> None:
        self.openapi_scheme = scheme_of(self, scheme_name, description, type="http", scheme="digest")
        self.auto_error = auto_error

    async def __call__(self, request: Request) -> HTTPAuthorizationCredentials | None:
        return _credentials(request, "Digest", auto_error=self.auto_error)


class HTTPBasic:
    """``Authorization: Basic <name and password in base64>``. Gives an HTTPBasicCredentials.

    Without them it answers 401, or with ``auto_error=False`` gives None; a header that can't be read is a 401 always.
    ``realm``: what the password is for, as browsers show it.
    """

    def __init__(
        self,
        *,
        scheme_name: str | None = None,
        realm: str | None = None,
        description: str | None = None,
        auto_error: bool = True,
    ) -> None:
        self.openapi_scheme = scheme_of(self, scheme_name, description, type="http", scheme="basic")
        self.realm = realm
        self.auto_error = auto_error

    async def __call__(self, request: Request) -> HTTPBasicCredentials | None:
        scheme, encoded = authorization(request)
        if scheme.lower() != "basic":
            if self.auto_error:
                raise self._refusal()
            return None
        try:
            name, colon, password = b64decode(encoded).decode("ascii").partition(":")
        except ValueError:  # bad base64 and bad ASCII are of this kind
            raise self._refusal() from None
        if not colon:
            raise self._refusal()
        return HTTPBasicCredentials(name, password)

    def _refusal(self) -> HTTPException:
        return not_authenticated(f"Basic realm={quoted(self.realm)}" if self.realm else "Basic")


def _credentials(request: Request, expected: str, *, auto_error: bool) -> HTTPAuthorizationCredentials | None:
    scheme, credentials = authorization(request)
    if scheme.lower() == expected.lower() and credentials:
        return HTTPAuthorizationCredentials(scheme, credentials)
    if auto_error:
        raise not_authenticated(expected)
    return None
