"""Dependencies of every kind."""

# mypy: disable-error-code="no-untyped-def"
# pyright: reportUnknownParameterType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# What a route declares to return changes what it answers: only some are to declare it.
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Form, Header, HTTPException, Query, Request, Security, UploadFile
from pydantic import BaseModel

from tests.fastapi.checklist import call, case, get, post, same


@dataclass
class Paging:
    limit: int = 10
    tags: Annotated[list[str] | None, Query()] = None


class Credentials(BaseModel):
    user: str


class Opened:
    """A dependency that is opened and closed."""

    log: list[str]

    def __init__(self) -> None:
        self.log = []

    async def __call__(self, name: str = "n") -> AsyncIterator[str]:
        self.log.append(f"open {name}")
        yield name
        self.log.append(f"close {name}")


class Service:
    def __init__(self, paging: Annotated[Paging, Depends()], x_user: Annotated[str, Header()] = "nobody") -> None:
        self.text = f"{x_user} {paging.limit}"

    def method(self, q: str = "d") -> str:
        return f"method {q}"

    @classmethod
    def made(cls, q: str = "c") -> str:
        return f"{cls.__name__} {q}"


@case(
    "Dependencies",
    same(
        "A dataclass is a dependency; its fields are parameters.",
        get("/paging?limit=2&tags=a&tags=b"),
        get("/paging?limit=x", 422),
    ),
    same("A pydantic model is one.", get("/credentials?user=u"), get("/credentials", 422)),
    same("A class whose constructor has dependencies is one.", get("/service?limit=3", send={"x-user": "me"})),
    same("Methods, bound or of a class, are.", get("/method?q=x"), get("/made")),
    same("A lambda is.", get("/lambda")),
    same(
        "A dependency may take a form and files.",
        post("/form", data={"user": "u"}, files={"file": ("f", b"abc")}),
        post("/form", 422),
    ),
    same("Two may take one parameter under different types.", get("/twice?n=1"), get("/twice?n=x", 422)),
    same("The same parameter in two places is reported for each.", get("/both?n=x", 422)),
    same("Security without scopes is Depends.", get("/security")),
    same("A dependency's exception has its handlers and headers.", get("/headers", 401, headers=("x-a",))),
    same("Later dependencies do not run after one has failed.", get("/stops", 400), get("/log")),
    same("The handler does not run when a later argument is wrong.", get("/wrong?n=x", 422), get("/log")),
)
def dependencies() -> FastAPI:
    app = FastAPI()
    opened, ran = Opened(), list[str]()

    @app.get("/paging")
    async def paging(paging: Annotated[Paging, Depends()]):
        return paging

    @app.get("/credentials")
    async def credentials(credentials: Annotated[Credentials, Depends()]):
        return credentials

    @app.get("/service")
    async def service(service: Annotated[Service, Depends(Service)]):
        return service.text

    @app.get("/method")
    async def method(text: Annotated[str, Depends(Service(Paging()).method)]):
        return text

    @app.get("/made")
    async def made(text: Annotated[str, Depends(Service.made)]):
        return text

    @app.get("/lambda")
    async def a_lambda(n: Annotated[int, Depends(lambda: 5)]):
        return n

    async def of_form(user: Annotated[str, Form()], file: UploadFile) -> Any:
        return [user, (await file.read()).decode()]

    @app.post("/form")
    async def form(found: Annotated[Any, Depends(of_form)]):
        return found

    def as_int(n: int) -> int:
        return n

    def as_text(n: str) -> str:
        return n

    @app.get("/twice")
    async def twice(a: Annotated[int, Depends(as_int)], b: Annotated[str, Depends(as_text)]):
        return [a, b]

    @app.get("/both")
    async def both(a: Annotated[int, Depends(as_int)], n: int):
        return [a, n]

    @app.get("/security")
    async def security(n: Annotated[int, Security(lambda: 5)]):
        return n

    def refusing() -> None:
        raise HTTPException(401, "no", headers={"X-A": "a"})

    @app.get("/headers", dependencies=[Depends(refusing)])
    async def with_headers(): ...

    def failing() -> None:
        ran.append("failing")
        raise HTTPException(400)

    def later() -> None:
        ran.append("later")

    @app.get("/stops", dependencies=[Depends(opened), Depends(failing), Depends(later)])
    async def stops(): ...

    @app.get("/wrong", dependencies=[Depends(later)])
    async def wrong(n: int):
        ran.append("handler")

    @app.get("/log")
    async def read_log():
        return [opened.log, [name for name in ran if name != "later"]]

    return app


@case(
    "Dependencies with yield",
    same("An instance with a generator `__call__` is a dependency.", get("/instance?name=x"), get("/log")),
    same("A generator may depend on the request and on others.", get("/chain"), get("/log")),
    same("The end of one may raise: the answer was sent before.", get("/late"), get("/log")),
    same("Overrides may be generators.", get("/overridden"), get("/log")),
    same("Without a cache each is opened and closed.", get("/fresh"), get("/log")),
)
def generators() -> FastAPI:
    app = FastAPI()
    opened = Opened()
    log = opened.log

    def chained(request: Request, name: Annotated[str, Depends(opened)]) -> Iterator[str]:
        log.append("chained")
        yield f"{request.url.path} {name}"
        log.append("unchained")

    def replaced() -> str:
        return "never"

    def replacing() -> Iterator[str]:
        yield "replaced"
        log.append("replaced closed")

    app.dependency_overrides[replaced] = replacing

    @app.get("/instance")
    async def instance(name: Annotated[str, Depends(opened)]):
        return name

    @app.get("/chain")
    async def chain(name: Annotated[str, Depends(chained)]):
        return name

    def late() -> Iterator[int]:
        yield 1
        log.append("late")
        raise ValueError("late")

    @app.get("/late")
    async def is_late(n: Annotated[int, Depends(late)]):
        return n

    @app.get("/overridden")
    async def overridden(name: Annotated[str, Depends(replaced)]):
        return name

    @app.get("/fresh")
    async def fresh(a: Annotated[str, Depends(opened)], b: Annotated[str, Depends(opened, use_cache=False)]):
        return [a, b]

    @app.get("/log")
    async def read_log():
        return log

    return app


@case(
    "Bigger Applications",
    same("One router may be included under several prefixes.", get("/a/x"), get("/b/x"), get("/x", 404)),
    same(
        "A router's routes may be of every method.",
        call("DELETE", "/a/x", 204),
        call("PUT", "/a/x"),
        call("PATCH", "/a/x", 405),
    ),
)
def twice_included() -> FastAPI:
    app, router = FastAPI(), APIRouter()

    @router.get("/x")
    async def read(request: Request):
        return request.url.path

    @router.delete("/x", status_code=204)
    async def delete() -> None: ...

    @router.put("/x")
    async def put(request: Request):
        return request.method

    for prefix in ("/a", "/b"):
        app.include_router(router, prefix=prefix)
    return app
