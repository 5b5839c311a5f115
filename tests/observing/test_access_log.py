"""One wide line tells the story of a request, or of a batch."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint

from lambdaframe import App, Record, StreamingResponse, bind, logger
from lambdaframe.errors import ConfigurationError
from lambdaframe.logging.context import note
from lambdaframe.testing import TestClient
from lambdaframe_adapters import LambdaHandler
from lambdaframe_adapters.testing import LambdaContext
from tests.logging.written import Written
from tests.observing.test_correlation import sqs

Make = Callable[..., LambdaHandler]


def wide(written: Written, message: str = "request") -> list[dict[str, Any]]:
    """The canonical lines, without what every line says and without the time it took."""
    found = [line for line in written.lines if line.get("logger") == "lambdaframe.access"]
    assert all(line["message"] == message for line in found)
    assert all(line.pop("duration_ms") > 0 for line in found)
    common = {"location", "message", "timestamp", "service", "cold_start", "function_request_id", "correlation_id"}
    return [{key: value for key, value in line.items() if key not in {*common, "logger"}} for line in found]


def service() -> App:
    app = App(access_log="canonical", idempotency="memory://")

    @app.get("/orders/{order_id}")
    async def read(order_id: int) -> dict[str, int]:
        bind(order_id=order_id)
        logger.info("reading")
        note(rows=3)
        return {"id": order_id}

    @app.post("/sync")
    def in_a_thread(order: dict[str, int]) -> None:
        bind(order_id=order["id"])

    @app.get("/fails")
    async def fails() -> None:
        bind(step=1)
        raise ValueError("secret")

    @app.get("/streams")
    async def streams(cut: bool = False) -> StreamingResponse:
        async def parts() -> AsyncGenerator[bytes]:
            yield b"1234"
            if cut:
                raise ValueError("cut")
            yield b"56"

        return StreamingResponse(parts())

    @app.post("/orders", idempotent=True)
    async def create() -> dict[str, int]:
        return {"id": 1}

    return app


def test_the_story_of_a_request(written: Written) -> None:
    TestClient(service()).get("/orders/7?secret=1")
    assert [line["message"] for line in written.lines] == ["reading", "request"]
    assert "rows" not in written.lines[0]
    assert wide(written) == [
        {
            "level": "INFO",
            "order_id": 7,
            "rows": 3,
            "method": "GET",
            "route": "/orders/{order_id}",
            "status": 200,
            "request_bytes": 0,
            "response_bytes": 8,
            "outcome": "ok",
        }
    ]
    assert "secret" not in written.getvalue()


def test_what_a_sync_handler_binds_in_its_thread_is_told(written: Written) -> None:
    TestClient(service()).post("/sync", json={"id": 7})
    [line] = wide(written)
    assert (line["order_id"], line["request_bytes"], line["route"]) == (7, 8, "/sync")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/nowhere", {"route": None, "status": 404, "outcome": "ok", "level": "INFO"}),
        ("/orders/x", {"route": "/orders/{order_id}", "status": 422, "outcome": "ok", "level": "INFO"}),
        ("/fails", {"route": "/fails", "status": 500, "level": "ERROR", "step": 1}),
        ("/streams", {"route": "/streams", "status": 200, "response_bytes": 6, "outcome": "ok"}),
        ("/streams?cut=1", {"status": 200, "response_bytes": 4, "outcome": "cut off", "level": "ERROR"}),
    ],
)
def test_how_it_ended(path: str, expected: dict[str, Any], written: Written) -> None:
    TestClient(service(), raise_server_exceptions=False).get(path)
    [line] = wide(written)
    assert line.items() >= expected.items()


def test_an_answer_that_stops_halfway_is_told(written: Written) -> None:
    async def half(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"123", "more_body": True})

    app = App(access_log="canonical")
    app.mount("/half", half)
    asyncio.run(_asked(app, "/half"))
    [line] = wide(written)
    assert (line["status"], line["response_bytes"], line["outcome"], line["level"]) == (200, 3, "cut off", "ERROR")


async def _asked(app: App, path: str) -> None:
    scope: dict[str, Any] = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": []}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None: ...

    await app({**scope, "raw_path": path.encode()}, receive, send)


def test_what_became_of_an_idempotent_request(written: Written) -> None:
    client = TestClient(service())
    for _ in range(2):
        client.post("/orders", headers={"idempotency-key": "a"})
    assert [line["idempotency"] for line in wide(written)] == ["acquired", "replayed"]


def test_the_story_of_a_batch(make: Make, written: Written) -> None:
    app = App(access_log="canonical")

    @app.sqs("orders", drop=(KeyError,))
    async def work(record: Record) -> None:
        bind(record=record.id)
        if record.id == "m2":
            raise ValueError
        if record.id == "m3":
            raise KeyError

    make(app)({"Records": [sqs(f"m{at}") for at in (1, 2, 3, 4)]}, LambdaContext())
    [line] = wide(written, "batch")
    line = {key: value for key, value in line.items() if not key.startswith("function_")}
    assert line == {
        "level": "ERROR",
        "source": "sqs",
        "consumer": "orders",
        "records": 4,
        "done": 2,
        "failed": 1,
        "dropped": 1,
        "unfinished": 0,
        "outcome": "failed",
    }
    [failure] = [line for line in written.lines if line["message"] == "Record failed"]
    assert (failure["record"], failure["correlation_id"]) == ("m2", "m2")


async def test_a_cancelled_request_has_its_line(written: Written) -> None:
    app = App(access_log="canonical")

    @app.get("/")
    async def wait() -> None:
        bind(waiting=True)
        await anyio.sleep_forever()

    task = asyncio.ensure_future(_asked(app, "/"))
    await anyio.wait_all_tasks_blocked()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    [line] = wide(written)
    assert (line["outcome"], line["status"], line["waiting"], line["level"]) == ("cancelled", None, True, "ERROR")


def test_concurrent_requests_do_not_tell_each_others_story(written: Written) -> None:
    app = App(access_log="canonical")

    @app.get("/{number}")
    async def read(number: int) -> None:
        bind(number=number)
        await checkpoint()
        bind(**{f"only_{number}": True})

    async def many() -> None:
        await asyncio.gather(*(_asked(app, f"/{number}") for number in range(200)))

    asyncio.run(many())
    lines = wide(written)
    assert len(lines) == 200
    for line in lines:
        assert [key for key in line if key.startswith("only_")] == [f"only_{line['number']}"]


def test_only_what_there_is_can_be_asked_for() -> None:
    with pytest.raises(ConfigurationError, match="access_log"):
        App(access_log="combined")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_it_is_told_on_both_loops(backend: str, written: Written) -> None:
    app = App(access_log="canonical", metrics="Shop", tracing=True)

    @app.get("/")
    async def read() -> None:
        await checkpoint()
        bind(seen=True)

    anyio.run(_asked, app, "/", backend=backend)
    [line] = wide(written)
    assert (line["status"], line["seen"]) == (200, True)
    assert any("Requests" in line for line in written.lines)


def test_without_it_there_is_no_such_line(written: Written) -> None:
    app = App()

    @app.get("/")
    async def read() -> None:
        note(rows=1)

    TestClient(app).get("/")
    assert written.lines == []
