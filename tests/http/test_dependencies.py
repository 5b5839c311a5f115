"""Dependencies as a handler sees them: what is called, in which order, how often, and when it is cleaned up."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from threading import get_ident
from typing import Annotated, Any

import pytest
from pydantic import BaseModel

from lambdaframe import App, BackgroundTasks, Depends, Form, Header, HTTPException, Request, Response, Router, Security
from lambdaframe.errors import ConfigurationError
from lambdaframe.security import SecurityScopes
from lambdaframe.types import Message
from tests.http.wire import ask


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Dependencies are called on both loops."""
    return str(request.param)


class Counter:
    """A dependency that says how often it was called."""

    def __init__(self) -> None:
        self.calls = 0

    async def __call__(self) -> int:
        self.calls += 1
        return self.calls


async def token(x_token: Annotated[str, Header()]) -> str:
    return x_token


def blocking(q: int) -> tuple[int, int]:
    return q, get_ident()


@dataclass
class Page:
    limit: int = 10
    offset: int = 0


class Filter(BaseModel):
    sku: str = ""


class Reader:
    def __init__(self, prefix: str) -> None:
        self.prefix = prefix

    def read(self, q: int) -> str:
        return f"{self.prefix}{q}"


async def test_every_kind_of_dependency_is_called() -> None:
    app = App()

    @app.get("/")
    async def route(
        who: Annotated[str, Depends(token)],
        number: Annotated[tuple[int, int], Depends(blocking)],
        page: Annotated[Page, Depends()],
        wanted: Annotated[Filter, Depends(Filter)],
        bound: Annotated[str, Depends(Reader("q=").read)],
        part: Annotated[str, Depends(partial(Reader.read, Reader("p=")))],
        old: str = Depends(token),
    ) -> dict[str, Any]:
        assert number[1] != get_ident()  # not on the loop's thread
        return {"who": who, "q": number[0], "page": page, "sku": wanted.sku, "bound": bound, "part": part, "old": old}

    sent = await ask(app, "/", query="q=4&limit=2&sku=ab", headers=[("x-token", "me")])

    assert sent.json() == {
        "who": "me",
        "q": 4,
        "page": {"limit": 2, "offset": 0},
        "sku": "ab",
        "bound": "q=4",
        "part": "p=4",
        "old": "me",
    }


async def test_what_is_needed_twice_is_called_once_a_request() -> None:
    app, count, fresh = App(), Counter(), Counter()

    async def below(number: Annotated[int, Depends(count)]) -> int:
        return number * 10

    @app.get("/")
    async def route(
        first: Annotated[int, Depends(count)],
        second: Annotated[int, Depends(count)],
        deep: Annotated[int, Depends(below)],
        one: Annotated[int, Depends(fresh, use_cache=False)],
        two: Annotated[int, Depends(fresh, use_cache=False)],
    ) -> list[int]:
        return [first, second, deep, one, two]

    assert (await ask(app, "/")).json() == [1, 1, 10, 1, 2]
    assert (await ask(app, "/")).json() == [2, 2, 20, 3, 4]


async def test_dependencies_of_the_app_the_routers_and_the_route_run_from_outside_in() -> None:
    seen: list[str] = []

    def note(word: str) -> Any:
        async def noting() -> None:
            seen.append(word)

        return Depends(noting)

    inner, outer = Router(prefix="/in", dependencies=[note("inner")]), Router(dependencies=[note("outer")])
    app = App(dependencies=[note("app")])

    @inner.get("/", dependencies=[note("route")])
    async def route(argument: Annotated[None, note("argument")]) -> None:
        seen.append("handler")

    outer.include_router(inner, dependencies=[note("included")])
    app.include_router(outer, prefix="/out")

    assert (await ask(app, "/out/in/")).status == 200
    assert seen == ["app", "outer", "included", "inner", "route", "argument", "handler"]


# Generators


def recorder(seen: list[str]) -> Callable[[Message], None]:
    """Notes when the answer goes out."""

    def on_send(message: Message) -> None:
        seen.append(message["type"].removeprefix("http.response."))

    return on_send


