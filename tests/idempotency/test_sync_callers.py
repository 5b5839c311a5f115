"""Sync functions called from any thread there is, and callers that nobody waits for any more."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any

import anyio
import anyio.to_thread
import pytest
import trio

from lambdaframe import App, Record
from lambdaframe.concurrency import in_thread
from lambdaframe.errors import ConfigurationError
from lambdaframe.idempotency import (
    StoreUnavailableError,
    current_lease,
    idempotent,
)
from lambdaframe.idempotency.transitions import Claim, Reply, Verdict
from lambdaframe.testing import TestClient
from lambdaframe_adapters.testing import LambdaClient
from tests.idempotency.watched import PATIENCE, Watched, running_loop


@pytest.fixture
def store() -> Watched:
    return Watched()


# From wherever it is called


def from_a_thread(function: Callable[[str], Any]) -> Any:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function, "k").result(PATIENCE)


def from_asyncio(function: Callable[[str], Any]) -> Any:
    return asyncio.run(asyncio.to_thread(function, "k"))


def from_anyio(function: Callable[[str], Any]) -> Any:
    return anyio.run(anyio.to_thread.run_sync, function, "k")


def from_anyio_on_trio(function: Callable[[str], Any]) -> Any:
    return anyio.run(anyio.to_thread.run_sync, function, "k", backend="trio")


def from_trio(function: Callable[[str], Any]) -> Any:
    return trio.run(trio.to_thread.run_sync, function, "k")


def from_ours(function: Callable[[str], Any]) -> Any:
    return anyio.run(in_thread(function), "k")


def from_ours_on_trio(function: Callable[[str], Any]) -> Any:
    return anyio.run(in_thread(function), "k", backend="trio")


def from_here(function: Callable[[str], Any]) -> Any:
    return function("k")


CALLERS = [
    from_here,
    from_a_thread,
    from_asyncio,
    from_anyio,
    from_anyio_on_trio,
    from_trio,
    from_ours,
    from_ours_on_trio,
]


@pytest.mark.parametrize("caller", CALLERS)
def test_it_is_called_from_any_thread(caller: Callable[[Callable[[str], Any]], Any], store: Watched) -> None:
    threads: list[object] = []

    @idempotent(key="key", store=store)
    def inner(key: str) -> int:
        threads.append(threading.current_thread())
        return 1

    @idempotent(key="key", store=store)
    def outer(key: str) -> int:
        threads.append(threading.current_thread())
        with pytest.raises(ZeroDivisionError):
            failing(key)
        return inner(key) + inner(key)

    @idempotent(key="key", store=store)
    def failing(key: str) -> float:
        return 1 / 0

    def call(key: str) -> list[Any]:
        return [outer(key), outer(key), threading.current_thread()]

    first, second, thread = caller(call)
    assert (first, second, threads) == (2, 2, [thread, thread])
    assert store.states() == ["D", "F", "D"]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_worker_of_a_loop_has_its_store_there(backend: str, store: Watched) -> None:
    """Connections belong to the loop in which they were made, and a client that the application made to its own."""

    @idempotent(key="key", store=store)
    def create(key: str) -> str:
        return key

    async def main() -> object:
        await anyio.to_thread.run_sync(create, "k")
        return running_loop()

    assert store.loops == set()
    loop: object = anyio.run(main, backend=backend)
    assert store.loops == {loop}


def test_threads_without_a_loop_share_one(store: Watched) -> None:
    @idempotent(key="key", store=store)
    def create(key: str) -> str:
        return key

    from_here(create)
    from_a_thread(create)
    from_asyncio(create)
    assert len(store.loops) == 1


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_on_a_loop_s_own_thread_nothing_is_run(backend: str, store: Watched) -> None:
    @idempotent(key="key", store=store)
    def create(key: str) -> None:
        pytest.fail("ran")

    async def main() -> None:
        with pytest.raises(ConfigurationError, match=r"create is a sync function.*asyncio\.to_thread"):
            create("k")

    anyio.run(main, backend=backend)
    assert store.counters.acquired == 0


def test_a_sync_route_and_a_sync_consumer_call_it(store: Watched, event: Callable[[str], dict[str, Any]]) -> None:
    app = App(service="orders")

    @idempotent(key="number", store=store)
    def charge(number: int) -> int:
        return current_lease().fencing_token

    @app.get("/charge")
    def route(number: int) -> int:
        return charge(number)

    @app.sqs()
    def consumer(record: Record) -> None:
        charge(len(record.body))

    client = TestClient(app)
    first = client.get("/charge?number=7")
    assert first.json() == client.get("/charge?number=7").json() > 0
    standard = event("sqs/standard")
    with LambdaClient(app) as invoked:
        for _ in range(2):
            assert invoked.invoke(standard) == {"batchItemFailures": []}
    assert store.counters.replayed >= 1 + len(standard["Records"])


# When nobody waits any more


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_caller_that_was_given_up_starts_nothing(backend: str, store: Watched) -> None:
    begun, given_up, ended = (threading.Event() for _ in range(3))
    raised: list[BaseException] = []

    @idempotent(key="key", store=store)
    def create(key: str) -> None:
        pytest.fail("ran")

    def work() -> None:
        begun.set()
        given_up.wait(PATIENCE)
        try:
            create("k")
        except BaseException as exc:
            raised.append(exc)
        finally:
            ended.set()

    async def main() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(in_thread(work))
            await anyio.to_thread.run_sync(begun.wait, PATIENCE)
            group.cancel_scope.cancel()
        given_up.set()
        await anyio.to_thread.run_sync(ended.wait, PATIENCE)

    anyio.run(main, backend=backend)
    assert [type(exc).__name__ for exc in raised] == ["CancelledError" if backend == "asyncio" else "Cancelled"]
    assert store.counters.acquired == 0


class Holding(Watched):
    """Grants nothing before it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = threading.Event()
        self.go_on = threading.Event()

    async def acquire(self, claim: Claim) -> Reply:
        self.asked.set()
        await anyio.to_thread.run_sync(self.go_on.wait, PATIENCE)
        return await super().acquire(claim)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_key_that_is_granted_too_late_is_given_back(backend: str) -> None:
    store = Holding()
    ended = threading.Event()

    @idempotent(key="key", store=store, final_errors=(Exception,))
    def create(key: str) -> None:
        pytest.fail("ran")

    def work() -> None:
        try:
            create("k")
        finally:
            ended.set()

    async def main() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(in_thread(work))
            await anyio.to_thread.run_sync(store.asked.wait, PATIENCE)
            group.cancel_scope.cancel()
        store.go_on.set()
        await anyio.to_thread.run_sync(ended.wait, PATIENCE)

    anyio.run(main, backend=backend)
    assert store.states() == ["F"]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_what_a_given_up_caller_has_done_is_recorded(backend: str, store: Watched) -> None:
    begun, go_on, ended = (threading.Event() for _ in range(3))

    @idempotent(key="key", store=store, lease=0.03, ttl=2)
    def create(key: str) -> str:
        begun.set()
        go_on.wait(PATIENCE)
        store.wait_for("extend", Verdict.GRANTED)
        return "done"

    def work() -> None:
        try:
            create("k")
        finally:
            ended.set()

    async def main() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(in_thread(work))
            await anyio.to_thread.run_sync(begun.wait, PATIENCE)
            group.cancel_scope.cancel()
        go_on.set()
        await anyio.to_thread.run_sync(ended.wait, PATIENCE)

    anyio.run(main, backend=backend)
    assert store.states() == ["D"]


