"""First steps."""

# mypy: disable-error-code="no-untyped-def"
# pyright: reportUnknownParameterType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# What a route declares to return changes what it answers: only some are to declare it.

import asyncio

from fastapi import FastAPI

from tests.fastapi.checklist import call, case, different, document, get, not_offered, post, same


def in_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


@case(
    "First Steps",
    same("A decorated function answers a method and a path.", get("/")),
    same("Functions may be async or not.", get("/sync")),
    same("A function that is not async runs in a worker thread.", get("/thread")),
    same("dict, list, str, int and None become JSON.", get("/list"), get("/text"), get("/number"), get("/none")),
    same("An unknown path is a 404.", get("/nowhere", 404)),
    same("A known path with another method is a 405.", post("/", 405)),
    different(
        "HEAD is a 405 where there is a route for GET.",
        call("HEAD", "/", 405),
        fastapi=405,
        ours=200,
        because="HEAD is answered as RFC 9110 asks: like GET, without the body.",
    ),
    different(
        "OPTIONS is a 405 where no route was written for it.",
        call("OPTIONS", "/", 405),
        fastapi=405,
        ours=204,
        because="It is answered with the allowed methods.",
    ),
    same("`openapi_url` serves the OpenAPI document; it is version 3.1.", document(lambda doc: doc["openapi"][:3])),
    same("The document lists every operation.", document(lambda doc: sorted(doc["paths"]))),
    same("`/docs` is an interactive page.", get("/docs", see=lambda page: "swagger" in page.lower())),
    different(
        "`/redoc` is a second page.",
        get("/redoc", see=lambda page: "redoc" in str(page).lower()),
        fastapi=(200, True),
        ours=(404, False),
        because="One page is enough; it comes with the wheel, where ReDoc is loaded from another host.",
    ),
)
def first_steps() -> FastAPI:
    app = FastAPI()

    @app.get("/")
    async def root():
        return {"message": "Hello"}

    @app.get("/sync")
    def sync():
        return {"message": "Hello"}

    @app.get("/thread")
    def thread():
        return in_loop()

    @app.get("/list")
    async def read_list():
        return [1, "two", None, {"three": 3.5}]

    @app.get("/text")
    async def text():
        return "text"

    @app.get("/number")
    async def number():
        return 42

    @app.get("/none")
    async def none():
        return None

    return app


@case(
    "First Steps",
    same(
        "get, post, put, delete, patch, head and options are decorators.",
        *(call(method, "/x", 201) for method in ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS")),
    ),
)
def methods() -> FastAPI:
    app = FastAPI()
    for verb in (app.get, app.post, app.put, app.delete, app.patch, app.head, app.options):

        @verb("/x", status_code=201)
        async def answer() -> None: ...

    return app


@case(
    "First Steps",
    not_offered(
        "`app.trace` registers the method TRACE.",
        call("TRACE", "/"),
        refused="trace",
        because="API Gateway never passes TRACE on. `app.route(path, methods=['TRACE'])` is there.",
    ),
)
def trace() -> FastAPI:
    app = FastAPI()

    @app.trace("/")
    async def answer() -> None: ...

    return app
