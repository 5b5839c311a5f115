"""Limits on bodies."""

# mypy: disable-error-code="no-untyped-def"
# pyright: reportUnknownParameterType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# What a route declares to return changes what it answers: only some are to declare it.

from fastapi import APIRouter, FastAPI, Request

from tests.fastapi.checklist import case, not_offered, post


@case(
    "Request Body Limits",
    not_offered(
        "`max_body_size` limits the bodies of an application, router or route.",
        post("/", 413, content=b"x" * 100),
        refused="max_body_size",
        because="Lambda takes 6 MB at most; `LambdaHandler(max_body_size=...)` sets less.",
    ),
)
def body_limit() -> FastAPI:
    app = FastAPI(max_body_size=10)

    @app.post("/")
    async def create(request: Request):
        return len(await request.body())

    return app


@case(
    "Request Body Limits",
    not_offered(
        "`form_limits` limits the number of fields and files.",
        post("/", 400, data={"a": "1", "b": "2"}),
        refused="form_limits",
        because="Starlette's limits hold: 1000 fields, 1000 files, 1 MB for a field.",
    ),
)
def form_limits() -> FastAPI:
    from typing import Annotated

    from fastapi import Form

    app = FastAPI()
    router = APIRouter(form_limits={"max_fields": 1})

    @router.post("/")
    async def create(a: Annotated[str, Form()], b: Annotated[str, Form()]):
        return [a, b]

    app.include_router(router)
    return app
