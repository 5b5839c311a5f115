"""WebSockets, callbacks, webhooks, clients, settings, WSGI: the rest of the advanced guide."""

# mypy: disable-error-code="no-untyped-def"
# pyright: reportUnknownParameterType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# What a route declares to return changes what it answers: only some are to declare it.

from functools import lru_cache
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI
from pydantic import BaseModel, computed_field

from tests.fastapi.checklist import case, document, get, not_offered, same


class Event(BaseModel):
    ok: bool


class Item(BaseModel):
    name: str
    description: str | None = None
    size: int = 1


class Square(BaseModel):
    side: int

    @computed_field  # type: ignore[prop-decorator]  # mypy knows no decorated properties
    @property
    def area(self) -> int:
        return self.side**2


@case(
    "WebSockets",
    not_offered(
        "`@app.websocket` serves WebSockets.",
        get("/"),
        refused="websocket",
        because="A Lambda function holds no connection: API Gateway's WebSocket APIs call it for each message.",
    ),
)
def websockets() -> FastAPI:
    app = FastAPI()

    @app.get("/")
    async def read(): ...

    @app.websocket("/ws")
    async def serve(websocket: Any) -> None: ...

    return app


@case(
    "OpenAPI Callbacks",
    not_offered(
        "`callbacks` documents what the API calls of its clients'.",
        document(lambda doc: sorted(doc["paths"]["/"]["post"]["callbacks"])),
        refused="callbacks",
        because="`openapi_extra={'callbacks': ...}` says it.",
    ),
)
def callbacks() -> FastAPI:
    app, router = FastAPI(), APIRouter()

    @router.post("/done")
    async def done(body: Event): ...

    @app.post("/", callbacks=router.routes)
    async def create(callback_url: str): ...

    return app


@case(
    "OpenAPI Webhooks",
    not_offered(
        "`app.webhooks` documents webhooks.",
        document(lambda doc: sorted(doc["webhooks"])),
        refused="webhooks",
        because="What `app.openapi()` gives may be added to.",
    ),
)
def webhooks() -> FastAPI:
    app = FastAPI()

    @app.webhooks.post("new-event")
    async def new_event(body: Event): ...

    return app


@case(
    "Generating SDKs",
    not_offered(
        "`generate_unique_id_function` makes operation ids.",
        document(lambda doc: doc["paths"]["/x"]["get"]["operationId"]),
        refused="generate_unique_id_function",
        because="Ids are the functions' names, which is what such functions are written for. `operation_id` sets one.",
    ),
)
def unique_ids() -> FastAPI:
    app = FastAPI(generate_unique_id_function=lambda route: f"my-{route.name}")

    @app.get("/x")
    async def read(): ...

    return app


@case(
    "Extending OpenAPI",
    same("`app.openapi()` gives the document.", get("/title")),
)
def openapi() -> FastAPI:
    app = FastAPI(title="T")

    @app.get("/title")
    async def title():
        return [app.openapi()["info"]["title"], app.openapi() is app.openapi()]

    return app


@case(
    "Extending OpenAPI",
    same("`app.openapi` may be replaced.", document(lambda doc: doc["info"])),
)
def replaced_openapi() -> FastAPI:
    app = FastAPI(title="T")
    app.openapi = lambda: {"info": "mine"}  # type: ignore[method-assign]  # as FastAPI's guide does
    return app


@case(
    "Separate OpenAPI Schemas for Input and Output or Not",
    same("A model whose answers have more fields has two schemas.", document(lambda doc: _schemas(doc, "Square"))),
    same("Another has one.", document(lambda doc: _schemas(doc, "Item"))),
)
def separate_schemas() -> FastAPI:
    app = FastAPI()

    @app.post("/item")
    async def create(item: Item) -> Item:
        return item

    @app.post("/square")
    async def square(square: Square) -> Square:
        return square

    return app


def _schemas(doc: Any, name: str) -> Any:
    found = {key: schema for key, schema in doc["components"]["schemas"].items() if key.startswith(name)}
    return {key: [schema["required"], sorted(schema["properties"])] for key, schema in found.items()}


class Settings(BaseModel):
    app_name: str = "App"


@case(
    "Settings and Environment Variables",
    same("Settings are a dependency, made once with `lru_cache`.", get("/")),
)
def settings() -> FastAPI:
    app = FastAPI()

    @lru_cache
    def get_settings() -> Settings:
        return Settings()

    @app.get("/")
    async def read(settings: Annotated[Settings, Depends(get_settings)]):
        return [settings, get_settings.cache_info().misses]

    return app


@case(
    "Including WSGI",
    same("A WSGI application is mounted with a2wsgi's or Starlette's middleware.", get("/wsgi/x")),
)
def wsgi() -> FastAPI:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Starlette's is deprecated in favour of a2wsgi
        from starlette.middleware.wsgi import WSGIMiddleware

        def application(environ: Any, start_response: Any) -> list[bytes]:
            start_response("200 OK", [("content-type", "text/plain")])
            return [f"wsgi {environ['SCRIPT_NAME']}".encode()]

        app = FastAPI()
        app.mount("/wsgi", WSGIMiddleware(application))
    return app


@case(
    "Custom Request and APIRoute class",
    not_offered(
        "`route_class` of a router replaces how requests are handled.",
        get("/"),
        refused="routing",
        because="A middleware sees every request and answer; a dependency reads them.",
    ),
)
def route_class() -> FastAPI:
    from fastapi.routing import APIRoute

    class Own(APIRoute):
        pass

    app, router = FastAPI(), APIRouter(route_class=Own)

    @router.get("/")
    async def read(): ...

    app.include_router(router)
    return app


@case(
    "OpenTelemetry",
    not_offered(
        "`telemetry` traces requests.",
        get("/"),
        refused="telemetry",
        because="OpenTelemetry's ASGI middleware goes around the application, as any other does.",
    ),
)
def telemetry() -> FastAPI:
    app = FastAPI(telemetry={"tracing": False})

    @app.get("/")
    async def read(): ...

    return app