def given_up(
    store: Watched,
) -> tuple[Callable[[], Coroutine[Any, Any, None]], threading.Event, "SimpleQueue[BaseException]"]:
    """A caller that is cancelled while its function blocks; what lets the function go on; and what it raises then."""
    begun, go_on = threading.Event(), threading.Event()
    raised: SimpleQueue[BaseException] = SimpleQueue()

    @idempotent(key="key", store=store)
    def create(key: str) -> None:
        begun.set()
        go_on.wait(PATIENCE)

    def work() -> None:
        try:
            create("k")
        except BaseException as exc:
            raised.put(exc)

    async def main() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(in_thread(work))
            await anyio.to_thread.run_sync(begun.wait, PATIENCE)
            group.cancel_scope.cancel()

    return main, go_on, raised


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_loop_that_ends_meanwhile_leaves_nobody_waiting(backend: str, store: Watched) -> None:
    """The function has run, and nothing can be recorded: the caller is told, the record stays as it is."""
    main, go_on, raised = given_up(store)

    anyio.run(main, backend=backend)
    go_on.set()
    assert "Cancelled" in type(raised.get(timeout=PATIENCE)).__name__
    assert store.states() == ["R"]


@pytest.fixture
def loop_without_manners() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop that is closed although it has tasks."""
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda loop, context: None)
    yield loop
    loop.close()


def test_a_loop_that_is_closed_meanwhile_leaves_nobody_waiting(
    loop_without_manners: asyncio.AbstractEventLoop, store: Watched
) -> None:
    loop = loop_without_manners
    main, go_on, raised = given_up(store)

    loop.run_until_complete(main())
    loop.close()
    go_on.set()
    error = raised.get(timeout=PATIENCE)
    assert isinstance(error, StoreUnavailableError)
    assert "loop of this thread was closed" in str(error)


def test_a_loop_that_was_closed_before_starts_nothing(
    loop_without_manners: asyncio.AbstractEventLoop, store: Watched
) -> None:
    loop = loop_without_manners
    begun, go_on = threading.Event(), threading.Event()
    raised: SimpleQueue[BaseException] = SimpleQueue()

    @idempotent(key="key", store=store)
    def create(key: str) -> None:
        pytest.fail("ran")

    def work() -> None:
        begun.set()
        go_on.wait(PATIENCE)
        try:
            create("k")
        except BaseException as exc:
            raised.put(exc)

    async def main() -> "asyncio.Task[None]":
        left_behind = loop.create_task(in_thread(work)())
        await anyio.to_thread.run_sync(begun.wait, PATIENCE)
        return left_behind

    left_behind = loop.run_until_complete(main())
    loop.close()
    go_on.set()
    error = raised.get(timeout=PATIENCE)
    assert isinstance(error, StoreUnavailableError)
    assert "create could not start" in str(error)
    assert not left_behind.done()
