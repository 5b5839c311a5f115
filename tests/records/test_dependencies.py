"""``Depends`` in consumers: what a dependency gets, how often it is called, when it is cleaned up. On both loops."""

import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Annotated, Any

import anyio
import pytest
from pydantic import BaseModel

from lambdaframe import App, Depends, Query
from lambdaframe.errors import ConfigurationError
from lambdaframe.invocation import Invocation, current
from lambdaframe.records.consumer import Consumers
from lambdaframe.records.record import Record
from lambdaframe.records.stream import RecordStream
from tests.records.streams import Stream, consume, consumer, give_deadline, record, simulate

Lines = Callable[[], list[dict[str, Any]]]


class Order(BaseModel):
    id: int


@pytest.fixture(scope="module", params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def two() -> list[Record]:
    return [record("a", '{"id": 1}'), record("b", '{"id": 2}')]


async def test_a_dependency_takes_the_record_the_invocation_and_others() -> None:
    def tenant(record: Record) -> str:
        return f"tenant of {record.id}"

    async def session(invocation: Invocation, tenant: Annotated[str, Depends(tenant)], size: int = 3) -> str:
        return f"{invocation.request_id}, {tenant}, {size}"

    async def work(order: Order, record: Record, session: Annotated[str, Depends(session)]) -> Any:
        return order.id, record.id, session

    token = current.set(Invocation(request_id="r"))
    try:
        stream = await consume(work, two())
    finally:
        current.reset(token)
    assert stream.results == {"a": (1, "a", "r, tenant of a, 3"), "b": (2, "b", "r, tenant of b, 3")}


async def test_it_is_called_once_a_record_unless_told_otherwise() -> None:
    made: list[str] = []

    def shared(record: Record) -> str:
        made.append(record.id)
        return record.id

    def above(one: str = Depends(shared)) -> str:
        return one

    async def work(
        one: str = Depends(shared),
        other: str = Depends(above),
        own: str = Depends(shared, use_cache=False),
    ) -> None: ...

    await consume(work, two(), concurrency=1)
    assert made == ["a", "a", "b", "b"]


async def test_a_class_is_a_dependency() -> None:
    class Repository:
        def __init__(self, record: Record) -> None:
            self.name = record.id

    async def work(repository: Annotated[Repository, Depends()]) -> str:
        return repository.name

    assert (await consume(work, two())).results == {"a": "a", "b": "b"}


async def test_what_blocks_runs_in_a_thread() -> None:
    loop = threading.get_ident()
    seen: list[tuple[str, bool]] = []

    def here(name: str) -> None:
        seen.append((name, threading.get_ident() == loop))

    def blocking() -> None:
        here("function")

    def generator() -> Iterator[None]:
        here("enter")
        yield
        here("exit")

    async def asynchronous() -> None:
        here("async")

    def work(a: None = Depends(blocking), b: None = Depends(generator), c: None = Depends(asynchronous)) -> None:
        here("consumer")

    stream = await consume(work, two()[:1])
    assert stream.done == ["a"], stream.answers
    assert seen == [("function", False), ("enter", False), ("async", True), ("consumer", False), ("exit", False)]


async def test_threads_stay_under_the_consumers_bound() -> None:
    gate = threading.Barrier(3, timeout=5)
    lock = threading.Lock()
    now = peak = 0

    def together() -> None:
        """Three at a time, or the barrier breaks."""
        nonlocal now, peak
        with lock:
            now += 1
            peak = max(peak, now)
        gate.wait()
        with lock:
            now -= 1
        gate.wait()

    def work(_: None = Depends(together)) -> None:
        together()

    stream = await consume(work, [record(str(number)) for number in range(6)], concurrency=3)
    assert len(stream.done) == 6, stream.answers
    assert peak == 3


# Clean-up


async def test_it_is_cleaned_up_before_the_record_is_answered_the_last_one_first() -> None:
    log: list[str] = []

    async def outer(record: Record) -> AsyncIterator[str]:
        log.append(f"open {record.id}")
        yield "outer"
        log.append(f"close {record.id}")

    def inner(record: Record, outer: str = Depends(outer)) -> Iterator[str]:
        yield "inner"
        log.append(f"close inner of {record.id}")

    async def work(record: Record, inner: str = Depends(inner)) -> None:
        log.append(f"work {record.id}")

    class Answered(Stream):
        async def send(self, message: Any) -> None:
            log.append(f"answer {message['id']}")

    await Answered(two()).through(consumer(work, concurrency=1))
    of_a = ["open a", "work a", "close inner of a", "close a", "answer a"]
    assert log == [*of_a, *(line.replace(" a", " b") for line in of_a)]


async def test_a_failing_clean_up_fails_the_record() -> None:
    async def transaction() -> AsyncIterator[None]:
        yield
        raise ConnectionError("not committed")

    async def work(_: None = Depends(transaction)) -> None: ...

    stream = await consume(work, two()[:1])
    assert stream.failed == ["a"]
    assert isinstance(stream.answers[0]["error"], ConnectionError)


async def test_it_sees_the_error_and_cant_make_the_record_a_success() -> None:
    seen: list[str] = []

    async def session() -> AsyncIterator[None]:
        try:
            yield
        except ValueError as exc:
            seen.append(str(exc))

    async def work(_: None = Depends(session)) -> None:
        raise ValueError("rolled back")

    stream = await consume(work, two()[:1])
    assert seen == ["rolled back"]
    assert stream.failed == ["a"]


async def test_what_was_opened_is_closed_when_a_later_one_fails(lines: Lines) -> None:
    closed: list[str] = []

    async def first(record: Record) -> AsyncIterator[None]:
        try:
            yield
        finally:
            closed.append(record.id)

    def second(record: Record, _: None = Depends(first)) -> None:
        if record.id == "a":
            raise ConnectionError("no database")

    async def work(_: None = Depends(second)) -> None: ...

    stream = await consume(work, two())
    assert sorted(closed) == ["a", "b"]
    assert (stream.done, stream.failed) == (["b"], ["a"])
    assert [line["record_id"] for line in lines()] == ["a"]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_cancelled_record_is_cleaned_up(backend: str) -> None:
    closed: list[str] = []

    async def session(record: Record) -> AsyncIterator[None]:
        try:
            yield
        finally:
            closed.append(record.id)

    async def work(record: Record, _: None = Depends(session)) -> None:
        await anyio.sleep(3600 if record.id == "a" else 0)

    async def main() -> None:
        give_deadline(2)
        assert (await consume(work, two())).done == ["b"]

    simulate(backend, main)
    assert sorted(closed) == ["a", "b"]


async def test_poison_records_open_nothing() -> None:
    def session() -> None:
        pytest.fail("opened")

    async def work(order: Order, _: None = Depends(session)) -> None: ...

    assert (await consume(work, [record("a", "no JSON")])).failed == ["a"]


async def test_a_whole_stream_has_its_dependencies_once() -> None:
    log: list[str] = []

    async def session(invocation: Invocation) -> AsyncIterator[str]:
        log.append("open")
        yield "session"
        log.append("close")

    async def work(stream: RecordStream[Order], session: str = Depends(session)) -> None:
        async for one in stream:
            log.append(one.id)
            await stream.done(one)

    token = current.set(Invocation())
    try:
        await consume(work, two(), batch=True)
    finally:
        current.reset(token)
    assert log == ["open", "a", "b", "close"]


async def test_overrides_replace_dependencies_at_any_time() -> None:
    def database() -> str:
        pytest.fail("the real one")

    def session(database: str = Depends(database)) -> str:
        return f"session of {database}"

    async def work(session: str = Depends(session)) -> str:
        return session

    overrides: dict[Any, Any] = {}
    taker = consumer(work, among=Consumers(overrides=overrides))
    overrides[database] = lambda: "a fake"
    assert (await Stream(two()[:1]).through(taker)).results == {"a": "session of a fake"}
    overrides[session] = lambda: "none at all"
    assert (await Stream(two()[:1]).through(taker)).results == {"a": "none at all"}


def test_an_applications_overrides_hold_for_its_consumers() -> None:
    app = App()

    def session() -> str:
        pytest.fail("the real one")

    seen: list[str] = []

    @app.sqs("orders")
    async def work(session: str = Depends(session)) -> None:
        seen.append(session)

    app.dependency_overrides[session] = lambda: "a fake"
    stream = Stream(two()[:1])
    scope = {"type": "records", "source": "sqs", "name": "orders", "order": "none"}
    anyio.run(app, scope, stream.receive, stream.send)
    assert seen == ["a fake"]


# Refused at registration


def asks_for_a_request(path: str) -> None: ...


def needs_itself(_: Any = None) -> None: ...


needs_itself.__defaults__ = (Depends(needs_itself),)


def of_a_record(record: Record) -> None: ...


async def takes_it(_: None = Depends(asks_for_a_request)) -> None: ...


async def goes_round(_: None = Depends(needs_itself)) -> None: ...


async def nothing_to_call(_: None = Depends(3)) -> None: ...  # type: ignore[arg-type]


async def twice(_: Annotated[None, Depends(of_a_record)] = Depends(of_a_record)) -> None: ...


async def query(page: Annotated[int, Query()]) -> None: ...


@pytest.mark.parametrize(
    ("function", "advice"),
    [
        (takes_it, "takes 'path': a dependency of a consumer takes Record, Invocation and other dependencies"),
        (goes_round, "needs_itself depends on itself"),
        (nothing_to_call, "needs a function or a class to call, not 3"),
        (twice, "has two dependencies"),
        (query, r"'page' is marked as a part of a request \(query\)"),
    ],
)
def test_what_cant_be_called_for_a_record_is_refused(function: Any, advice: str) -> None:
    with pytest.raises(ConfigurationError, match=advice):
        Consumers().add("sqs", "orders", function)


def test_a_stream_has_no_record_to_give() -> None:
    async def work(stream: RecordStream[Order], _: None = Depends(of_a_record)) -> None: ...

    with pytest.raises(ConfigurationError, match=r"takes 'record': .* with batch=True takes Invocation"):
        Consumers().add("sqs", "orders", work, batch=True)
