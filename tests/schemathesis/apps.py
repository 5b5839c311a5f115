"""The feature-rich application: everything the framework can take, document and answer. Every handler asserts that
each of its arguments is of the declared type."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from lambdaframe import App
from tests.schemathesis import answers, bodies, parameters
from tests.schemathesis.models import Point
from tests.schemathesis.typed import checked


@asynccontextmanager
async def lifespan(app: App) -> AsyncGenerator[None]:
    app.state.stored = {}
    yield


inner = App(title="Inner", version="1")


@inner.post("/points/{name}")
@checked
async def inner_point(name: str, point: Point, scale: float = 1.0) -> dict[str, Any]:
    return {"name": name, "point": point, "scale": scale}


app = App(title="Everything", version="1", idempotency="memory://", lifespan=lifespan)
app.include_router(parameters.router)
app.include_router(bodies.router)
app.include_router(answers.router)
app.mount("/inner", inner)