@pytest.mark.parametrize("kind", ["async", "sync"])
async def test_clean_up_runs_after_the_response_or_before_it_where_asked(kind: str) -> None:
    app = App()
    seen: list[str] = []

    def opened(name: str) -> Any:
        async def open_async() -> AsyncGenerator[str]:
            seen.append(f"open {name}")
            yield name
            seen.append(f"close {name}")

        def open_sync() -> Generator[str]:
            seen.append(f"open {name}")
            yield name
            seen.append(f"close {name}")

        return open_async if kind == "async" else open_sync

    outer = opened("outer")

    async def inner(outer: Annotated[str, Depends(outer)]) -> AsyncIterator[str]:
        seen.append("open inner")
        yield outer + "+inner"
        seen.append("close inner")

    @app.get("/")
    async def route(
        tasks: BackgroundTasks,
        early: Annotated[str, Depends(opened("early"), scope="function")],
        both: Annotated[str, Depends(inner)],
    ) -> list[str]:
        tasks.add_task(seen.append, "task")
        seen.append("handler")
        return [early, both]

    sent = await ask(app, "/", on_send=recorder(seen))

    assert sent.json() == ["early", "outer+inner"]
    assert seen == [
        "open early",
        "open outer",
        "open inner",
        "handler",
        "close early",
        "start",
        "body",
        "task",
        "close inner",
        "close outer",
    ]


class RollbackError(Exception):
    pass


@pytest.mark.parametrize("idempotent", [False, True])
async def test_a_generator_sees_the_handlers_exception(idempotent: bool) -> None:
    app = App(idempotency="memory://")
    seen: list[str] = []

    async def session() -> AsyncGenerator[str]:
        try:
            yield "session"
        except RollbackError as exc:
            seen.append("rolled back")
            raise HTTPException(409, "Somebody was faster.") from exc
        except HTTPException:
            seen.append("saw the answer")
            raise
        else:
            seen.append("committed")

    @app.post("/{way}", idempotent=idempotent)
    async def route(way: str, session: Annotated[str, Depends(session)]) -> str:
        if way == "fail":
            raise RollbackError
        if way == "answer":
            raise HTTPException(404)
        return session

    async def status(way: str) -> int:
        return (await ask(app, f"/{way}", "POST", headers=[("idempotency-key", way)])).status

    assert [await status(way) for way in ("fail", "answer", "work")] == [409, 404, 200]
    assert seen == ["rolled back", "saw the answer", "committed"]


@pytest.mark.parametrize("idempotent", [False, True])
async def test_a_generator_that_swallows_an_exception_is_a_server_error(idempotent: bool) -> None:
    app = App(idempotency="memory://")

    async def swallow() -> AsyncGenerator[None]:
        with suppress(RollbackError):
            yield

    @app.post("/", idempotent=idempotent)
    async def route(session: Annotated[None, Depends(swallow)]) -> None:
        raise RollbackError

    assert (await ask(app, "/", "POST", headers=[("idempotency-key", "k")])).status == 500


async def test_what_was_opened_is_closed_when_a_later_dependency_refuses() -> None:
    app = App()
    seen: list[str] = []

    def opened() -> Iterator[None]:
        seen.append("open")
        try:
            yield
        finally:
            seen.append("close")

    async def refuse() -> None:
        raise HTTPException(403)

    @app.get("/", dependencies=[Depends(opened), Depends(refuse)])
    async def route() -> None:
        seen.append("handler")

    assert (await ask(app, "/")).status == 403
    assert seen == ["open", "close"]


async def test_a_clean_up_that_fails_leaves_the_answer_as_it_was_sent() -> None:
    app = App()

    async def opened() -> AsyncGenerator[None]:
        yield
        raise RuntimeError("too late")

    @app.get("/", dependencies=[Depends(opened)])
    async def route() -> str:
        return "sent"

    assert (await ask(app, "/")).json() == "sent"


# Errors


async def test_all_errors_are_told_together_and_only_what_fits_is_called() -> None:
    app = App()
    seen: list[str] = []

    async def broken(limit: int) -> None:
        seen.append("broken")

    async def above(value: Annotated[None, Depends(broken)], page: int) -> None:
        seen.append("above")

    async def fine(q: str = "") -> None:
        seen.append("fine")

    @app.get("/", dependencies=[Depends(above), Depends(fine)])
    async def route(size: int) -> None:
        seen.append("handler")

    sent = await ask(app, "/", query="limit=x&page=1")

    assert sent.status == 422
    assert {tuple(error["loc"]) for error in sent.json()["errors"]} == {("query", "limit"), ("query", "size")}
    assert seen == ["fine"]


