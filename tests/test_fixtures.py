"""The fixtures that guard all other tests do guard."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from anyio import to_thread

from lambdaframe import App
from lambdaframe.testing import TestClient


def app_that_calls(function: Callable[[], Any]) -> App:
    app = App()

    @app.get("/")
    async def answer() -> str:
        return str(await function())

    return app


def test_a_blocking_call_inside_the_loop_fails(capsys: pytest.CaptureFixture[str]) -> None:
    async def block() -> None:
        time.sleep(0)  # noqa: ASYNC251  it blocks on purpose

    with TestClient(app_that_calls(block), raise_server_exceptions=False) as client:
        assert client.get("/").status_code == 500
    assert "BlockingError" in capsys.readouterr().out


def test_the_same_call_in_a_thread_does_not() -> None:
    async def aside() -> None:
        await to_thread.run_sync(time.sleep, 0)

    with TestClient(app_that_calls(aside)) as client:
        assert client.get("/").json() == "None"


def test_events_are_new_copies(event: Callable[[str], dict[str, Any]]) -> None:
    first = event("sqs/standard")
    first["Records"].clear()
    assert event("sqs/standard")["Records"]
