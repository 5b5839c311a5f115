"""Dependencies with yield; lifespans; background tasks."""

# mypy: disable-error-code="no-untyped-def"
# pyright: reportUnknownParameterType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# What a route declares to return changes what it answers: only some are to declare it.

import warnings
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.background import BackgroundTask

from tests.fastapi.checklist import case, get, not_offered, same


class OwnerError(Exception):
    pass


@case(
    "Dependencies with yield",
    same("The value is what is yielded; what follows runs afterwards.", get("/ok"), get("/log")),
    same("Generators may be async or not; the last one opened ends first.", get("/nested"), get("/log")),
    same("An exception of the handler is raised at the yield.", get("/fails", 500), get("/log")),
    same("… an HTTPException, too, and it is still the answer.", get("/http", 404), get("/log")),
    same("Another HTTPException may be raised there instead.", get("/translated", 400)),
    same("An exception that is swallowed there is a 500.", get("/swallowed", 500)),
    same("What is behind the yield runs once for each request.", get("/twice"), get("/log")),
    same("It runs after a streamed answer was sent.", get("/stream"), get("/log")),
    same("… with `scope='function'` before.", get("/function-scope"), get("/log")),
    same("It runs after background tasks.", get("/background"), get("/log")),
    same("When a later dependency raises, earlier ones end.", get("/later", 400), get("/log")),
)
def generators() -> FastAPI:
    app = FastAPI()
    log: list[str] = []

    async def session() -> AsyncIterator[str]:
        log.append("open")
        try:
            yield "session"
        except Exception as exc:
            log.append(type(exc).__name__)
            raise
        finally:
            log.append("close")

    def inner(session: Annotated[str, Depends(session)]) -> Iterator[str]:
        log.append("inner open")
        yield f"inner {session}"
        log.append("inner close")

    def translating() -> Iterator[None]:
        try:
            yield
        except OwnerError as exc:
            raise HTTPException(400, f"Owner error: {exc}") from exc

    def swallowing() -> Iterator[None]:
        try:
            yield
        except OwnerError:
            log.append("swallowed")

    def stopping(session: Annotated[str, Depends(session)]) -> None:
        raise HTTPException(400, "stop")

    @app.get("/log")
    async def read_log():
        seen = log[:]
        log.clear()
        return seen

    @app.get("/ok")
    async def ok(session: Annotated[str, Depends(session)]):
        log.append("handler")
        return session

    @app.get("/nested")
    async def nested(inner: Annotated[str, Depends(inner)]):
        log.append("handler")
        return inner

    @app.get("/fails")
    async def fails(session: Annotated[str, Depends(session)]):
        raise OwnerError

    @app.get("/http")
    async def http(session: Annotated[str, Depends(session)]):
        raise HTTPException(404, "none")

    @app.get("/translated")
    async def translated(_: Annotated[None, Depends(translating)]):
        raise OwnerError("x")

    @app.get("/swallowed")
    async def swallowed(_: Annotated[None, Depends(swallowing)]):
        raise OwnerError("x")

    @app.get("/twice")
    async def twice(a: Annotated[str, Depends(session)], b: Annotated[str, Depends(inner)]):
        return [a, b]

    async def letters() -> AsyncIterator[str]:
        for letter in "ab":
            log.append(letter)
            yield letter

    @app.get("/stream")
    async def stream(session: Annotated[str, Depends(session)]):
        return StreamingResponse(letters())

    @app.get("/function-scope")
    async def function_scope(session: Annotated[str, Depends(session, scope="function")]):
        return StreamingResponse(letters())

    @app.get("/background")
    async def background(session: Annotated[str, Depends(session)], tasks: BackgroundTasks):
        tasks.add_task(log.append, "task")
        return 1

    @app.get("/later")
    async def later(_: Annotated[None, Depends(stopping)]): ...

    return app


@case(
    "Background Tasks",
    same("Tasks run after the answer, in order, async or not.", get("/two"), get("/log")),
    same("A dependency may add to them.", get("/dependency?q=x"), get("/log")),
    same("They stand beside a Response that is returned.", get("/response"), get("/log")),
    same("A Response may bring a task of its own.", get("/own"), get("/log")),
    same("They do not run when the handler raises.", get("/raises", 400), get("/log")),
)
def background() -> FastAPI:
    app = FastAPI()
    log: list[str] = []

    async def write(text: str, *, times: int = 1) -> None:
        log.extend([text] * times)

    def noted(tasks: BackgroundTasks, q: str = "") -> str:
        tasks.add_task(write, f"found {q}")
        return q

    @app.get("/log")
    async def read_log():
        return log

    @app.get("/two")
    async def two(tasks: BackgroundTasks):
        tasks.add_task(write, "a", times=2)
        tasks.add_task(log.append, "b")
        log.append("handler")
        return 1

    @app.get("/dependency")
    async def dependency(tasks: BackgroundTasks, q: Annotated[str, Depends(noted)]):
        tasks.add_task(write, "more")
        return q

    @app.get("/response")
    async def response(tasks: BackgroundTasks):
        tasks.add_task(write, "a")
        return JSONResponse([])

    @app.get("/own")
    async def own():
        return Response("x", background=BackgroundTask(write, "own"))

    @app.get("/raises")
    async def raises(tasks: BackgroundTasks):
        tasks.add_task(write, "never")
        raise HTTPException(400)

    return app


@case(
    "Lifespan Events",
    same("`lifespan` runs around the life of the process.", get("/")),
    same("What it yields is `request.state`.", get("/state")),
)
def lifespan() -> FastAPI:
    model: dict[str, int] = {}

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncGenerator[dict[str, Any]]:
        model["answer"] = 42
        yield {"client": "c"}
        model.clear()

    app = FastAPI(lifespan=life)

    @app.get("/")
    async def read():
        return model

    @app.get("/state")
    async def state(request: Request):
        return request.state.client

    return app


@case(
    "Lifespan Events",
    not_offered(
        "`@app.on_event('startup')`, deprecated.",
        get("/"),
        refused="on_event",
        because="`lifespan` does both, and keeps what belongs together in one function.",
    ),
)
def on_event() -> FastAPI:
    app = FastAPI()
    started: list[bool] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")

        @app.on_event("startup")  # pyright: ignore[reportDeprecated]  that it is there is the point
        async def start() -> None:
            started.append(True)

    @app.get("/")
    async def read():
        return started

    return app


@case(
    "Lifespan Events",
    same("`app.state` is the application's own, as `request.app.state`.", get("/")),
)
def app_state() -> FastAPI:
    app = FastAPI()
    app.state.answer = 42

    @app.get("/")
    async def read(request: Request):
        return request.app.state.answer

    return app
