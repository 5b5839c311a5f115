"""Idempotency as an application has it: its options, its store's life, and what its routes and consumers do with it."""

import copy
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from time import monotonic
from typing import Annotated, Any

import anyio
import pytest
from redis import Redis

from docs.examples.events import HTTP_SOURCES, Call, Event, sqs
from docs.examples.local_redis import LocalRedis
from docs.examples.loopback import free_port
from lambdaframe import App, BackgroundTasks, Depends, HTTPException, Request, Response, Router
from lambdaframe.cli.listing import rows, table
from lambdaframe.errors import ConfigurationError, LifespanError, StoreUnavailableError
from lambdaframe.idempotency import IdempotencyConflictError, MemoryStore, idempotent
from lambdaframe.idempotency.runner import DISABLED
from lambdaframe.idempotency.transitions import Claim, Entry, Outcome, Reply
from lambdaframe.types import Message
from lambdaframe_adapters import LambdaHandler
from tests.http.wire import Sent, ask
from tests.idempotency.clock import FakeClock

KEY = [("idempotency-key", "k")]
SAID = ("idempotency-replayed", "true")


def entries(store: Any) -> list[Entry]:
    assert isinstance(store, MemoryStore)
    return list(store._entries.values())  # pyright: ignore[reportPrivateUsage]


async def post(app: App, path: str = "/", headers: list[tuple[str, str]] = KEY, **more: Any) -> Sent:
    return await ask(app, path, "POST", headers=headers, **more)


async def nothing() -> None: ...


# Options


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"tl": 60}, "idempotent has no option 'tl'. The options are final_statuses, fingerprint, lease, on_conflict"),
        ("yes", "idempotent: write True, or options such as {'ttl': 3600}, not 'yes'"),
        (None, "not None"),
        (60, "not 60"),
    ],
)
def test_names_of_options_are_checked_where_the_route_is_written(given: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=f"The route '/shop/orders': .*{said}"):
        Router("/shop").post("/orders", idempotent=given)(nothing)


def test_values_of_options_are_checked_when_the_application_gets_the_route() -> None:
    router, app = Router("/shop"), App(idempotency="memory://")
    router.post("/orders", idempotent={"ttl": 60})(nothing)
    with pytest.raises(ConfigurationError, match="POST /shop/orders: ttl=60 s is too short"):
        app.include_router(router)
    later = Router()
    app.include_router(later, prefix="/later")
    with pytest.raises(ConfigurationError, match="POST /later/orders: final_statuses are statuses"):
        later.post("/orders", idempotent={"final_statuses": [503]})(nothing)


