"""What FastAPI's users write beyond a plain route, warm, as HTTP API events: ours beside Mangum + FastAPI, one run.

The same functions are registered with both. And one function middleware, around a route that does nothing.

python -m benchmarks.http_features
"""

import json
from collections.abc import AsyncGenerator, Callable
from functools import partial
from typing import Annotated, Any

import fastapi
from mangum import Mangum
from pydantic import BaseModel

import lambdaframe
from benchmarks.http_events import ORDER, Order, event
from benchmarks.measure import CONTEXT, Work, in_turn, show
from lambdaframe_adapters import LambdaHandler

ROUNDS, CALLS = 11, 200

Handler = Callable[[Any, Any], Any]


class Page(BaseModel):
    """A parameter model."""

    limit: int = 10
    tag: list[str] = []


def build(framework: Any, app: Any) -> Any:
    """The same routes with either framework."""
    depends, query, header = framework.Depends, framework.Query, framework.Header

    async def session() -> AsyncGenerator[dict[str, int]]:
        yield {"orders": 1}

    async def user(authorization: Annotated[str, header()]) -> str:
        return authorization

    async def owner(user: Annotated[str, depends(user)], session: Annotated[dict[str, int], depends(session)]) -> str:
        return user

    async def dependencies(
        owner: Annotated[str, depends(owner)], session: Annotated[dict[str, int], depends(session)]
    ) -> dict[str, Any]:
        return {"owner": owner, **session}

    async def constrained(
        q: Annotated[str, query(max_length=10)], size: Annotated[int, query(ge=1)] = 5
    ) -> dict[str, Any]:
        return {"q": q, "size": size}

    async def model(page: Annotated[Page, query()]) -> dict[str, Any]:
        return {"limit": page.limit, "tags": page.tag}

    async def embedded(order: Order, note: Annotated[str, framework.Body()]) -> dict[str, Any]:
        return {"id": order.id, "note": note}

    async def plain() -> dict[str, Any]:
        return {"hello": "world"}

    for function in (dependencies, constrained, model, plain):
        app.get(f"/{function.__name__}")(function)
    app.post("/embedded")(embedded)
    return app


def with_middleware(framework: Any, app: Any) -> Any:
    """One function middleware that adds a header."""

    async def stamp(request: Any, call_next: Any) -> Any:
        response = await call_next(request)
        response.headers["x-stamp"] = "1"
        return response

    app.middleware("http")(stamp)
    return build(framework, app)


def main() -> None:
    """Print a table for each kind of request."""
    ours: Handler = LambdaHandler(build(lambdaframe, lambdaframe.App()))
    theirs: Handler = Mangum(build(fastapi, fastapi.FastAPI()), lifespan="off")
    stamped: Handler = LambdaHandler(with_middleware(lambdaframe, lambdaframe.App()))
    their_stamped: Handler = Mangum(with_middleware(fastapi, fastapi.FastAPI()), lifespan="off")
    signed = event("/dependencies")
    signed["headers"] = {**signed["headers"], "authorization": "Bearer x"}
    requests = {
        "three dependencies, one a generator": signed,
        "two constrained parameters": {**event("/constrained"), "rawQueryString": "q=abc&size=3"},
        "a parameter model with a list": {**event("/model"), "rawQueryString": "limit=3&tag=a&tag=b"},
        "two bodies in one object": event("/embedded", "POST", json.dumps({"order": ORDER, "note": "n"})),
        "a function middleware": event("/plain"),
    }
    for title, request in requests.items():
        pair = {"lambdaframe": ours, "Mangum + FastAPI": theirs}
        if title == "a function middleware":
            pair = {"lambdaframe": stamped, "Mangum + FastAPI": their_stamped}
        answers = [handler(request, CONTEXT) for handler in pair.values()]
        assert [answer["statusCode"] for answer in answers] == [200, 200], (title, answers)
        assert json.loads(answers[0]["body"]) == json.loads(answers[1]["body"]), (title, answers)
        works: dict[str, Work] = {name: partial(handler, request, CONTEXT) for name, handler in pair.items()}
        show(title, in_turn(works, rounds=ROUNDS, calls=CALLS), to="Mangum + FastAPI")


if __name__ == "__main__":
    main()
