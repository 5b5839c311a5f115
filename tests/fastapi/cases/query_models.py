"""Models of query parameters."""

# mypy: disable-error-code="no-untyped-def"
# pyright: reportUnknownParameterType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# What a route declares to return changes what it answers: only some are to declare it.

from typing import Annotated, Literal

from fastapi import FastAPI, Query
from pydantic import BaseModel, Field

from tests.fastapi.checklist import case, document, get, not_offered, same


@case(
    "Query Parameters and String Validations",
    not_offered(
        "`validation_alias` names a parameter, too.",
        get("/?item-q=x"),
        refused="validation_alias",
        because="`alias` is enough: a parameter is never sent back.",
    ),
)
def validation_alias() -> FastAPI:
    app = FastAPI()

    @app.get("/")
    async def read(q: Annotated[str, Query(validation_alias="item-q")]):
        return q

    return app


class Filters(BaseModel):
    limit: int = Field(100, gt=0, le=100)
    order_by: Literal["created", "updated"] = "created"
    tags: list[str] = []
    named: str = Field("", alias="as-named")


class Strict(Filters):
    model_config = {"extra": "forbid"}


@case(
    "Query Parameter Models",
    same("A model takes all parameters.", get("/?limit=5&tags=a&tags=b&as-named=x"), get("/")),
    same("Its mistakes are located by parameter.", get("/?limit=0&order_by=x", 422)),
    same("Extra parameters can be forbidden.", get("/strict?limit=1"), get("/strict?tool=x", 422)),
    same("Each field is a parameter of the document.", document(lambda doc: doc["paths"]["/"]["get"]["parameters"])),
)
def query_models() -> FastAPI:
    app = FastAPI()

    @app.get("/")
    async def read(filters: Annotated[Filters, Query()]):
        return filters

    @app.get("/strict")
    async def strict(filters: Annotated[Strict, Query()]):
        return filters

    return app
