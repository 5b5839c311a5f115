"""Dependencies: functions, classes, and chains of them."""

# mypy: disable-error-code="no-untyped-def"
# pyright: reportUnknownParameterType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# What a route declares to return changes what it answers: only some are to declare it.

from functools import partial
from typing import Annotated, Any

from fastapi import Body, Cookie, Depends, FastAPI, HTTPException, Request
from pydantic import BaseModel

from tests.fastapi.checklist import case, document, get, post, same


class Common:
    def __init__(self, q: str | None = None, limit: int = 100) -> None:
        self.q = q
        self.limit = limit


class Checker:
    def __init__(self, fixed: str) -> None:
        self.fixed = fixed

    def __call__(self, q: str = "") -> bool:
        return self.fixed in q


class AsyncChecker:
    async def __call__(self, q: str = "") -> str:
        return q.upper()


class Item(BaseModel):
    name: str


async def common(q: str | None = None, skip: int = 0) -> dict[str, Any]:
    return {"q": q, "skip": skip}


def blocking(skip: int = 1) -> int:
    return skip


def query(q: str | None = None) -> str | None:
    return q


def query_or_cookie(q: Annotated[str | None, Depends(query)], last: Annotated[str | None, Cookie()] = None) -> Any:
    return q or last


def named(prefix: str, name: str = "n") -> str:
    return prefix + name


async def body(item: Item) -> str:
    return item.name


CommonDep = Annotated[dict[str, Any], Depends(common)]


@case(
    "Dependencies",
    same("`Depends` calls a function whose arguments are bound as a handler's are.", get("/f?q=a&skip=2"), get("/f")),
    same("Its mistakes are the request's.", get("/f?skip=x", 422)),
    same("It may be async or not, in handlers of either kind.", get("/sync?skip=5")),
    same("An alias with Annotated is shared.", get("/alias?q=x")),
    same("`Depends` may be the default value instead.", get("/default?q=x")),
    same(
        "Its parameters stand in the document.",
        document(lambda doc: [(p["name"], p["in"], p["required"]) for p in doc["paths"]["/f"]["get"]["parameters"]]),
    ),
    same("A class is a dependency.", get("/class?q=a&limit=3")),
    same("`Depends()` calls the argument's own type.", get("/shortcut?limit=4"), get("/shortcut?limit=x", 422)),
    same("An instance with `__call__` is one, async or not.", get("/instance?q=bar"), get("/async-instance?q=bar")),
    same("A partial is one.", get("/partial?name=x")),
    same("Dependencies have dependencies.", get("/sub?q=x"), get("/sub", send={"cookie": "last=l"})),
    same("A dependency may take the body.", post("/body", json={"name": "n"}), post("/body", 422, json={})),
    same(
        "… which joins with the handler's.",
        post("/bodies", json={"item": {"name": "n"}, "n": 1}),
        post("/bodies", 422, json={"n": 1}),
    ),
    same("It may take the Request and raise.", get("/raise", 418), get("/raise?ok=1")),
)
def functions() -> FastAPI:
    app = FastAPI()

    @app.get("/f")
    async def function(commons: Annotated[dict[str, Any], Depends(common)]):
        return commons

    @app.get("/sync")
    def sync(a: Annotated[dict[str, Any], Depends(common)], b: Annotated[int, Depends(blocking)]):
        return [a, b]

    @app.get("/alias")
    async def alias(commons: CommonDep):
        return commons

    @app.get("/default")
    async def default(commons: dict[str, Any] = Depends(common)):  # noqa: B008  that it is the default is the point
        return commons

    @app.get("/class")
    async def a_class(commons: Annotated[Common, Depends(Common)]):
        return [commons.q, commons.limit]

    @app.get("/shortcut")
    async def shortcut(commons: Annotated[Common, Depends()]):
        return [commons.q, commons.limit]

    @app.get("/instance")
    async def instance(found: Annotated[bool, Depends(Checker("bar"))]):
        return found

    @app.get("/async-instance")
    async def async_instance(found: Annotated[str, Depends(AsyncChecker())]):
        return found

    @app.get("/partial")
    async def a_partial(found: Annotated[str, Depends(partial(named, "p-"))]):
        return found

    @app.get("/sub")
    async def sub(found: Annotated[Any, Depends(query_or_cookie)]):
        return found

    @app.post("/body")
    async def of_body(name: Annotated[str, Depends(body)]):
        return name

    @app.post("/bodies")
    async def of_bodies(name: Annotated[str, Depends(body)], n: Annotated[int, Body()]):
        return [name, n]

    def teapot(request: Request) -> None:
        if "ok" not in request.query_params:
            raise HTTPException(418, "I am one")

    @app.get("/raise")
    async def raises(_: Annotated[None, Depends(teapot)]):
        return "fine"

    return app


@case(
    "Dependencies",
    same("A dependency runs once for each request, whoever needs it.", get("/shared"), get("/shared")),
    same("… unless `use_cache=False`.", get("/fresh")),
)
def cached() -> FastAPI:
    app = FastAPI()
    calls: list[int] = []

    def counted() -> int:
        calls.append(1)
        return len(calls)

    def through(n: Annotated[int, Depends(counted)]) -> int:
        return n

    @app.get("/shared")
    async def shared(a: Annotated[int, Depends(through)], b: Annotated[int, Depends(counted)]):
        return [a, b]

    @app.get("/fresh")
    async def fresh(a: Annotated[int, Depends(counted)], b: Annotated[int, Depends(counted, use_cache=False)]):
        return [a, b]

    return app
