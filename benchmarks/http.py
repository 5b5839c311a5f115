"""Warm HTTP API events through LambdaHandler, Powertools and Mangum, in turn in one run.

python -m benchmarks.http
"""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
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

from benchmarks.measure import in_turn, show
from lambdaframe import App
from lambdaframe_adapters import LambdaHandler

EVENT = json.loads((Path(__file__).parents[1] / "tests/events/http_api/no_body.json").read_text())
CONTEXT: Any = SimpleNamespace(
    function_name="bench",
    function_version="$LATEST",
    memory_limit_in_mb="512",
    invoked_function_arn="arn:aws:lambda:eu-west-1:123456789012:function:bench",
    aws_request_id="52fdfc07-2182-154f-163f-5f0f9a621d72",
    get_remaining_time_in_millis=lambda: 30_000,
)
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


def ours() -> Handler:
    """lambdaframe."""
    app = App()

    @app.get("/hello")
    async def hello() -> Any:
        return {"hello": "world"}

    @app.post("/orders")
    async def create(order: Order) -> Order:
        return order

    @app.get("/large")
    async def large() -> dict[str, Any]:
        return LARGE

    def add(at: int) -> None:
        @app.get(f"/r{at}/{{id}}")
        async def read(id: str) -> dict[str, str]:  # noqa: A002  as in the peers
            return {"id": id}

    for at in range(ROUTES):
        add(at)
    return LambdaHandler(app)


def powertools(*, validated: bool) -> Handler:
    """Powertools' resolver, sync."""
    app: Any = APIGatewayHttpResolver(enable_validation=validated)

    @app.get("/hello")
    def hello() -> Any:
        return {"hello": "world"}

    @app.post("/orders")
    def create(order: Order) -> Order:
        return order

    @app.get("/large")
    def large() -> dict[str, Any]:
        return LARGE

    def add(at: int) -> None:
        @app.get(f"/r{at}/<id>")
        def read(id: str) -> dict[str, str]:  # noqa: A002
            return {"id": id}

    for at in range(ROUTES):
        add(at)
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

    @app.get("/hello")
    async def hello() -> Any:
        return {"hello": "world"}

    @app.post("/orders")
    async def create(order: Order) -> Order:
        return order

    @app.get("/large")
    async def large() -> dict[str, Any]:
        return LARGE

    def add(at: int) -> None:
        @app.get(f"/r{at}/{{id}}")
        async def read(id: str) -> dict[str, str]:  # noqa: A002
            return {"id": id}

    for at in range(ROUTES):
        add(at)
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
        works: dict[str, Callable[[], object]] = {
            name: lambda handler=handler, request=request: handler(request, CONTEXT) for name, handler in taking.items()
        }
        if title.startswith("100 KB"):
            works["orjson alone"] = lambda: orjson.dumps(LARGE).decode()
        base = {"POST, 10 fields, validated": "Powertools, validated", "100 KB JSON answer": "orjson alone"}
        show(title, in_turn(works, rounds=ROUNDS, calls=calls), to=base.get(title, "Powertools"))
    paths = {"first of 300 routes": "/r0/abc", "last of 300 routes": f"/r{ROUTES - 1}/abc", "static route": "/hello"}
    works = {
        name: lambda request=event(path): handlers["lambdaframe"](request, CONTEXT)  # noqa: B008  bound on purpose
        for name, path in paths.items()
    }
    show("lambdaframe's own routes", in_turn(works, rounds=ROUNDS, calls=CALLS), to="static route")


def _fair(title: str, name: str) -> bool:
    """Powertools without validation does not do the work of the validated request."""
    return not (title.startswith("POST") and name == "Powertools")


if __name__ == "__main__":
    main()
