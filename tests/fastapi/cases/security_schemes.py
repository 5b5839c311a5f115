"""Security schemes besides OAuth2, and what they read."""

# mypy: disable-error-code="no-untyped-def"
# pyright: reportUnknownParameterType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# What a route declares to return changes what it answers: only some are to declare it.

import secrets
from base64 import b64encode
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Security
from fastapi.security import (
    APIKeyCookie,
    APIKeyHeader,
    APIKeyQuery,
    HTTPAuthorizationCredentials,
    HTTPBasic,
    HTTPBasicCredentials,
    HTTPBearer,
    OAuth2AuthorizationCodeBearer,
)

from tests.fastapi.checklist import case, different, document, get, same

WHO = ("www-authenticate",)


def _authorization(value: str) -> Any:
    return {"authorization": value}


def _basic(text: str) -> Any:
    return _authorization("Basic " + b64encode(text.encode()).decode())


def _scheme(doc: Any) -> Any:
    return [doc["components"]["securitySchemes"], doc["paths"]["/"]["get"]["security"]]


@case(
    "HTTP Basic Auth",
    same("HTTPBasic reads name and password.", get("/", send=_basic("u:p:q"))),
    same("Without them it is a 401 with the challenge.", get("/", 401, headers=WHO)),
    same(
        "What can't be decoded is a 401.",
        get("/", 401, send=_authorization("Basic !!"), headers=WHO),
        get("/", 401, send=_basic("nocolon"), headers=WHO),
    ),
    same("`realm` stands in the challenge.", get("/realm", 401, headers=WHO)),
    same("It is documented.", document(_scheme)),
)
def basic() -> FastAPI:
    app = FastAPI()

    @app.get("/")
    async def read(credentials: Annotated[HTTPBasicCredentials, Depends(HTTPBasic())]):
        return [credentials.username, secrets.compare_digest(credentials.password, "p:q")]

    @app.get("/realm")
    async def realm(credentials: Annotated[HTTPBasicCredentials, Depends(HTTPBasic(realm="r"))]):
        return credentials.username

    return app


@case(
    "Security - Other Schemes",
    same("HTTPBearer gives scheme and credentials.", get("/", send=_authorization("Bearer t"))),
    same("… or a 401.", get("/", 401, headers=WHO), get("/", 401, send=_authorization("Basic t"), headers=WHO)),
    same(
        "API keys come from a header, the query or a cookie.",
        get("/header", send={"x-key": "k"}),
        get("/query?key=k"),
        get("/cookie", send={"cookie": "key=k"}),
    ),
    same("A missing one is a 401.", get("/header", 401), get("/query", 401), get("/cookie", 401)),
    same("All of them are documented.", document(lambda doc: doc["components"]["securitySchemes"])),
    different(
        "Several on one route are documented as alternatives.",
        document(lambda doc: doc["paths"]["/several"]["get"]["security"]),
        fastapi=(200, [{"APIKeyHeader": []}, {"HTTPBearer": []}]),
        ours=(200, [{"APIKeyHeader": [], "HTTPBearer": []}]),
        because="The route needs both, and that is what the document says.",
    ),
    same(
        "OAuth2AuthorizationCodeBearer reads the bearer token.",
        get("/code", send=_authorization("Bearer t")),
        get("/code", 401, headers=WHO),
    ),
)
def others() -> FastAPI:
    app = FastAPI()
    bearer, header = HTTPBearer(bearerFormat="JWT", description="A token"), APIKeyHeader(name="x-key")
    query, cookie = APIKeyQuery(name="key"), APIKeyCookie(name="key", scheme_name="Cookie")
    code = OAuth2AuthorizationCodeBearer(authorizationUrl="https://a.example", tokenUrl="https://t.example")

    @app.get("/")
    async def read(token: Annotated[HTTPAuthorizationCredentials, Depends(bearer)]):
        return [token.scheme, token.credentials]

    @app.get("/header")
    async def of_header(key: Annotated[str, Depends(header)]):
        return key

    @app.get("/query")
    async def of_query(key: Annotated[str, Security(query)]):
        return key

    @app.get("/cookie")
    async def of_cookie(key: Annotated[str, Depends(cookie)]):
        return key

    @app.get("/several", dependencies=[Depends(header), Depends(bearer)])
    async def several(): ...

    @app.get("/code")
    async def of_code(token: Annotated[str, Depends(code)]):
        return token

    return app


@case(
    "Security - Other Schemes",
    same("OpenIdConnect gives the header as it is.", get("/", send=_authorization("Bearer t")), get("/", 401)),
)
def openid() -> FastAPI:
    from fastapi.security import OpenIdConnect

    app = FastAPI()

    @app.get("/")
    async def read(token: Annotated[str, Depends(OpenIdConnect(openIdConnectUrl="https://o.example"))]):
        return token

    return app


@case(
    "Security - Other Schemes",
    same(
        "HTTPDigest gives the credentials of a digest.",
        get("/", send=_authorization("Digest x")),
        get("/", 401, headers=WHO),
    ),
)
def digest() -> FastAPI:
    from fastapi.security import HTTPDigest

    app = FastAPI()

    @app.get("/")
    async def read(token: Annotated[HTTPAuthorizationCredentials, Depends(HTTPDigest())]):
        return token.credentials

    return app


@case(
    "Security - Other Schemes",
    different(
        "Of two different schemes with one name the last one is documented.",
        document(lambda doc: sorted(doc["components"]["securitySchemes"])),
        fastapi=(200, ["APIKeyHeader"]),
        ours=(200, ["APIKeyHeader", "APIKeyHeader_2"]),
        because="Both are, the second under another name.",
    ),
)
def same_name() -> FastAPI:
    app = FastAPI()

    @app.get("/", dependencies=[Depends(APIKeyHeader(name="a")), Depends(APIKeyHeader(name="b"))])
    async def read(): ...

    return app
