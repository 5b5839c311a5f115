"""Requests that end before their time: the client goes, the route's time is up, the function's is."""

import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anyio
import httpx
import pytest

from docs.examples.events import HTTP_SOURCES, Call, sqs
from docs.examples.loopback import Uvicorn
from lambdaframe import App
from lambdaframe.idempotency import MemoryStore
from lambdaframe.idempotency.lease import no_effect_yet
from lambdaframe.idempotency.transitions import Claim, Entry, Outcome, Reply
from lambdaframe_adapters import LambdaHandler
from tests.http.wire import Sent, ask
from tests.idempotency.clock import FakeClock
from tests.idempotency.virtual_time import virtual_backend
from tests.test_lambda_handler import Context

KEY = {"idempotency-key": "k"}


def only_entry(store: MemoryStore) -> Entry:
    [entry] = store._entries.values()  # pyright: ignore[reportPrivateUsage]
    return entry


# The client goes, under uvicorn


@pytest.fixture
def server() -> Iterator[Uvicorn]:
    with Uvicorn(Path(__file__).with_name("served"), "patient:app") as server:
        yield server


def send_and_go(server: Uvicorn, path: str, client: httpx.Client) -> None:
    """Make the request, and break the connection when the work has started."""
    place = urlsplit(server.url)
    request = f"POST {path} HTTP/1.1\r\nhost: {place.netloc}\r\nidempotency-key: k\r\ncontent-length: 0\r\n\r\n"
    with socket.create_connection((place.hostname, place.port)) as connection:
        connection.sendall(request.encode())
        assert client.get("/when/started").status_code == 200
    assert client.get("/when/gone").status_code == 200


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [("/orders", 201, b'{"id":1}'), ("/reports", 200, b"first\nsecond\nthird\n")],
    ids=["order", "stream"],
)
def test_the_operation_is_completed_without_its_client_and_the_retry_gets_the_replay(
    path: str, status: int, body: bytes, server: Uvicorn
) -> None:
    with httpx.Client(base_url=server.url, trust_env=False, timeout=10) as client:
        send_and_go(server, path, client)
        client.post("/go")
        for _ in range(2):
            answer = client.post(path, headers=KEY)
            assert (answer.status_code, answer.content) == (status, body)
            assert answer.headers["idempotency-replayed"] == "true"
        assert client.get("/runs").json() == 1
    assert server.stop() == []


# The route's time is up


class Virtual:
    """Tests of these run in virtual time."""

    @pytest.fixture(params=["asyncio", "trio"])
    def anyio_backend(self, request: pytest.FixtureRequest) -> Any:
        return virtual_backend(str(request.param))


def slow_app(clock: FakeClock, *, careful: bool) -> tuple[App, list[int], MemoryStore]:
    """A route that takes too long, once."""
    store, runs = MemoryStore(clock=clock), list[int]()
    app = App(idempotency=store)

    @app.post("/", idempotent={"on_conflict": "reject"}, timeout=10)
    async def place() -> str:
        runs.append(1)
        if len(runs) == 1 and careful:
            with no_effect_yet():
                await anyio.sleep_forever()
        elif len(runs) == 1:
            await anyio.sleep_forever()
        return "placed"

    return app, runs, store


async def post(app: App) -> Sent:
    return await ask(app, "/", "POST", headers=KEY.items())


class TestTimeouts(Virtual):
    async def test_a_route_that_takes_too_long_keeps_its_key_until_its_lease_ends(self) -> None:
        clock = FakeClock()
        app, runs, store = slow_app(clock, careful=False)
        late = await post(app)
        assert (late.status, late.header("content-type")) == (504, "application/problem+json")
        entry = only_entry(store)
        assert entry.state == "R"
        lease = entry.lease_until - clock.now_ms
        assert 11_000 < lease <= 12_000, "the timeout and two seconds"
        refused = await post(app)
        assert (refused.status, refused.header("retry-after")) == (409, "13")
        clock.advance(lease + 1_001)
        assert (await post(app)).json() == "placed"
        assert len(runs) == 2

    async def test_a_route_that_had_no_effect_yet_may_be_tried_again_at_once(self) -> None:
        app, runs, store = slow_app(FakeClock(), careful=True)
        assert (await post(app)).status == 504
        assert only_entry(store).state == "F"
        assert (await post(app)).json() == "placed"
        assert len(runs) == 2

    async def test_an_answer_that_was_ready_is_recorded_although_the_time_is_up(self) -> None:
        class Slow(MemoryStore):
            """The reply to its first ``complete`` never comes."""

            completions = 0

            async def complete(self, claim: Claim, outcome: Outcome) -> Reply:
                reply = await super().complete(claim, outcome)
                self.completions += 1
                if self.completions == 1:
                    await anyio.sleep_forever()
                return reply

        store, runs = Slow(), list[int]()
        app = App(idempotency=store)

        @app.post("/", idempotent=True, timeout=10)
        async def place() -> str:
            runs.append(1)
            return "placed"

        assert (await post(app)).status == 504
        replay = await post(app)
        assert (replay.status, replay.header("idempotency-replayed"), len(runs)) == (200, "true", 1)


# The function's time is up


def http_api() -> Any:
    return HTTP_SOURCES["HTTP API (v2)"](Call("POST", "/", headers=KEY))


@pytest.mark.parametrize("careful", [False, True], ids=["unknown effect", "no effect yet"])
def test_a_function_s_deadline_ends_the_attempt(careful: bool, make: Callable[..., LambdaHandler]) -> None:
    clock = FakeClock()
    app, runs, store = slow_app(clock, careful=careful)
    handler = make(app)
    answer = handler(http_api(), Context(0.4))
    assert (answer["statusCode"], answer["headers"]["content-type"]) == (504, "application/problem+json")
    entry = only_entry(store)
    assert entry.state == ("F" if careful else "R")
    if not careful:
        assert 2_000 < entry.lease_until - clock.now_ms <= 2_400, "what was left, and two seconds"
        assert handler(http_api(), Context())["statusCode"] == 409
        clock.advance(3_401)
    assert json.loads(handler(http_api(), Context())["body"]) == "placed"
    assert len(runs) == 2


def test_at_the_deadline_a_record_is_reported_and_stays_in_work(make: Callable[..., LambdaHandler]) -> None:
    clock = FakeClock()
    store, runs = MemoryStore(clock=clock), list[str]()
    app = App(idempotency=store)

    @app.sqs("orders", idempotent=True)
    async def fulfil(sku: str) -> None:
        runs.append(sku)
        if len(runs) == 1:
            await anyio.sleep_forever()

    handler, event = make(app), sqs("orders", {"m-1": '"a"'})
    failed = {"batchItemFailures": [{"itemIdentifier": "m-1"}]}
    assert handler(event, Context(1.1)) == failed
    assert only_entry(store).state == "R"
    assert handler(event, Context()) == failed, "it is in work, as far as anybody knows"
    clock.advance(4_200)
    assert handler(event, Context()) == {"batchItemFailures": []}
    assert len(runs) == 2
