"""The same routes, described by FastAPI and by us: the differences are those listed here, and no others."""

from datetime import date
from enum import StrEnum
from types import SimpleNamespace
from typing import Annotated, Any, cast
from uuid import UUID

import fastapi
import fastapi.security
import pytest
from pydantic import BaseModel, Field
from starlette.responses import HTMLResponse, RedirectResponse

from lambdaframe.http.binding import parameters
from lambdaframe.http.openapi.schemas import objects_in, without_null
from lambdaframe.http.routing.router import Router
from lambdaframe.security.api_key import APIKeyHeader
from lambdaframe.security.oauth2 import OAuth2PasswordBearer
from tests.http.openapi.described import described

OURS = SimpleNamespace(
    **{name: getattr(parameters, name) for name in parameters.__dict__ if name[:1].isupper()},
    APIKeyHeader=APIKeyHeader,
    OAuth2PasswordBearer=OAuth2PasswordBearer,
)
THEIRS = SimpleNamespace(
    **{name: getattr(fastapi, name) for name in fastapi.__dict__ if name[:1].isupper()},
    APIKeyHeader=fastapi.security.APIKeyHeader,
    OAuth2PasswordBearer=fastapi.security.OAuth2PasswordBearer,
)


class Size(StrEnum):
    SMALL = "s"
    LARGE = "l"


class Item(BaseModel):
    """A thing."""

    name: str = Field(description="What it is called.", max_length=50)
    price: float = Field(gt=0)
    size: Size = Size.SMALL
    tags: list[str] = []
    note: str | None = None


class Owner(BaseModel):
    name: str
    items: list[Item]


class Filter(BaseModel):
    limit: int = Field(100, gt=0, le=100)
    order_by: str | None = None
    tags: list[str] = []


def register(app: Router, m: Any) -> None:
    """The routes. ``m``: where the markers are from."""
    oauth2 = m.OAuth2PasswordBearer(tokenUrl="token", scopes={"read": "Read."})
    key = m.APIKeyHeader(name="x-key", description="Ask for one.")

    async def common(
        q: str | None = None, skip: int = 0, x_token: Annotated[str | None, m.Header()] = None
    ) -> None: ...

    async def user(token: Annotated[str, m.Depends(oauth2)]) -> str:
        return token

    @app.get("/items/{item_id}", tags=["items"], response_description="It.")
    async def read_item(
        item_id: Annotated[int, m.Path(title="The ID", ge=1)],
        needy: Annotated[UUID, m.Query(alias="item-needy", deprecated=True)],
        when: date | None = None,
        size: Size = Size.LARGE,
        flags: Annotated[list[int], m.Query(description="Some.")] = [],  # noqa: B006
        ads: Annotated[str | None, m.Cookie()] = None,
    ) -> Item:
        """Read it.

        All of it."""
        raise NotImplementedError

    @app.get("/items", response_model=list[Item], summary="All", dependencies=[m.Depends(key)])
    async def list_items(common: Annotated[None, m.Depends(common)]) -> Any: ...

    @app.get("/filtered")
    async def filtered(wanted: Annotated[Filter, m.Query()]) -> dict[str, int]:
        raise NotImplementedError

    @app.post("/items", status_code=201, operation_id="addItem")
    async def add_item(item: Item) -> Item:
        return item

    @app.put("/items/{item_id}", responses={404: {"model": Owner, "description": "None."}, 418: {"content": {}}})
    async def update(
        item_id: int, item: Item, owner: Owner, importance: Annotated[int, m.Body(gt=0)], q: str | None = None
    ) -> Item | Owner:
        raise NotImplementedError

    @app.post("/embedded")
    async def embedded(item: Annotated[Item, m.Body(embed=True, examples=[{"name": "a", "price": 1}])]) -> None: ...

    @app.post("/numbers")
    async def numbers(weights: dict[int, float]) -> list[float]:
        raise NotImplementedError

    @app.post("/login")
    async def login(username: Annotated[str, m.Form()], password: Annotated[str, m.Form(min_length=8)]) -> None: ...

    @app.post("/upload")
    async def upload(
        file: fastapi.UploadFile,
        data: Annotated[bytes, m.File()],
        files: list[fastapi.UploadFile],
        token: Annotated[str, m.Form()],
    ) -> None: ...

    @app.get("/me", deprecated=True, openapi_extra={"x-audience": "internal"})
    async def me(name: Annotated[str, m.Security(user, scopes=["read"])]) -> str:
        return name

    @app.get("/page", response_class=HTMLResponse)
    async def page() -> Any: ...

    @app.get("/elsewhere", response_class=RedirectResponse)
    async def elsewhere() -> Any: ...

    @app.delete("/items/{item_id}", status_code=204)
    async def delete(item_id: str) -> None: ...

    @app.get("/files/{path:path}")
    async def file(path: str) -> Any: ...


