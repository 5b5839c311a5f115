"""Headers and cookies as parameters, and models of them."""

# mypy: disable-error-code="no-untyped-def"
# pyright: reportUnknownParameterType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# What a route declares to return changes what it answers: only some are to declare it.

from typing import Annotated

from fastapi import Cookie, FastAPI, Header
from pydantic import BaseModel, Field

from tests.fastapi.checklist import case, document, get, same


@case(
    "Cookie Parameters",
    same("`Cookie()` takes one cookie.", get("/", send={"cookie": "ads_id=x; other=y"}), get("/")),
    same(
        "It is converted; its location begins with cookie.",
        get("/int", send={"cookie": "n=3"}),
        get("/int", 422, send={"cookie": "n=x"}),
    ),
    same("A missing one is a 422.", get("/int", 422)),
    same("`alias` names it.", get("/alias", send={"cookie": "session-id=s"})),
    same("It is documented.", document(lambda doc: doc["paths"]["/int"]["get"]["parameters"])),
)
def cookies() -> FastAPI:
    app = FastAPI()

    @app.get("/")
    async def read(ads_id: Annotated[str | None, Cookie()] = None):
        return ads_id

    @app.get("/int")
    async def number(n: Annotated[int, Cookie(ge=1)]):
        return n

    @app.get("/alias")
    async def alias(session: Annotated[str, Cookie(alias="session-id")]):
        return session

    return app


@case(
    "Header Parameters",
    same("`Header()` takes one header, underscores as dashes, in any case.", get("/", send={"X-ToKen": "a"}), get("/")),
    same("`convert_underscores=False` keeps them.", get("/under", send={"strange_header": "x"}), get("/under", 422)),
    same("A list takes all headers of a name.", get("/list", send=[("x-token", "a"), ("x-token", "b")])),
    same("It is converted.", get("/int", send={"n": "3"}), get("/int", 422, send={"n": "x"})),
    same("Errors name the header as it is sent.", get("/needed", 422)),
    same("`alias` names it as written.", get("/alias", send={"X-Custom": "x"}), get("/alias", 422)),
    same("It is documented with dashes.", document(lambda doc: doc["paths"]["/needed"]["get"]["parameters"])),
    same("Standard headers work, too.", get("/agent", send={"user-agent": "me"})),
)
def headers() -> FastAPI:
    app = FastAPI()

    @app.get("/")
    async def read(x_token: Annotated[str | None, Header()] = None):
        return x_token

    @app.get("/under")
    async def under(strange_header: Annotated[str, Header(convert_underscores=False)]):
        return strange_header

    @app.get("/list")
    async def lists(x_token: Annotated[list[str] | None, Header()] = None):
        return x_token

    @app.get("/int")
    async def number(n: Annotated[int, Header()]):
        return n

    @app.get("/needed")
    async def needed(x_api_key: Annotated[str, Header()]):
        return x_api_key

    @app.get("/alias")
    async def alias(custom: Annotated[str, Header(alias="X-Custom")]):
        return custom

    @app.get("/agent")
    async def agent(user_agent: Annotated[str | None, Header()] = None):
        return user_agent

    return app


class Cookies(BaseModel):
    session_id: str
    tracker: str | None = None


class StrictCookies(Cookies):
    model_config = {"extra": "forbid"}


class Headers(BaseModel):
    host: str
    save_data: bool
    if_modified: str | None = None
    x_tag: list[str] = []


class Raw(BaseModel):
    save_data: bool


class Aliased(BaseModel):
    trace: str = Field(alias="x-trace-id")


@case(
    "Cookie Parameter Models",
    same("A model takes all cookies.", get("/", send={"cookie": "session_id=s; tracker=t; more=m"})),
    same("Its mistakes are located by cookie.", get("/", 422)),
    same("Extra cookies can be forbidden.", get("/strict", 422, send={"cookie": "session_id=s; more=m"})),
)
def cookie_models() -> FastAPI:
    app = FastAPI()

    @app.get("/")
    async def read(cookies: Annotated[Cookies, Cookie()]):
        return cookies

    @app.get("/strict")
    async def strict(cookies: Annotated[StrictCookies, Cookie()]):
        return cookies

    return app


@case(
    "Header Parameter Models",
    same(
        "A model takes all headers, with dashes for underscores.",
        get("/", send=[("save-data", "on"), ("x-tag", "a"), ("x-tag", "b")]),
    ),
    same("Its mistakes are located by header.", get("/", 422)),
    same(
        "`convert_underscores=False` holds for its fields.",
        get("/raw", send={"save_data": "1"}),
        get("/raw", 422, send={"save-data": "1"}),
    ),
    same("An alias of a field is the header's name.", get("/alias", send={"X-Trace-Id": "t"})),
    same(
        "Each field is a parameter of the document.",
        document(lambda doc: [(p["name"], p["required"]) for p in doc["paths"]["/"]["get"]["parameters"]]),
    ),
)
def header_models() -> FastAPI:
    app = FastAPI()

    @app.get("/")
    async def read(headers: Annotated[Headers, Header()]):
        return headers

    @app.get("/raw")
    async def raw(headers: Annotated[Raw, Header(convert_underscores=False)]):
        return headers

    @app.get("/alias")
    async def alias(headers: Annotated[Aliased, Header()]):
        return headers

    return app
