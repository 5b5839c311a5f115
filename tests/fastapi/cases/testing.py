"""Testing, databases, documentation pages."""

# mypy: disable-error-code="no-untyped-def"
# pyright: reportUnknownParameterType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# What a route declares to return changes what it answers: only some are to declare it.

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException
from fastapi.testclient import TestClient
from pydantic import BaseModel

from tests.fastapi.checklist import case, document, get, not_offered, post, same


@case(
    "Testing",
    same("TestClient asks the application without a server.", get("/seen")),
    same("An exception of the application is raised in the test.", get("/raised")),
    same("Async tests use an ASGI transport.", get("/async")),
)
def testing() -> FastAPI:
    app = FastAPI()

    @app.get("/x")
    async def read(q: int = 1):
        return q

    @app.get("/bug")
    async def bug():
        raise KeyError("bug")

    @app.get("/seen")
    def seen():
        client = TestClient(app)
        return [client.get("/x", params={"q": 2}).json(), client.get("/none").status_code]

    @app.get("/raised")
    def raised():
        try:
            TestClient(app).get("/bug")
        except KeyError as exc:
            return exc.args

    @app.get("/async")
    async def asynchronous():
        from httpx2 import ASGITransport, AsyncClient

        async with AsyncClient(transport=ASGITransport(app=app), base_url="http://test") as client:
            return (await client.get("/x")).json()

    return app


class Hero(BaseModel):
    name: str
    age: int | None = None


class HeroPublic(Hero):
    id: int


@case(
    "SQL (Relational) Databases",
    same(
        "A session is a dependency with yield.", post("/heroes", json={"name": "a"}), get("/heroes"), get("/heroes/1")
    ),
    same("What it does not find is a 404.", get("/heroes/1", 404)),
    same("Paging is by checked parameters.", get("/heroes?limit=1000", 422), get("/heroes?offset=1&limit=1")),
)
def databases() -> FastAPI:
    from fastapi import Query

    app = FastAPI()
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    connection.execute("create table hero (id integer primary key, name text, age integer)")

    def session() -> Iterator[sqlite3.Cursor]:
        with closing(connection.cursor()) as cursor:
            yield cursor

    @app.post("/heroes", response_model=HeroPublic)
    def create(hero: Hero, session: Annotated[sqlite3.Cursor, Depends(session)]):
        session.execute("insert into hero (name, age) values (?, ?)", (hero.name, hero.age))
        return {**hero.model_dump(), "id": session.lastrowid}

    @app.get("/heroes", response_model=list[HeroPublic])
    def read(
        session: Annotated[sqlite3.Cursor, Depends(session)],
        offset: int = 0,
        limit: Annotated[int, Query(le=100)] = 100,
    ):
        rows = session.execute("select id, name, age from hero limit ? offset ?", (limit, offset))
        return [dict(zip(("id", "name", "age"), row, strict=True)) for row in rows]

    @app.get("/heroes/{hero_id}", response_model=HeroPublic)
    def read_one(hero_id: int, session: Annotated[sqlite3.Cursor, Depends(session)]):
        for row in session.execute("select id, name, age from hero where id = ?", (hero_id,)):
            return dict(zip(("id", "name", "age"), row, strict=True))
        raise HTTPException(404, "Hero not found")

    return app


@case(
    "Configure Swagger UI",
    same("`swagger_ui_parameters` sets options of the page.", get("/docs", see=lambda page: "tryItOutEnabled" in page)),
    same("`swagger_ui_init_oauth` sets those of its login.", get("/docs", see=lambda page: "client-of-mine" in page)),
)
def swagger_parameters() -> FastAPI:
    return FastAPI(
        swagger_ui_parameters={"tryItOutEnabled": True}, swagger_ui_init_oauth={"clientId": "client-of-mine"}
    )


@case(
    "Conditional OpenAPI",
    same(
        "`openapi_url` may come from settings; an empty one serves nothing.",
        get("/openapi.json", 404),
        get("/docs", 404),
    ),
)
def conditional() -> FastAPI:
    return FastAPI(openapi_url="")


@case(
    "Metadata and Docs URLs",
    not_offered(
        "`openapi_external_docs` links to more documentation.",
        document(lambda doc: doc["externalDocs"]),
        refused="openapi_external_docs",
        because="What `app.openapi()` gives may be added to.",
    ),
)
def external_docs() -> FastAPI:
    return FastAPI(openapi_external_docs={"url": "https://d.example"})


@case(
    "Metadata and Docs URLs",
    not_offered(
        "`deprecated` and `include_in_schema` of the application hold for every route.",
        document(lambda doc: doc["paths"]["/x"]["get"]["deprecated"]),
        refused="deprecated",
        because="Those of a Router do.",
    ),
)
def deprecated_app() -> FastAPI:
    app = FastAPI(deprecated=True)

    @app.get("/x")
    async def read() -> Any: ...

    return app


@case(
    "Metadata and Docs URLs",
    not_offered(
        "`redoc_url` moves the second page, or turns it off.",
        get("/redoc", 404),
        refused="redoc_url",
        because="There is one page.",
    ),
)
def redoc_url() -> FastAPI:
    return FastAPI(redoc_url=None)