@pytest.fixture(scope="module")
def ours() -> dict[str, Any]:
    router = Router()
    register(router, OURS)
    return described(router)


@pytest.fixture(scope="module")
def theirs() -> dict[str, Any]:
    app = fastapi.FastAPI()
    register(cast("Any", app), THEIRS)
    return app.openapi()


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, made) for path, item in document["paths"].items() for method, made in item.items()]


def test_operations_and_their_words_are_the_same(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    def words(document: dict[str, Any]) -> dict[tuple[str, str], Any]:
        names = ("operationId", "summary", "description", "tags", "deprecated", "security", "x-audience")
        return {(path, method): {name: made.get(name) for name in names} for path, method, made in operations(document)}

    assert words(ours) == words(theirs)
    assert ours["components"]["securitySchemes"] == theirs["components"]["securitySchemes"]


def test_parameters_are_the_same_but_for_null(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    def parameters(document: dict[str, Any]) -> dict[str, Any]:
        return {
            made["operationId"]: {
                (one["in"], one["name"]): {**one, "schema": without_null(one["schema"])}
                for one in made.get("parameters", [])
            }
            for _, _, made in operations(document)
        }

    assert parameters(ours) == parameters(theirs)
    nulls = [one for _, _, made in operations(ours) for one in made.get("parameters", []) if "null" in str(one)]
    assert nulls == [], "what a query or a header holds is never null"


def test_bodies_are_the_same_but_for_the_old_word_for_files(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    def bodies(document: dict[str, Any]) -> dict[str, Any]:
        return {made["operationId"]: made.get("requestBody") for _, _, made in operations(document)}

    assert bodies(ours) == bodies(theirs)


def test_named_schemas_are_the_same_but_for_errors_and_empty_forms(
    ours: dict[str, Any], theirs: dict[str, Any]
) -> None:
    def named(document: dict[str, Any]) -> dict[str, Any]:
        found = dict(document["components"]["schemas"])
        for name in ("HTTPValidationError", "ValidationError", "Problem", "ValidationProblem"):
            found.pop(name, None)
        for schema in objects_in(found):
            if schema.get("default", ...) is None:
                del schema["default"]  # FastAPI leaves "default": null out
            if schema.get("format") == "binary":
                del schema["format"]  # generators know a file by it
        return found

    mine = named(ours)
    files = mine["Body_upload_upload_post"]["properties"]["files"]
    assert files.pop("minItems") == 1, "a required list can't be sent empty in a form"
    assert mine == named(theirs)


def test_answers_are_the_same_but_for_errors_and_null(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    def answers(document: dict[str, Any]) -> dict[str, Any]:
        return {
            made["operationId"]: {
                status: answer
                for status, answer in made["responses"].items()
                if status not in {"400", "401", "403", "415", "422"}
            }
            for _, _, made in operations(document)
        }

    mine, expected = answers(ours), answers(theirs)
    for name in ("embedded_embedded_post", "login_login_post", "upload_upload_post"):
        assert mine[name]["200"]["content"]["application/json"]["schema"]["type"] == "null"  # theirs: anything
        mine[name]["200"]["content"]["application/json"]["schema"] = {}
    assert mine == expected


def test_a_422_stands_where_theirs_does_and_is_a_problem(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    def where(document: dict[str, Any]) -> list[str]:
        return [made["operationId"] for _, _, made in operations(document) if "422" in made["responses"]]

    assert where(ours) == where(theirs)
    for _, _, made in operations(ours):
        if "422" in made["responses"]:
            assert list(made["responses"]["422"]["content"]) == ["application/problem+json"]