def test_a_router_s_idempotent_route_needs_an_application_with_a_store() -> None:
    router = Router()
    router.post("/orders", idempotent={})(nothing)
    with pytest.raises(ConfigurationError, match=r"needs a store: write App\(idempotency='memory://'\)"):
        App().include_router(router)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"tl": 60}, "idempotency_options has no option 'tl'"),
        ({"ttl": 60}, "idempotency_options: ttl=60 s is too short"),
        ([60], r"idempotency_options: write options such as {'ttl': 3600}, not \[60\]"),
    ],
)
def test_the_application_s_options_are_checked_at_once(options: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        App(idempotency="memory://", idempotency_options=options)


def test_options_without_a_store_are_a_mistake() -> None:
    with pytest.raises(ConfigurationError, match="idempotency_options need a store"):
        App(idempotency_options={"ttl": 7200})


async def test_routes_have_the_application_s_options_unless_they_say_otherwise() -> None:
    app = App(idempotency="memory://", idempotency_options={"required": False, "final_statuses": ()})
    router, runs = Router("/in"), list[str]()

    async def missing(request: Request) -> None:
        runs.append(request.url.path)
        raise HTTPException(404)

    app.post("/as-the-app", idempotent=True)(missing)
    app.post("/own", idempotent={"required": True, "final_statuses": {404}})(missing)
    router.post("/as-the-app", idempotent={})(missing)
    app.include_router(router)

    statuses = [
        (await post(app, path, headers)).status for path in ("/as-the-app", "/own") for headers in ([], KEY, KEY)
    ]
    assert statuses == [404, 404, 404, 400, 404, 404]
    await post(app, "/in/as-the-app", [])
    assert runs == ["/as-the-app"] * 3 + ["/own", "/in/as-the-app"]


def test_the_key_is_documented_as_required_where_it_is() -> None:
    app = App(idempotency="memory://", idempotency_options={"required": False})
    app.post("/optional", idempotent=True)(nothing)
    app.post("/required", idempotent={"required": True})(nothing)
    app.post("/none")(nothing)
    paths = app.openapi()["paths"]
    [optional], [required] = (paths[f"/{name}"]["post"]["parameters"] for name in ("optional", "required"))
    assert (optional["name"], optional["required"]) == ("Idempotency-Key", False)
    assert (required["name"], required["required"]) == ("Idempotency-Key", True)
    said = [paths[f"/{name}"]["post"]["responses"]["400"]["description"] for name in ("optional", "required")]
    assert said == [
        "The Idempotency-Key header is malformed.",
        "The Idempotency-Key header is missing or malformed.",
    ]
    assert "parameters" not in paths["/none"]["post"]


def test_consumers_have_the_application_s_options_that_are_theirs(make: Callable[..., LambdaHandler]) -> None:
    clock = FakeClock()
    store = MemoryStore(clock=clock)
    app = App(
        idempotency=store, idempotency_options={"ttl": 40, "lease": 20, "required": False, "on_conflict": "reject"}
    )
    leases: list[int] = []

    async def fulfil(body: str) -> None:
        leases.append(max(entry.lease_until for entry in entries(store)) - clock.now_ms)

    app.sqs("one", idempotent=True)(fulfil)
    app.sqs("two", idempotent={"lease": 10})(fulfil)
    app.event("shop", idempotent={"lease": 5, "ttl": 60})(fulfil)
    assert [consumer.options.idempotent for consumer in app.consumers] == [
        {"ttl": 40, "lease": 20},
        {"ttl": 40, "lease": 10},
    ]
    [(source, handler)] = app.event_handlers
    assert (source, handler.consumer.options.idempotent) == ("eventbridge", {"ttl": 60, "lease": 5})
    for name, identifier in (("two", "a"), ("one", "b")):
        make(app)(sqs(name, {identifier: "x"}), None)
    assert leases == [10_000, 20_000]


def tenant(scope: Any) -> str:
    return "tenant"


def test_the_options_are_listed() -> None:
    app = App(idempotency="memory://", idempotency_options={"lease": timedelta(seconds=5)})
    app.post("/a", idempotent={"principal": tenant, "final_statuses": {409, 404}, "fingerprint": "sku"})(nothing)
    app.post("/b")(nothing)
    app.sqs("q", idempotent={"ttl": 60}, key="id")(_takes)
    app.sns("t", idempotent=True)(_takes)
    a, b, q, t = rows(app)
    assert a.options == {
        "idempotent": {
            "lease": 5.0,
            "principal": "tests.idempotency.test_application.tenant",
            "final_statuses": [404, 409],
            "fingerprint": "sku",
        }
    }
    assert b.options == {}
    assert q.options == {"concurrency": 10, "idempotent": {"lease": 5.0, "ttl": 60}, "key": "id"}
    assert t.options == {"concurrency": 10, "idempotent": {"lease": 5.0}}
    assert "concurrency=10, idempotent(lease=5.0, ttl=60), key=id" in "\n".join(table([q]))


async def _takes(order: dict[str, Any]) -> None: ...


# The store


class Closable(MemoryStore):
    """A store that counts how often it was closed."""

    closed = 0

    async def aclose(self) -> None:
        self.closed += 1


def order_app(store: Any, **options: Any) -> tuple[App, list[str]]:
    """An application that places orders, and the names of those who did."""
    app, placed = App(idempotency=store, **options), list[str]()

    @app.post("/orders", status_code=201, idempotent=True)
    async def place(order: dict[str, str]) -> dict[str, int]:
        placed.append(order["sku"])
        return {"id": len(placed)}

    @app.sqs("orders", idempotent=True)
    async def fulfil(sku: str) -> None:
        placed.append(sku)

    return app, placed


POST = Call("POST", "/orders", headers={"idempotency-key": "k"}, json={"sku": "a"})


def http_api(call: Call) -> Event:
    return HTTP_SOURCES["HTTP API (v2)"](call)


def test_a_store_of_yours_is_yours_to_close(make: Callable[..., LambdaHandler]) -> None:
    store = Closable()
    app, placed = order_app(store)
    assert app.idempotency is store
    assert App().idempotency is None
    for _ in range(2):
        handler = make(app)
        assert handler(http_api(POST), None)["statusCode"] == 201
        handler.close()
    assert (store.closed, placed) == (0, ["a"])
    assert (store.counters.acquired, store.counters.replayed) == (1, 1)


@pytest.fixture(scope="module")
def redis() -> Iterator[LocalRedis]:
    with LocalRedis() as server:
        yield server


@asynccontextmanager
async def life_of(app: App) -> AsyncGenerator[None]:
    """The application's lifespan, as a server has it."""
    messages, end, sent = [{"type": "lifespan.startup"}], anyio.Event(), list[str]()

    async def receive() -> Message:
        if messages:
            return messages.pop()
        await end.wait()
        return {"type": "lifespan.shutdown"}

    async def send(message: Message) -> None:
        sent.append(message["type"])

    async with anyio.create_task_group() as group:
        group.start_soon(app, {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, receive, send)
        yield
        end.set()
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


async def test_a_store_that_the_application_opened_is_closed_with_it_and_opens_again(redis: LocalRedis) -> None:
    app, placed = order_app(redis.url)
    replayed: list[bool] = []

    def clients() -> int:
        client: Any = Redis(port=redis.port)
        with client:
            return len(client.client_list()) - 1

    for sku in ("a", "b", "a"):
        async with life_of(app):
            answer = await post(app, "/orders", [("idempotency-key", sku)], json={"sku": sku})
            replayed.append(answer.header(SAID[0]) == SAID[1])
            assert clients() > 0
        limit = monotonic() + 10
        while clients():
            assert monotonic() < limit, "its connections are still there"
    assert (placed, replayed) == (["a", "b"], [False, False, True])


def test_after_a_start_up_that_failed_the_store_works(redis: LocalRedis, make: Callable[..., LambdaHandler]) -> None:
    starts: list[bool] = []

    @asynccontextmanager
    async def lifespan(app: App) -> AsyncGenerator[None]:
        assert app.idempotency is not None
        starts.append(True)
        if len(starts) == 1:
            await app.idempotency.acquire(Claim("other", "o", "f", 1_000, 5_000))
            raise OSError("no database yet")
        yield
        await app.idempotency.acquire(Claim("another", "o", "f", 1_000, 5_000))

    app, placed = order_app(f"{redis.url}/1", lifespan=lifespan)
    handler = make(app)
    with pytest.raises(LifespanError, match="no database yet"):
        handler(http_api(POST), None)
    assert handler(http_api(POST), None)["statusCode"] == 201
    assert placed == ["a"]


def test_while_the_store_is_away_nothing_runs(make: Callable[..., LambdaHandler]) -> None:
    app, placed = order_app(f"redis://:secret@127.0.0.1:{free_port()}")
    handler = make(app)
    for source in HTTP_SOURCES.values():
        answer = handler(source(POST), None)
        headers = answer.get("headers") or {name: values[0] for name, values in answer["multiValueHeaders"].items()}
        assert (answer["statusCode"], headers["content-type"]) == (503, "application/problem+json")
        assert headers["retry-after"] == "1"
        assert "127.0.0.1" not in answer["body"]
    assert handler(sqs("orders", {"m-1": '"a"', "m-2": '"b"'}), None) == {
        "batchItemFailures": [{"itemIdentifier": "m-1"}, {"itemIdentifier": "m-2"}]
    }
    assert placed == []


async def test_a_store_that_goes_away_before_the_record_keeps_the_key_until_the_lease_ends() -> None:
    class Leaving(MemoryStore):
        away = True

        async def complete(self, claim: Claim, outcome: Outcome) -> Reply:
            if self.away:
                raise StoreUnavailableError("Redis at host:1", "complete", OSError("reset"))
            return await super().complete(claim, outcome)

    clock = FakeClock()
    store = Leaving(clock=clock)
    app, placed = order_app(store, idempotency_options={"lease": 5, "on_conflict": "reject"})
    statuses: list[int] = []
    for _ in range(3):
        statuses.append((await post(app, "/orders", json={"sku": "a"})).status)
        store.away = False
        clock.advance(3_001)
    assert (statuses, placed) == ([503, 409, 201], ["a", "a"])


def test_the_password_of_a_store_that_is_away_is_not_logged(
    make: Callable[..., LambdaHandler], capsys: pytest.CaptureFixture[str]
) -> None:
    app, _ = order_app(f"redis://:secret@127.0.0.1:{free_port()}")
    make(app)(sqs("orders", {"m-1": '"a"'}), None)
    said = capsys.readouterr().out
    assert "StoreUnavailableError" in said
    assert "secret" not in said


async def test_switched_off_everything_runs_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    app, placed = order_app("memory://")
    monkeypatch.setenv(DISABLED, "1")
    for headers in (KEY, KEY, []):
        assert (await post(app, "/orders", headers, json={"sku": "a"})).json() == {"id": len(placed)}
    assert len(placed) == 3
    assert entries(app.idempotency) == []


# Answers, byte for byte

BODY = bytes(range(256))


def odd_answer() -> Response:
    answer = Response(BODY, 207, media_type="application/x-odd")
    answer.raw_headers.extend(
        [
            (b"link", b"</a>; rel=next"),
            (b"set-cookie", b"a=1; Path=/"),
            (b"x-latin", b"caf\xe9"),
            (b"set-cookie", b"b=2; Path=/"),
            (b"link", b"</b>; rel=prev"),
            (b"x-empty", b""),
        ]
    )
    return answer


async def test_a_replay_has_the_same_bytes_in_the_same_order() -> None:
    app = App(idempotency="memory://")
    app.post("/", idempotent=True)(odd_answer)
    first, second = await post(app), await post(app)
    assert second.status == first.status == 207
    assert second.body == first.body == BODY
    assert second.headers == [*first.headers, (b"idempotency-replayed", b"true")]
    assert [value for name, value in first.headers if name == b"set-cookie"] == [b"a=1; Path=/", b"b=2; Path=/"]


@pytest.mark.parametrize("source", HTTP_SOURCES)
def test_behind_every_gateway_a_replay_is_the_same(source: str, make: Callable[..., LambdaHandler]) -> None:
    app = App(idempotency="memory://")
    app.post("/", idempotent=True)(odd_answer)
    handler, call = make(app), Call("POST", "/", headers={"idempotency-key": "k"})
    first, second = handler(HTTP_SOURCES[source](call), None), handler(HTTP_SOURCES[source](call), None)
    expected = copy.deepcopy(first)
    name, value = SAID
    if "multiValueHeaders" in expected:
        expected["multiValueHeaders"][name] = [value]
    else:
        expected["headers"][name] = value
    assert first["statusCode"] == 207
    assert second == expected


# Tasks and dependencies


async def test_background_tasks_run_once() -> None:
    app, ran = App(idempotency="memory://"), list[str]()

    @app.post("/", idempotent=True)
    async def place(tasks: BackgroundTasks) -> str:
        tasks.add_task(ran.append, "mail")
        return "placed"

    for _ in range(2):
        await post(app)
    assert ran == ["mail"]


async def test_the_tasks_of_an_attempt_that_was_taken_over_are_not_run() -> None:
    clock = FakeClock()
    app, ran = App(idempotency=MemoryStore(clock=clock)), list[int]()
    started, finish = anyio.Event(), anyio.Event()
    runs: list[int] = []

    @app.post("/", idempotent={"lease": 5})
    async def place(tasks: BackgroundTasks) -> int:
        runs.append(len(runs))
        number = len(runs)
        tasks.add_task(ran.append, number)
        if number == 1:
            started.set()
            await finish.wait()
        return number

    answers: list[Sent] = []

    async def first() -> None:
        answers.append(await post(app))

    async with anyio.create_task_group() as group:
        group.start_soon(first)
        await started.wait()
        clock.advance(6_001)
        assert (await post(app)).json() == 2
        finish.set()
    assert answers[0].json() == 2
    assert ran == [2]


async def test_tasks_run_although_the_client_has_gone() -> None:
    app, ran = App(idempotency="memory://"), list[str]()

    @app.post("/", idempotent=True)
    async def place(tasks: BackgroundTasks) -> str:
        tasks.add_task(ran.append, "mail")
        return "placed"

    def gone(message: Message) -> None:
        raise OSError("the client has gone")

    with pytest.raises(IndexError):  # there is no answer
        await post(app, on_send=gone)
    assert ran == ["mail"]
    assert (await post(app)).json() == "placed"
    assert ran == ["mail"]


async def test_dependencies_with_yield_are_opened_and_closed_for_replays_too() -> None:
    app, seen = App(idempotency="memory://"), list[str]()

    async def session() -> AsyncGenerator[str]:
        seen.append("open")
        yield "session"
        seen.append("close")

    @app.post("/", idempotent=True)
    async def place(session: Annotated[str, Depends(session)]) -> str:
        seen.append("place")
        return session

    for _ in range(2):
        assert (await post(app)).json() == "session"
    assert seen == ["open", "place", "close", "open", "close"]


async def test_a_transaction_that_fails_before_the_answer_is_not_recorded() -> None:
    app, commits = App(idempotency="memory://"), list[str]()

    async def transaction() -> AsyncGenerator[None]:
        yield
        commits.append("commit")
        if len(commits) == 1:
            raise ConnectionError("the database has gone")

    @app.post("/", idempotent=True)
    async def place(transaction: Annotated[None, Depends(transaction, scope="function")]) -> str:
        return "placed"

    assert [(await post(app)).status for _ in range(3)] == [500, 200, 200]
    assert commits == ["commit", "commit", "commit"]


async def test_a_file_is_recorded_although_the_server_could_send_it_by_its_path(tmp_path: Any) -> None:
    from starlette.responses import FileResponse

    (tmp_path / "receipt.txt").write_text("one teapot")
    app = App(idempotency="memory://")

    @app.post("/", idempotent=True)
    def receipt() -> FileResponse:
        return FileResponse(tmp_path / "receipt.txt")

    async def sending_files(scope: Any, receive: Any, send: Any) -> None:
        scope["extensions"]["http.response.pathsend"] = {}
        await app(scope, receive, send)

    for _ in range(2):
        assert (await ask(sending_files, "/", "POST", headers=KEY)).body == b"one teapot"


async def test_a_nested_operation_that_is_in_work_elsewhere_is_no_final_answer() -> None:
    app, store = App(idempotency="memory://"), MemoryStore()
    busy = [True]

    @idempotent(key="order", store=store)
    async def charge(order: int) -> str:
        if busy.pop():
            raise IdempotencyConflictError("in work", retry_after=3)
        return "charged"

    @app.post("/", idempotent=True)
    async def place() -> str:
        return await charge(1)

    refused = await post(app)
    assert (refused.status, refused.header("retry-after")) == (409, "3")
    busy.append(False)
    assert (await post(app)).json() == "charged"