async def test_a_refusal_comes_before_what_else_is_wrong() -> None:
    app = App()

    async def signed_in(request: Request) -> None:
        if "authorization" not in request.headers:
            raise HTTPException(401)

    @app.post("/", dependencies=[Depends(signed_in)])
    async def route(size: int, wanted: Filter) -> None: ...

    assert (await ask(app, "/", "POST")).status == 401
    assert (await ask(app, "/", "POST", headers=[("authorization", "x")])).status == 422


# What else a handler can ask for


async def test_an_injected_response_adds_to_the_answer() -> None:
    app = App()

    async def stamped(response: Response) -> None:
        response.headers["x-stamp"] = "1"

    @app.get("/", dependencies=[Depends(stamped)])
    async def route(response: Response, teapot: bool = False) -> dict[str, str]:
        response.set_cookie("seen", "yes")
        if teapot:
            response.status_code = 418
        return {"tea": "yes"}

    plain, teapot = await ask(app, "/"), await ask(app, "/", query="teapot=1")

    assert (plain.status, teapot.status) == (200, 418)
    assert plain.json() == {"tea": "yes"}
    assert plain.header("x-stamp") == "1"
    assert str(plain.header("set-cookie")).startswith("seen=yes")
    assert plain.header("content-length") == str(len(plain.body))


async def test_security_scopes_are_those_on_the_way_to_a_dependency() -> None:
    app = App()

    async def user(scopes: SecurityScopes) -> str:
        return scopes.scope_str

    async def writer(who: Annotated[str, Security(user, scopes=["write"])]) -> str:
        return who

    @app.get("/", dependencies=[Security(user, scopes=["audit"])])
    async def route(
        plain: Annotated[str, Depends(user)],
        scoped: Annotated[str, Security(user, scopes=["read"])],
        deep: Annotated[str, Security(writer, scopes=["admin"])],
    ) -> list[str]:
        return [plain, scoped, deep]

    assert (await ask(app, "/")).json() == ["", "read", "admin write"]


async def test_dependencies_are_overridden_and_come_back() -> None:
    app = App()

    async def database() -> str:
        return "real"

    async def repository(database: Annotated[str, Depends(database)]) -> str:
        return f"{database} repository"

    async def fake(q: str = "fake") -> str:
        return q

    @app.get("/")
    async def route(repository: Annotated[str, Depends(repository)]) -> str:
        return repository

    assert (await ask(app, "/")).json() == "real repository"
    app.dependency_overrides[database] = fake
    assert (await ask(app, "/")).json() == "fake repository"
    assert (await ask(app, "/", query="q=other")).json() == "other repository"
    app.dependency_overrides = {}
    assert (await ask(app, "/")).json() == "real repository"


# Mistakes


async def function_long() -> AsyncGenerator[None]:
    yield


async def request_long(value: Annotated[None, Depends(function_long, scope="function")]) -> AsyncGenerator[None]:
    yield


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        (Annotated[None, Depends(3)], "needs a function or a class"),  # type: ignore[arg-type]  # the mistake
        (Annotated[None, Depends()], "needs a function or a class"),
        (Annotated[None, Depends(request_long)], "ends with the function"),
        (Annotated[str, Header("x")], "write the default"),
    ],
)
def test_mistakes_are_found_at_registration(argument: Any, said: str) -> None:
    app = App()

    async def route(value: Any) -> None: ...

    route.__annotations__["value"] = argument
    with pytest.raises(ConfigurationError, match=said):
        app.get("/")(route)


def test_a_dependency_that_needs_itself_is_found() -> None:
    app = App()

    async def one(two: None) -> None: ...

    async def two(one: Annotated[None, Depends(one)]) -> None: ...

    one.__annotations__["two"] = Annotated[None, Depends(two)]
    with pytest.raises(ConfigurationError, match="depends on itself"):

        @app.get("/")
        async def route(value: Annotated[None, Depends(one)]) -> None: ...


@pytest.mark.parametrize("credentials", [False, True])
async def test_a_refusal_comes_before_a_form_that_cannot_be_read(credentials: bool) -> None:
    app = App()

    async def signed_in(request: Request) -> None:
        if "authorization" not in request.headers:
            raise HTTPException(401)

    @app.post("/", dependencies=[Depends(signed_in)])
    async def route(name: Annotated[str, Form()]) -> None: ...

    headers = [("content-type", "multipart/form-data"), *([("authorization", "x")] if credentials else [])]
    assert (await ask(app, "/", "POST", headers=headers)).status == (400 if credentials else 401)
