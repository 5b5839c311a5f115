"""API keys in a header, the query string or a cookie.

HTTP knows no challenge for them and asks for one with every 401: it is ``APIKey``, as in FastAPI.
"""

from starlette.requests import Request

from lambdaframe.security.challenges import not_authenticated
from lambdaframe.security.scheme import scheme_of


class _APIKey:
    """The key, as text. Without one a 401, or with ``auto_error=False`` None."""

    place: str

    def __init__(
        self,
        *,
        name: str,
        scheme_name: str | None = None,
        description: str | None = None,
        auto_error: bool = True,
    ) -> None:
        definition = {"type": "apiKey", "in": self.place, "name": name}
        self.openapi_scheme = scheme_of(self, scheme_name, description, **definition)
        self.name = name
        self.auto_error = auto_error

    def _checked(self, key: str | None) -> str | None:
        if key:
            return key
        if self.auto_error:
            raise not_authenticated("APIKey")
        return None


class APIKeyHeader(_APIKey):
    """An API key in the header ``name``. Gives the key, a 401 without one, or with ``auto_error=False`` None."""

    place = "header"

    async def __call__(self, request: Request) -> str | None:
        return self._checked(request.headers.get(self.name))


class APIKeyQuery(_APIKey):
    """An API key in the query parameter ``name``. Gives the key, a 401 without one, or with ``auto_error=False`` None.

    Query strings stand in logs: prefer a header.
    """

    place = "query"

    async def __call__(self, request: Request) -> str | None:
        return self._checked(request.query_params.get(self.name))


class APIKeyCookie(_APIKey):
    """An API key in the cookie ``name``. Gives the key, a 401 without one, or with ``auto_error=False`` None."""

    place = "cookie"

    async def __call__(self, request: Request) -> str | None:
        return self._checked(request.cookies.get(self.name))
