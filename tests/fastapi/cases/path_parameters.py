"""Path parameters and their validation."""

# mypy: disable-error-code="no-untyped-def"
# pyright: reportUnknownParameterType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# What a route declares to return changes what it answers: only some are to declare it.

from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from fastapi import FastAPI, Path
from pydantic import AfterValidator

from tests.fastapi.checklist import case, different, document, get, not_offered, same


class Size(StrEnum):
    small = "S"
    large = "L"


@case(
    "Path Parameters",
    same("A parameter in braces is the argument of that name.", get("/raw/foo")),
    same("It is converted to the argument's type.", get("/items/3")),
    same("What can't be converted is a 422 with its location.", get("/items/foo", 422), get("/items/4.2", 422)),
    same("float, bool and UUID convert.", get("/float/4.2"), get("/bool/yes"), get(f"/uuid/{UUID(int=7)}")),
    same("An Enum takes its values only.", get("/size/S"), get("/size/M", 422)),
    same("`{name:path}` takes the rest of the path, slashes included.", get("/files/a/b.txt"), get("/files//a")),
    same("Text in a path is percent-decoded.", get("/raw/a%20b"), get("/raw/caf%C3%A9")),
    same(
        "The type stands in the document.", document(lambda doc: _parameter(doc, "/items/{item_id}")["schema"]["type"])
    ),
    same("`{id:int}` matches digits only: others are a 404.", get("/only/7"), get("/only/seven", 404)),
)
def path_parameters() -> FastAPI:
    app = FastAPI()

    @app.get("/raw/{item_id}")
    async def raw(item_id):  # pyright: ignore[reportMissingParameterType]  that it has no type is the point
        return {"item_id": item_id}

    @app.get("/items/{item_id}")
    async def read_item(item_id: int):
        return {"item_id": item_id}

    @app.get("/float/{value}")
    async def read_float(value: float):
        return value

    @app.get("/bool/{value}")
    async def read_bool(value: bool):
        return value

    @app.get("/uuid/{value}")
    async def read_uuid(value: UUID):
        return value

    @app.get("/size/{size}")
    async def read_size(size: Size):
        return {"size": size, "small": size is Size.small}

    @app.get("/files/{file_path:path}")
    async def read_file(file_path: str):
        return {"path": file_path}

    @app.get("/only/{number:int}")
    async def only(number: int):
        return number

    return app


@case(
    "Path Parameters",
    different(
        "The first route that matches wins.",
        get("/users/me"),
        fastapi=(200, {"user": "me"}),
        ours=(200, "current"),
        because="The most specific route wins, in whatever order they are written.",
    ),
)
def order_of_routes() -> FastAPI:
    app = FastAPI()

    @app.get("/users/{user}")
    async def read_user(user: str):
        return {"user": user}

    @app.get("/users/me")
    async def read_me():
        return "current"

    return app


@case(
    "Path Parameters",
    not_offered(
        "Of two routes for one method and path the second is never reached.",
        get("/users"),
        refused="/users",
        because="That is a mistake, and an error at import.",
    ),
)
def redefined_route() -> FastAPI:
    app = FastAPI()

    @app.get("/users")
    async def first():
        return 1

    @app.get("/users")
    async def second():
        return 2

    return app


@case(
    "Path Parameters",
    not_offered(
        "A path parameter that no argument takes is ignored.",
        get("/users/7"),
        refused="no argument for the path parameter 'user'",
        because="That is a mistake, and an error at import.",
    ),
)
def unused_parameter() -> FastAPI:
    app = FastAPI()

    @app.get("/users/{user}")
    async def first():
        return 1

    return app


def _even(value: int) -> int:
    if value % 2:
        raise ValueError("odd")
    return value


@case(
    "Path Parameters and Numeric Validations",
    same("`gt` and `le` bound a number.", get("/range/1"), get("/range/0", 422), get("/range/1001", 422)),
    same("`ge` and `lt` bound a float.", get("/float/0"), get("/float/10.4"), get("/float/10.5", 422)),
    same("`multiple_of` is checked.", get("/five/10"), get("/five/11", 422)),
    same("Annotated metadata of pydantic's works beside it.", get("/even/2"), get("/even/3", 422)),
    same("Arguments may come in any order, also keyword-only.", get("/order/3?q=x")),
    same(
        "Bounds, title and description stand in the document.",
        document(lambda doc: {k: v for k, v in _parameter(doc, "/range/{number}").items() if k != "schema"}),
        document(lambda doc: _parameter(doc, "/range/{number}")["schema"]),
    ),
    same("`alias` names the parameter in the path.", get("/alias/3")),
)
def numeric_validations() -> FastAPI:
    app = FastAPI()

    @app.get("/range/{number}")
    async def bounded(number: Annotated[int, Path(title="The number", description="Of items", gt=0, le=1000)]):
        return number

    @app.get("/float/{number}")
    async def floats(number: Annotated[float, Path(ge=0, lt=10.5)]):
        return number

    @app.get("/five/{number}")
    async def fives(number: int = Path(multiple_of=5)):
        return number

    @app.get("/even/{number}")
    async def even(number: Annotated[int, Path(), AfterValidator(_even)]):
        return number

    @app.get("/order/{number}")
    async def order(*, q: str, number: int = Path(ge=1)):
        return [q, number]

    @app.get("/alias/{item_id}")
    async def aliased(item: Annotated[int, Path(alias="item_id")]):
        return item

    return app


def _parameter(doc: Any, path: str) -> Any:
    return doc["paths"][path]["get"]["parameters"][0]
