"""Where dependencies can be declared, and replaced."""

# mypy: disable-error-code="no-untyped-def"
# pyright: reportUnknownParameterType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# What a route declares to return changes what it answers: only some are to declare it.

from typing import Annotated, Any

from fastapi import APIRouter, Cookie, Depends, FastAPI, Header, HTTPException, Query, Request

from tests.fastapi.checklist import case, document, get, not_offered, same


def blocking(skip: int = 1) -> int:
    return skip


def query(q: str | None = None) -> str | None:
    return q


def query_or_cookie(q: Annotated[str | None, Depends(query)], last: Annotated[str | None, Cookie()] = None) -> Any:
    return q or last


async def token(x_token: Annotated[str, Header()]) -> str:
    if x_token != "secret":
        raise HTTPException(400, "X-Token header invalid")
    return x_token


@case(
    "Dependencies in Decorators, Routers and Applications",
    same(
        "`dependencies=[...]` of a route are called for their effect.",
        get("/route", 422),
        get("/route", 400, send={"x-token": "x"}),
        get("/route", send={"x-token": "secret"}),
    ),
    same(
        "Those of the application run for every route.",
        get("/route?stop=1", 418, send={"x-token": "secret"}),
        get("/free?stop=1", 418),
    ),
    same("Those of a router run for its routes.", get("/router", 422), get("/router", send={"x-token": "secret"})),
    same(
        "The application's come first, then the router's, then the route's.", get("/order", send={"x-token": "secret"})
    ),
    same(
        "Their parameters stand in the document.",
        document(lambda doc: [p["name"] for p in doc["paths"]["/route"]["get"]["parameters"]]),
    ),
)
def decorators() -> FastAPI:
    def stop(request: Request, stop: Annotated[bool, Query()] = False) -> None:
        request.state.order = ["app"]
        if stop:
            raise HTTPException(418)

    def of_router(request: Request) -> None:
        request.state.order.append("router")

    def of_include(request: Request) -> None:
        request.state.order.append("include")

    def of_route(request: Request) -> None:
        request.state.order.append("route")

    app = FastAPI(dependencies=[Depends(stop)])
    router = APIRouter(dependencies=[Depends(of_router), Depends(token)])

    @app.get("/route", dependencies=[Depends(token)])
    async def route():
        return "in"

    @app.get("/free")
    async def free():
        return "in"

    @router.get("/router")
    async def routed():
        return "in"

    @router.get("/order", dependencies=[Depends(of_route)])
    async def order(request: Request):
        return request.state.order

    app.include_router(router, dependencies=[Depends(of_include)])
    return app


@case(
    "Advanced Dependencies",
    not_offered(
        "`Depends(..., max_concurrency=5)` limits how many calls of it run at once.",
        get("/"),
        refused="max_concurrency",
        because="A Lambda process serves one request at a time; where it does not, there is `anyio.CapacityLimiter`.",
    ),
)
def concurrency() -> FastAPI:
    app = FastAPI()

    @app.get("/")
    async def read(n: Annotated[int, Depends(blocking, max_concurrency=5)]):
        return n

    return app


@case(
    "Testing Dependencies with Overrides",
    same("`dependency_overrides` puts another function in a dependency's place.", get("/?skip=9")),
    same("… also below others, and with parameters of its own.", get("/sub?other=o")),
    same("It can be changed between requests.", get("/reset"), get("/?skip=9")),
)
def overrides() -> FastAPI:
    app = FastAPI()

    def other(other: str = "default") -> str:
        return f"overridden {other}"

    @app.get("/")
    async def read(n: Annotated[int, Depends(blocking)]):
        return n

    @app.get("/sub")
    async def sub(found: Annotated[Any, Depends(query_or_cookie)]):
        return found

    @app.get("/reset")
    async def reset():
        app.dependency_overrides = {}

    app.dependency_overrides[blocking] = lambda: -1
    app.dependency_overrides[query] = other
    return app
