"""Warm HTTP API events through LambdaHandler, Powertools and Mangum, in turn in one run.

python -m benchmarks.http_events
"""

import inspect
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import orjson
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from fastapi import FastAPI
from mangum import Mangum
from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from benchmarks.measure import CONTEXT, Work, in_turn, show
from lambdaframe import App
from lambdaframe_adapters import LambdaHandler

EVENT = json.loads((Path(__file__).parents[1] / "tests/events/http_api/no_body.json").read_text())
ROUTES = 300
ROUNDS, CALLS = 15, 300

Handler = Callable[[Any, Any], Any]


class Order(BaseModel):
    """Ten fields."""

    id: int
    sku: str
    price: float
    paid: bool
    tags: list[str]
    customer: str
    city: str
    quantity: int
    note: str | None
    weight: float


ORDER = {
    "id": 1,
    "sku": "a-1",
    "price": 9.5,
    "paid": True,
    "tags": ["a", "b"],
    "customer": "c",
    "city": "x",
    "quantity": 2,
    "note": None,
    "weight": 0.5,
}
LARGE = {"rows": [{"id": at, "name": f"name {at}", "value": at * 1.5, "tags": ["a", "b"]} for at in range(1_700)]}


def event(path: str, method: str = "GET", body: str | None = None) -> Any:
    """The captured event with another path, method and body."""
    about = EVENT["requestContext"]
    made = {
        **EVENT,
        "rawPath": path,
        "headers": {**EVENT["headers"], "content-type": "application/json"},
        "requestContext": {**about, "stage": "$default", "http": {**about["http"], "method": method, "path": path}},
    }
    return made if body is None else {**made, "body": body, "isBase64Encoded": False}


def register(app: Any, parameter: str, wrap: Callable[[Callable[..., Any]], Any]) -> None:
    """The same routes for every framework that takes decorators; ``wrap`` makes their functions async or not."""

    def hello() -> Any:
        return {"hello": "world"}

    def create(order: Order) -> Order:
        return order

    def large() -> dict[str, Any]:
        return LARGE

    def read(id: str) -> Any:  # noqa: A002  the usual name
        return {"id": id}

    app.get("/hello")(wrap(hello))
    app.post("/orders")(wrap(create))
    app.get("/large")(wrap(large))
    for at in range(ROUTES):
        app.get(f"/r{at}/{parameter}")(wrap(read))


def as_async(function: Callable[..., Any]) -> Any:
    """The same function as a coroutine function."""
    names = ", ".join(inspect.signature(function).parameters)
    scope: dict[str, Any] = {"function": function}
    exec(f"async def call({names}): return function({names})", scope)
    made = scope["call"]
    made.__annotations__ = function.__annotations__
    made.__name__ = function.__name__
    return made


def ours() -> Handler:
    """lambdaframe."""
    app = App()
    register(app, "{id}", as_async)
    return LambdaHandler(app)


def powertools(*, validated: bool) -> Handler:
    """Powertools' resolver, sync."""
    app: Any = APIGatewayHttpResolver(enable_validation=validated)
    register(app, "<id>", lambda function: function)
    handler: Handler = app
    return handler


def mangum_starlette() -> Handler:
    """Starlette behind Mangum, without lifespan: at its best."""

    async def hello(request: Request) -> JSONResponse:
        return JSONResponse({"hello": "world"})

    async def create(request: Request) -> JSONResponse:
        return JSONResponse(Order.model_validate_json(await request.body()).model_dump())

    async def large(request: Request) -> JSONResponse:
        return JSONResponse(LARGE)

    async def read(request: Request) -> JSONResponse:
        return JSONResponse({"id": request.path_params["id"]})

    routes = [Route("/hello", hello), Route("/orders", create, methods=["POST"]), Route("/large", large)]
    app: Any = Starlette(routes=[*routes, *(Route(f"/r{at}/{{id}}", read) for at in range(ROUTES))])
    return Mangum(app, lifespan="off")


def mangum_fastapi() -> Handler:
    """FastAPI behind Mangum, without lifespan: at its best."""
    app: Any = FastAPI()
    register(app, "{id}", as_async)
    return Mangum(app, lifespan="off")


def main() -> None:
    """Print a table for each kind of request."""
    handlers: dict[str, Handler] = {
        "lambdaframe": ours(),
        "Powertools": powertools(validated=False),
        "Powertools, validated": powertools(validated=True),
        "Mangum + Starlette": mangum_starlette(),
        "Mangum + FastAPI": mangum_fastapi(),
    }
    requests = {
        "static JSON route": (event("/hello"), 200, CALLS),
        "POST, 10 fields, validated": (event("/orders", "POST", json.dumps(ORDER)), 200, CALLS),
        "last of 300 routes": (event(f"/r{ROUTES - 1}/abc"), 200, CALLS),
        "404": (event("/nowhere/x"), 404, CALLS),
        "100 KB JSON answer": (event("/large"), 200, 20),
    }
    for title, (request, status, calls) in requests.items():
        taking = {name: handler for name, handler in handlers.items() if _fair(title, name)}
        for name, handler in taking.items():
            answer = handler(request, CONTEXT)
            assert answer["statusCode"] == status, (title, name, answer)
        works: dict[str, Work] = {name: partial(handler, request, CONTEXT) for name, handler in taking.items()}
        if title.startswith("100 KB"):
            works["orjson alone"] = partial(orjson.dumps, LARGE)
        base = {"POST, 10 fields, validated": "Powertools, validated", "100 KB JSON answer": "orjson alone"}
        show(title, in_turn(works, rounds=ROUNDS, calls=calls), to=base.get(title, "Powertools"))
    paths = {"first of 300 routes": "/r0/abc", "last of 300 routes": f"/r{ROUTES - 1}/abc", "static route": "/hello"}
    works = {name: partial(handlers["lambdaframe"], event(path), CONTEXT) for name, path in paths.items()}
    show("lambdaframe's own routes", in_turn(works, rounds=ROUNDS, calls=CALLS), to="static route")


def _fair(title: str, name: str) -> bool:
    """Powertools without validation does not do the work of the validated request."""
    return not (title.startswith("POST") and name == "Powertools")


if __name__ == "__main__":
    main()
