"""The engine as a source and a consumer's author see it: bounds, answers, isolation, errors. On both loops."""

import asyncio
import contextvars
import json
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint

from lambdaframe import bind, bound, get_logger
from lambdaframe.errors import PoisonRecordError
from lambdaframe.invocation import Invocation, current
from lambdaframe.logging import configure
from lambdaframe.records.record import Record
from lambdaframe.types import Message
from tests.records.streams import Stream, consume, consumer, record

seen: contextvars.ContextVar[str] = contextvars.ContextVar("seen")


@pytest.fixture(scope="module", params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Callable[[], list[dict[str, Any]]]:
    """What has been logged since the last call."""
    configure(renderer="json")
    return lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def many(count: int) -> list[Record]:
    return [record(str(number)) for number in range(count)]


async def nothing(record: Record) -> None:
    pass


async def test_every_record_is_answered_done_with_its_result() -> None:
    async def echo(record: Record) -> str:
        return f"result of {record.id}"

    stream = await consume(echo, many(3))
    assert stream.results == {"0": "result of 0", "1": "result of 1", "2": "result of 2"}
    assert stream.failed == []


async def test_an_empty_stream_is_a_success() -> None:
    stream = await consume(nothing, [])
    assert stream.answers == []


async def test_duplicate_ids_are_each_processed() -> None:
    stream = await consume(nothing, [record("a"), record("b"), record("a")])
    assert sorted(stream.done) == ["a", "a", "b"]


@pytest.mark.parametrize("concurrency", [1, 2, 7, 50])
async def test_as_many_records_as_allowed_are_in_work_at_once_and_never_more(concurrency: int) -> None:
    working = peak = 0

    async def work(record: Record) -> None:
        nonlocal working, peak
        working += 1
        peak = max(peak, working)
        for _ in range(10):
            await checkpoint()
        working -= 1

    stream = await consume(work, many(200), concurrency=concurrency)
    assert len(stream.done) == 200
    assert peak == concurrency


async def test_records_wait_for_each_other_only_up_to_the_bound() -> None:
    """Five records that can only end together: the batch hangs unless five are in work at once."""
    arrived = 0
    together = anyio.Event()

    async def work(record: Record) -> None:
        nonlocal arrived
        arrived += 1
        if arrived == 5:
            together.set()
        await together.wait()

    with anyio.fail_after(5):
        stream = await consume(work, many(5), concurrency=5)
    assert len(stream.done) == 5


async def test_with_a_concurrency_of_one_records_run_in_order() -> None:
    ran: list[str] = []

    async def work(record: Record) -> None:
        await checkpoint()
        ran.append(record.id)

    await consume(work, many(20), concurrency=1)
    assert ran == [str(number) for number in range(20)]


# Context


async def test_context_variables_of_fifty_concurrent_records_are_never_mixed_up() -> None:
    async def work(record: Record) -> list[str | None]:
        values = [seen.get(None)]
        seen.set(record.id)
        for _ in range(5):
            await checkpoint()
            values.append(seen.get())
        return values

    stream = await consume(work, many(50), concurrency=50)
    assert stream.results == {str(number): [None, *[str(number)] * 5] for number in range(50)}
    assert seen.get(None) is None


async def test_nothing_leaks_between_records_that_never_wait() -> None:
    async def work(record: Record) -> str | None:
        before = seen.get(None)
        seen.set(record.id)
        return before

    stream = await consume(work, many(20), concurrency=1)
    assert set(stream.results.values()) == {None}
    assert seen.get(None) is None


async def test_records_start_from_the_context_of_the_batch() -> None:
    async def work(record: Record) -> str:
        return seen.get()

    seen.set("the batch")
    stream = await consume(work, many(3))
    assert set(stream.results.values()) == {"the batch"}


async def test_bound_log_keys_belong_to_one_record(lines: Callable[[], list[dict[str, Any]]]) -> None:
    async def work(record: Record) -> None:
        bind(order=record.id)
        await checkpoint()
        with bound(step=1):
            await checkpoint()
            get_logger("test").info("working", expected=record.id)

    await consume(work, many(50), concurrency=50)
    logged = lines()
    assert len(logged) == 50
    assert all(line["order"] == line["expected"] for line in logged)


async def test_the_task_group_of_a_handler_sees_the_records_context() -> None:
    async def work(record: Record) -> str:
        seen.set(record.id)
        found: list[str] = []

        async def child() -> None:
            await checkpoint()
            found.append(seen.get())

        async with anyio.create_task_group() as group:
            group.start_soon(child)
        return found[0]

    stream = await consume(work, many(5))
    assert stream.results == {str(number): str(number) for number in range(5)}


# Failures


async def test_a_failing_record_fails_alone_and_is_logged_once(lines: Callable[[], list[dict[str, Any]]]) -> None:
    async def work(record: Record) -> None:
        bind(order=7)
        if record.id == "1":
            await checkpoint()
            raise ValueError("broken")

    stream = await consume(work, [record("0"), record("1", attempt=3), record("2")])
    assert sorted(stream.done) == ["0", "2"]
    assert stream.failed == ["1"]
    assert [str(answer["error"]) for answer in stream.answers if answer["id"] == "1"] == ["broken"]
    (line,) = lines()
    assert line["level"] == "ERROR"
    assert line["record_id"] == "1"
    assert line["consumer"].endswith("work")
    assert line["attempt"] == 3
    assert line["order"] == 7, "what the record has bound stands in its line"
    assert "ValueError: broken" in json.dumps(line)


async def test_all_failed_means_all_are_reported() -> None:
    async def work(record: Record) -> None:
        raise ValueError

    stream = await consume(work, many(30), concurrency=3)
    assert sorted(stream.failed, key=int) == [str(number) for number in range(30)]
    assert stream.done == []


POISON = {
    "no JSON": "{",
    "does not fit": '{"id": "x"}',
    "bad UTF-8": b'{"id": \xff}',
    "too deep": "[" * 200_000,
    "empty": "",
}


@pytest.mark.parametrize("body", POISON.values(), ids=POISON)
async def test_a_poison_record_fails_by_its_own_id_before_the_handler(
    body: Any, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    called: list[str] = []

    async def work(order: dict[str, int], record: Record) -> None:
        await checkpoint()
        called.append(record.id)

    good = [record(str(number), '{"id": 1}') for number in range(10)]
    stream = await consume(work, [*good[:5], record("poison", body), *good[5:]])
    assert stream.failed == ["poison"]
    assert len(stream.done) == 10
    assert "poison" not in called
    (line,) = lines()
    assert line["record_id"] == "poison"
    assert line["reason"].startswith("The body ")
    assert "exception" not in line
    assert len(json.dumps(line)) < 1000


async def test_a_body_that_the_source_cant_read_is_poison() -> None:
    def unreadable(raw: Any) -> Any:
        raise PoisonRecordError("The data is not base64")

    from lambdaframe.records.record import RecordFields

    async def work(data: bytes) -> None: ...

    stream = await consume(work, [Record("bad", {}, RecordFields("test", unreadable)), record("good", b"x")])
    assert stream.failed == ["bad"]
    assert stream.done == ["good"]


@pytest.mark.parametrize("late", [False, True], ids=["at once", "after waiting"])
@pytest.mark.parametrize(
    "error",
    [SystemExit(1), KeyboardInterrupt(), GeneratorExit(), StopIteration(), asyncio.CancelledError(), BaseException()],
)
async def test_whatever_a_handler_raises_fails_its_record_only(error: BaseException, late: bool) -> None:
    async def work(record: Record) -> None:
        if late:
            await checkpoint()
        if record.id == "1":
            raise error

    stream = await consume(work, many(4), concurrency=2)
    assert stream.failed == ["1"]
    assert sorted(stream.done) == ["0", "2", "3"]


@pytest.mark.parametrize("error", [SystemExit(1), KeyboardInterrupt(), StopIteration(), ValueError()])
async def test_whatever_a_handler_raises_in_its_thread_fails_its_record_only(error: BaseException) -> None:
    def work(record: Record) -> None:
        if record.id == "1":
            raise error

    stream = await consume(work, many(3))
    assert stream.failed == ["1"]
    assert sorted(stream.done) == ["0", "2"]


async def test_attempts_that_cant_be_read_take_nobody_along() -> None:
    async def work(record: Record) -> None:
        raise ValueError

    from lambdaframe.records.record import RecordFields

    broken = RecordFields("test", lambda raw: "", receive_count=lambda raw: int(raw["count"]))
    stream = await consume(work, [Record("1", {}, broken), Record("2", {"count": "x"}, broken)])
    assert sorted(stream.failed) == ["1", "2"]


async def test_an_error_of_the_source_ends_the_run_and_cancels_what_is_in_flight() -> None:
    ended: list[str] = []

    async def work(record: Record) -> None:
        try:
            await anyio.sleep_forever()
        finally:
            ended.append(record.id)

    stream = Stream(many(3))

    async def receive() -> Message:
        if stream.pulled == 3:
            raise OSError("the connection is gone")
        return await stream.receive()

    stream_of_errors = Stream([])
    stream_of_errors.receive = receive  # type: ignore[method-assign]
    with anyio.fail_after(5), pytest.raises(OSError, match="gone"):
        await stream_of_errors.through(consumer(work))
    assert sorted(ended) == ["0", "1", "2"]
    assert stream_of_errors.answers == []


async def test_an_error_of_send_ends_the_run() -> None:
    async def send(message: Message) -> None:
        raise OSError("the connection is gone")

    stream = Stream(many(3))
    stream.send = send  # type: ignore[method-assign]
    with pytest.raises(OSError, match="gone"):
        await stream.through(consumer(nothing))


# Cancellation


async def test_cancelling_the_run_cancels_the_records_and_lets_them_clean_up() -> None:
    cleaned: list[str] = []
    started = anyio.Event()

    async def work(record: Record) -> None:
        try:
            if record.id == "4":
                started.set()
            await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                await checkpoint()
            cleaned.append(record.id)

    stream = Stream(many(5))
    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            group.start_soon(stream.through, consumer(work))
            await started.wait()
            group.cancel_scope.cancel()
    assert sorted(cleaned) == ["0", "1", "2", "3", "4"]
    assert stream.answers == []


async def test_a_timeout_of_a_handler_is_its_own() -> None:
    async def work(record: Record) -> None:
        if record.id == "0":
            with anyio.fail_after(0.001):
                await anyio.sleep_forever()
        await checkpoint()

    stream = await consume(work, many(5), concurrency=2)
    assert stream.failed == ["0"]
    assert len(stream.done) == 4


# Sync consumers


async def test_sync_consumers_run_in_threads_under_the_same_bound() -> None:
    gate = threading.Barrier(3, timeout=5)
    lock = threading.Lock()
    working = peak = 0
    threads: set[int] = set()

    def work(record: Record) -> str:
        nonlocal working, peak
        with lock:
            working += 1
            peak = max(peak, working)
            threads.add(threading.get_ident())
        gate.wait()  # three have to be at work at once
        with lock:
            working -= 1
        return seen.get()

    seen.set("the batch")
    stream = await consume(work, many(12), concurrency=3)
    assert peak == 3
    assert threading.get_ident() not in threads
    assert stream.results == {str(number): "the batch" for number in range(12)}


async def test_a_plain_wrapper_around_an_async_consumer_runs_it() -> None:
    ran: list[str] = []

    def decorated(record: Record) -> Any:
        async def inner() -> str:
            await checkpoint()
            ran.append(record.id)
            return "inner"

        return inner()

    stream = await consume(decorated, many(2))
    assert sorted(ran) == ["0", "1"]
    assert set(stream.results.values()) == {"inner"}


# Other shapes


async def test_the_invocation_is_passed_by_type() -> None:
    async def work(invocation: Invocation) -> str:
        return invocation.request_id

    token = current.set(Invocation(request_id="abc"))
    try:
        stream = await consume(work, many(1))
    finally:
        current.reset(token)
    assert stream.results == {"0": "abc"}


async def test_a_guard_sees_the_record_and_the_validated_arguments() -> None:
    calls: list[tuple[str, Any]] = []

    def guard(call: Any) -> Any:
        async def guarded(record: Record, arguments: tuple[Any, ...]) -> Any:
            calls.append((record.id, arguments))
            return "skipped" if record.id == "0" else await call(record, arguments)

        return guarded

    async def work(data: dict[str, int]) -> int:
        return data["id"]

    stream = Stream([record("0", '{"id": 1}'), record("1", '{"id": 2}'), record("2", "poison")])
    await stream.through(consumer(work, guard=guard))
    assert stream.results == {"0": "skipped", "1": 2}
    assert stream.failed == ["2"]
    assert calls == [("0", ({"id": 1},)), ("1", ({"id": 2},))]


async def test_an_endless_stream_is_served_while_it_lasts() -> None:
    """A poller: records come one by one, and each is answered before the next one exists."""
    sender, receiver = anyio.create_memory_object_stream[Message](0)
    answered = anyio.Event()

    async def send(message: Message) -> None:
        answered.set()

    async def poll() -> AsyncGenerator[str]:
        for number in range(30):
            yield str(number)

    async def feed() -> None:
        nonlocal answered
        async for identifier in poll():
            answered = anyio.Event()
            await sender.send({"type": "records.record", "record": record(identifier)})
            await answered.wait()
        await sender.send({"type": "records.end"})

    async def work(record: Record) -> None:
        await checkpoint()

    stream = Stream([])
    stream.receive, stream.send = receiver.receive, send  # type: ignore[method-assign]
    with anyio.fail_after(5), sender, receiver:
        async with anyio.create_task_group() as group:
            group.start_soon(stream.through, consumer(work, concurrency=4))
            group.start_soon(feed)


async def test_nothing_is_pulled_that_nobody_can_start_on() -> None:
    hold = anyio.Event()
    full = anyio.Event()

    async def work(record: Record) -> None:
        if record.id == "2":
            full.set()
        await hold.wait()

    def endless() -> Iterator[Record]:
        yield from many(100)

    stream = Stream(endless())
    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            group.start_soon(stream.through, consumer(work, concurrency=3))
            await full.wait()
            for _ in range(20):
                await checkpoint()
            assert stream.pulled == 3
            hold.set()
    assert len(stream.done) == 100
