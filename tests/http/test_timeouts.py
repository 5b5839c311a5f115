"""Time limits of routes: a 504, clean-up that runs, and nothing cut off that was already sent."""

from collections.abc import AsyncGenerator, AsyncIterator
from datetime import timedelta
from typing import Any

import anyio
import pytest

from lambdaframe import App, BackgroundTasks, Depends, Invocation, Router, StreamingResponse
from lambdaframe.errors import ConfigurationError
from lambdaframe.types import Message, Scope
from tests.http.wire import ask

SHORT = 0.01


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Time limits hold on both loops."""
    return str(request.param)


async def forever() -> None:
    await anyio.sleep_forever()


@pytest.mark.parametrize("limit", [SHORT, timedelta(seconds=SHORT)])
async def test_a_route_that_takes_too_long_is_cancelled_and_answered_with_504(limit: float | timedelta) -> None:
    app = App()
    seen: list[str] = []

    async def session() -> AsyncGenerator[None]:
        try:
            yield
        finally:
            seen.append("closed")

    @app.get("/", timeout=limit, dependencies=[Depends(session)])
    async def route() -> None:
        try:
            await forever()
        finally:
            seen.append("cancelled")

    sent = await ask(app, "/")

    assert sent.status == 504
    assert sent.header("content-type") == "application/problem+json"
    assert sent.json()["detail"] == "There was no answer within 0.01 s."
    assert seen == ["cancelled", "closed"]


async def test_a_dependency_counts_too() -> None:
    app = App(timeout=SHORT)

    @app.get("/", dependencies=[Depends(forever)])
    async def route() -> None: ...

    assert (await ask(app, "/")).status == 504


async def test_the_nearest_limit_counts() -> None:
    router = Router(prefix="/router", timeout=SHORT)
    app = App(timeout=3600)

    async def remaining(invocation: Invocation) -> float:
        return invocation.remaining()

    async def no_limit(invocation: Invocation) -> str:
        return str(invocation.remaining())

    app.get("/app")(remaining)
    app.get("/own", timeout=60)(remaining)
    app.get("/none", timeout=None)(no_limit)
    router.get("/own", timeout=60)(remaining)
    router.get("/slow")(forever)
    app.include_router(router)

    assert 3500 < (await ask(app, "/app")).json() <= 3600
    assert 50 < (await ask(app, "/own")).json() <= 60
    assert (await ask(app, "/none")).json() == "inf"
    assert 50 < (await ask(app, "/router/own")).json() <= 60
    assert (await ask(app, "/router/slow")).status == 504


async def test_a_mounted_application_has_the_applications_limit() -> None:
    async def hangs(scope: Scope, receive: Any, send: Any) -> None:
        await forever()

    app = App(timeout=SHORT)
    app.mount("/below", hangs)

    assert (await ask(app, "/below/x")).status == 504


async def test_the_handlers_own_timeouts_are_its_own() -> None:
    app = App(timeout=60)

    class LateError(TimeoutError):
        pass

    @app.exception_handler(LateError)
    async def late(request: Any, exc: LateError) -> StreamingResponse:
        return StreamingResponse(iter([b"late"]), 418)

    @app.get("/")
    async def route() -> None:
        raise LateError

    assert (await ask(app, "/")).status == 418


async def test_background_tasks_are_not_part_of_it() -> None:
    app = App(timeout=SHORT)
    seen: list[str] = []

    async def slow() -> None:
        with anyio.move_on_after(SHORT * 5):
            await forever()
        seen.append("done")

    @app.get("/")
    async def route(tasks: BackgroundTasks) -> str:
        tasks.add_task(slow)
        return "sent"

    assert (await ask(app, "/")).json() == "sent"
    assert seen == ["done"]


async def test_a_stream_that_takes_too_long_is_broken_off() -> None:
    app = App(timeout=SHORT)
    sent: list[Message] = []

    @app.get("/")
    async def route() -> StreamingResponse:
        async def chunks() -> AsyncIterator[bytes]:
            yield b"first"
            await forever()

        return StreamingResponse(chunks())

    with pytest.raises(Exception, match="no answer within"):
        await ask(app, "/", on_send=sent.append)
    assert [message.get("body") for message in sent] == [None, b"first"]
    assert sent[-1]["more_body"] is True


async def test_a_blocking_function_is_given_up() -> None:
    from threading import Event

    app = App(timeout=SHORT)
    release = Event()

    @app.get("/")
    def route() -> None:
        release.wait()

    try:
        assert (await ask(app, "/")).status == 504
    finally:
        release.set()


@pytest.mark.parametrize("timeout", [0, -1, "3", True, float("inf"), float("nan"), timedelta(0)])
def test_limits_are_above_zero(timeout: Any) -> None:
    with pytest.raises(ConfigurationError, match="timeout"):
        App(timeout=timeout)
    with pytest.raises(ConfigurationError, match="timeout"):
        App().get("/", timeout=timeout)
