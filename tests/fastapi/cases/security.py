"""OAuth2: tokens, logins, scopes."""

# mypy: disable-error-code="no-untyped-def"
# pyright: reportUnknownParameterType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# What a route declares to return changes what it answers: only some are to declare it.

from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Security
from fastapi.security import (
    OAuth2PasswordBearer,
    SecurityScopes,
)

from tests.fastapi.checklist import case, document, get, post, same

WHO = ("www-authenticate",)


def _authorization(value: str) -> Any:
    return {"authorization": value}


def _scheme(doc: Any) -> Any:
    return [doc["components"]["securitySchemes"], doc["paths"]["/"]["get"]["security"]]


@case(
    "Security - First Steps",
    same(
        "OAuth2PasswordBearer reads the bearer token.",
        get("/", send=_authorization("Bearer t")),
        get("/", send=_authorization("bearer t")),
    ),
    same(
        "Without one it is a 401 that says Bearer.",
        get("/", 401, headers=WHO),
        get("/", 401, send=_authorization("Basic x"), headers=WHO),
    ),
    same("The scheme and who needs it are documented.", document(_scheme)),
    same("`auto_error=False` gives None instead.", get("/optional")),
    same(
        "A user is made of it by dependencies.",
        get("/me", send=_authorization("Bearer alice")),
        get("/me", 401, headers=WHO),
    ),
)
def oauth2() -> FastAPI:
    app = FastAPI()
    scheme = OAuth2PasswordBearer(tokenUrl="token")

    async def current(token: Annotated[str, Depends(scheme)]) -> dict[str, str]:
        return {"name": token}

    @app.get("/")
    async def read(token: Annotated[str, Depends(scheme)]):
        return token

    @app.get("/optional")
    async def optional(token: Annotated[str | None, Depends(OAuth2PasswordBearer(tokenUrl="token", auto_error=False))]):
        return token

    @app.get("/me")
    async def me(user: Annotated[dict[str, str], Depends(current)]):
        return user

    return app


LOGIN = {"grant_type": "password", "username": "u", "password": "p", "scope": "a b"}


@case(
    "Simple OAuth2 with Password and Bearer",
    same("OAuth2PasswordRequestForm is the form of a login.", post("/token", data=LOGIN)),
    same("… with scopes as a list, empty by default.", post("/token", data={"username": "u", "password": "p"})),
    same("Its fields are required.", post("/token", 422, data={"username": "u"})),
    same("Another grant type is a 422.", post("/token", 422, data={**LOGIN, "grant_type": "other"})),
    same(
        "The strict one needs the grant type.",
        post("/strict", data=LOGIN),
        post("/strict", 422, data={"username": "u", "password": "p"}),
    ),
)
def login() -> FastAPI:
    from fastapi.security import OAuth2PasswordRequestForm, OAuth2PasswordRequestFormStrict

    app = FastAPI()

    @app.post("/token")
    async def token(form: Annotated[OAuth2PasswordRequestForm, Depends()]):
        return [form.username, form.password, form.scopes, form.client_id]

    @app.post("/strict")
    async def strict(form: Annotated[OAuth2PasswordRequestFormStrict, Depends()]):
        return [form.username, form.grant_type]

    return app


SCOPES = {"me": "Who I am", "items": "My items"}


@case(
    "OAuth2 Scopes",
    same(
        "`Security` names scopes; SecurityScopes has those of the whole way down.",
        get("/", send=_authorization("Bearer me,items")),
    ),
    same("… and can refuse.", get("/", 401, send=_authorization("Bearer me"), headers=WHO)),
    same("They are documented.", document(_scheme)),
    same("Without scopes there are none.", get("/none", send=_authorization("Bearer x"))),
)
def scopes() -> FastAPI:
    app = FastAPI()
    scheme = OAuth2PasswordBearer(tokenUrl="token", scopes=SCOPES)

    async def current(needed: SecurityScopes, token: Annotated[str, Depends(scheme)]) -> list[str]:
        if not set(needed.scopes) <= set(token.split(",")):
            raise HTTPException(401, "No", headers={"WWW-Authenticate": f'Bearer scope="{needed.scope_str}"'})
        return needed.scopes

    async def active(user: Annotated[list[str], Security(current, scopes=["me"])]) -> list[str]:
        return user

    @app.get("/")
    async def read(user: Annotated[list[str], Security(active, scopes=["items"])]):
        return user

    @app.get("/none")
    async def none(user: Annotated[list[str], Depends(current)]):
        return user

    return app
