"""The options of consumers: which are refused with which advice, and what order, timeout, key and middleware do."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import anyio
import pytest
from pydantic import BaseModel

from lambdaframe import App, Invocation
from lambdaframe.errors import ConfigurationError, PoisonRecordError
from lambdaframe.records.consumer import Consumers
from lambdaframe.records.record import Record
from lambdaframe.records.stream import RecordStream
from tests.records.streams import Stream, consume, consumer, record, simulate

Lines = Callable[[], list[dict[str, Any]]]


class Order(BaseModel):
    id: int


async def takes_one(order: Order) -> None: ...


def takes_one_in_a_thread(order: Order) -> None: ...


async def takes_all(stream: RecordStream[Order]) -> None: ...


def takes_all_in_a_thread(stream: RecordStream[Order]) -> None: ...


async def takes_both(stream: RecordStream[Order], record: Record) -> None: ...


async def takes_the_record(record: Record) -> None: ...


def takes_nothing() -> None: ...


def id_of(order: Order) -> int:
    return order.id


WRONG: list[tuple[str, str | None, Any, dict[str, Any], str]] = [
    ("sqs", "q", takes_one, {"retries": 3}, "no option 'retries'; its options are concurrency, batch, order,"),
    ("sqs", "q", takes_one, {"batch": 1}, "batch=1 must be True or False"),
    ("sqs", "q", takes_one, {"batch": True}, "takes one argument of type RecordStream"),
    ("sqs", "q", takes_both, {"batch": True}, "beside it Invocation and dependencies: not 'record'"),
    ("sqs", "q", takes_all, {}, "'stream' is a RecordStream: write batch=True"),
    ("sqs", "q", takes_all_in_a_thread, {"batch": True}, "write 'async def'"),
    ("sqs", "q", takes_all, {"batch": True, "concurrency": 5}, "Leave concurrency out, or batch"),
    ("sqs", "q", takes_all, {"batch": True, "idempotent": True}, "Leave idempotent out, or batch"),
    ("sqs", "q", takes_all, {"batch": True, "timeout": 5}, "Leave timeout out, or batch"),
    ("sqs", "q", takes_one, {"timeout": 0}, "A timeout is a number of seconds above zero"),
    ("sqs", "q", takes_one, {"timeout": timedelta(0)}, "A timeout is a number of seconds above zero"),
    ("sqs", "q", takes_one_in_a_thread, {"timeout": 1}, "timeout can't stop the thread"),
    ("sqs", "q", takes_one, {"order": "strict"}, "order is one of 'batch', 'group', 'none', not 'strict'"),
    ("sqs", "q", takes_one, {"order": "group"}, "'q' is a standard queue"),
    ("sqs", "q.fifo", takes_one, {"order": "none"}, "would lose the order of a FIFO queue's groups"),
    ("sqs", None, takes_one, {"order": "none"}, "or name a standard queue"),
    ("firehose", "d", takes_one, {"order": "group"}, "records of firehose have no order"),
    ("firehose", "d", takes_one, {"idempotent": True}, "must be transformed again"),
    ("sqs", "q", takes_one, {"permanent": "ValueError"}, "permanent takes exception classes"),
    ("sqs", "q", takes_one, {"drop": (ValueError, SystemExit)}, "drop takes exception classes"),
    ("sqs", "q", takes_one, {"drop": KeyError, "permanent": (KeyError,)}, "KeyError is in permanent and in drop"),
    ("sqs", "q", takes_one, {"dead_letter": "orders-dead"}, "write 'sqs://' and its name or URL"),
    ("sqs", "q", takes_one, {"dead_letter": "sqs://a b"}, "write 'sqs://' and its name or URL"),
    ("sqs", "q", takes_one, {"dead_letter": takes_the_record}, r"a function of \(record, error\)"),
    ("sqs", "q", takes_one, {"dead_letter": 3}, r"a function of \(record, error\), not 3"),
    ("sqs", "q", takes_one, {"unwrap": "sqs"}, "unwrap of sqs is one of 'sns', 's3', 'eventbridge', not 'sqs'"),
    ("dynamodb", "t", takes_one, {"unwrap": "sns"}, "unwrap of dynamodb is for sqs, kinesis and firehose"),
    ("sqs", "q", takes_the_record, {"unwrap": "sns"}, "nothing to unwrap"),
    ("sqs", "q", takes_one, {"key": "order"}, "write idempotent=True with it"),
    ("sqs", "q", takes_one, {"idempotent": True, "key": "order.id"}, "inside 'order': write 'id'"),
    ("sqs", "q", takes_one, {"idempotent": True, "key": "id["}, r"'id\[' is no JMESPath expression"),
    ("sqs", "q", takes_one, {"idempotent": True, "key": "size(id)"}, r"JMESPath has no function size\(\)"),
    ("sqs", "q", takes_the_record, {"idempotent": True, "key": "record"}, "takes none. Write a function of the Record"),
    ("sqs", "q", takes_one, {"idempotent": True, "key": takes_nothing}, "over the payload or a function of it, not"),
    ("sqs", "q", takes_one, {"idempotent": True, "key": 3}, "or a function of it, not 3"),
    ("sqs", "q", takes_one, {"idempotent": "yes"}, "write True, or options such as {'ttl': 3600}, not 'yes'"),
    (
        "sqs",
        "q",
        takes_one,
        {"idempotent": {"required": True}},
        "no option 'required' for records; its options are lease",
    ),
    ("sqs", "q", takes_one, {"idempotent": {"ttl": 60}}, "a result must be kept for twice the longest lease"),
    ("sqs", "q", takes_one, {"idempotent": {"on_expiry": "wait"}}, "on_expiry is one of"),
    ("sqs", "q", takes_all, {"batch": True, "idempotent": {"lease": 5}}, "Leave idempotent out, or batch"),
    ("firehose", "d", takes_one, {"idempotent": {}}, "must be transformed again"),
    ("sqs", "q", takes_one, {"batch": 1}, "batch=1 must be True or False"),
]


@pytest.fixture(scope="module", params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def app() -> App:
    return App(idempotency="memory://")


@pytest.mark.parametrize(("source", "name", "function", "options", "advice"), WRONG)
def test_wrong_options_are_refused(source: str, name: str | None, function: Any, options: Any, advice: str) -> None:
    verb = getattr(app(), source)
    with pytest.raises(ConfigurationError, match=advice) as caught:
        verb(name, **options)(function)
    assert function.__name__ in str(caught.value)


@pytest.mark.parametrize(
    ("source", "name", "order"),
    [
        ("sqs", "q", "none"),
        ("sqs", "q", "batch"),
        ("sqs", "q.fifo", "group"),
        ("sqs", "q.fifo", "batch"),
        ("sqs", None, "batch"),
        ("kinesis", "s", "none"),
        ("dynamodb", "t", "group"),
        ("kafka", "t", "none"),
        ("kafka", None, "batch"),
        ("firehose", "d", "none"),
    ],
)
def test_orders_that_are_safe_are_taken(source: str, name: str | None, order: str) -> None:
    getattr(app(), source)(name, order=order)(takes_one)


def test_single_events_are_no_stream() -> None:
    with pytest.raises(ConfigurationError, match="eventbridge gives single events: leave batch=True out"):
        Consumers().make("eventbridge", None, takes_all, batch=True)


def test_idempotent_consumers_need_a_store() -> None:
    with pytest.raises(ConfigurationError, match="idempotent=True needs a store"):
        App().sqs("q", idempotent=True)(takes_one)
    with pytest.raises(ConfigurationError, match="needs an application with a store"):
        Consumers().add("sqs", "q", takes_one, idempotent=True)


# Order


def in_groups(*names: str) -> list[Record]:
    return [record(name, group=name[0], sequence=at) for at, name in enumerate(names)]


@pytest.mark.parametrize(
    ("order", "wanted", "started"),
    [
        ("none", None, "a1 a2 b1 b2 c1"),
        ("none", "batch", "a1"),
        ("group", None, "a1 b1 b2 c1"),
        ("group", "batch", "a1"),
        ("partition", None, "a1 b1 b2 c1"),
        ("partition", "none", "a1 b1 b2 c1"),
        ("partition", "batch", "a1"),
        ("checkpoint", None, "a1"),
        ("checkpoint", "none", "a1"),
    ],
)
async def test_what_is_started_after_a_failure(order: str, wanted: str | None, started: str) -> None:
    seen: list[str] = []

    async def work(record: Record) -> None:
        seen.append(record.id)
        if record.id == "a1":
            raise ValueError

    taker = consumer(work, order=wanted, concurrency=1)
    stream = await Stream(in_groups("a1", "a2", "b1", "b2", "c1")).through(taker, order)
    assert sorted(seen) == started.split()
    assert sorted([*stream.done, *stream.failed]) == sorted(seen)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize(
    ("order", "wanted", "most"),
    [
        ("checkpoint", None, 1),
        ("checkpoint", "none", 3),
        ("partition", None, 1),
        ("partition", "none", 3),
        ("group", "batch", 1),
    ],
)
def test_how_many_of_a_group_are_in_work_at_once(backend: str, order: str, wanted: str | None, most: int) -> None:
    now = peak = 0

    async def work(record: Record) -> None:
        nonlocal now, peak
        now += 1
        peak = max(peak, now)
        await anyio.sleep(1)
        now -= 1

    async def main() -> None:
        stream = await Stream(in_groups("a1", "a2", "a3")).through(consumer(work, order=wanted), order)
        assert sorted(stream.done) == ["a1", "a2", "a3"]

    simulate(backend, main)
    assert peak == most


# Timeout


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("timeout", [2, timedelta(seconds=2)])
def test_a_record_that_takes_too_long_fails_and_cleans_up(backend: str, timeout: Any, lines: Lines) -> None:
    cleaned: list[float] = []

    async def work(record: Record) -> None:
        started = anyio.current_time()
        try:
            await anyio.sleep(3600 if record.id == "a" else 1)
        finally:
            cleaned.append(anyio.current_time() - started)

    async def main() -> None:
        stream = await consume(work, [record("a"), record("b")], timeout=timeout, concurrency=1)
        assert (stream.done, stream.failed) == (["b"], ["a"])
        error = stream.answers[0]["error"]
        assert isinstance(error, TimeoutError)
        assert str(error) == "The record took longer than its 2 s"

    simulate(backend, main)
    assert cleaned == pytest.approx([2, 1])
    assert [line["record_id"] for line in lines()] == ["a"]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_timeout_of_the_functions_own_is_told_as_it_is(backend: str) -> None:
    async def work(record: Record) -> None:
        raise TimeoutError("the database's")

    async def main() -> None:
        stream = await consume(work, [record("a")], timeout=2)
        assert str(stream.answers[0]["error"]) == "the database's"

    simulate(backend, main)


# Idempotency by business key


async def deliver(app: App, *records: Record) -> Stream:
    stream = Stream(records)
    await app({"type": "records", "source": "sqs", "name": "q", "order": "none"}, stream.receive, stream.send)
    return stream


@pytest.mark.parametrize("key", ["order", id_of, "id", "[id, status]"], ids=["argument", "function", "path", "paths"])
def test_a_business_key_makes_two_records_one(key: Any) -> None:
    made = app()
    seen: list[int] = []

    @made.sqs("q", idempotent=True, key=key)
    async def work(invocation: Invocation, order: Order) -> None:
        seen.append(order.id)

    async def main() -> None:
        stream = await deliver(made, record("a", '{"id": 1}'), record("b", '{"id": 2}'))
        assert sorted(stream.done) == ["a", "b"]
        assert (await deliver(made, record("c", '{"id": 1}'))).done == ["c"]

    anyio.run(main)
    assert sorted(seen) == [1, 2]


# Middleware


async def test_middleware_wraps_each_record_the_first_one_outermost() -> None:
    made = app()
    log: list[str] = []

    @made.sqs("q")
    async def work(order: Order) -> str:
        log.append(f"work {order.id}")
        return "result"

    @made.record_middleware
    async def outer(record: Record, call_next: Callable[[Record], Any]) -> Any:
        log.append(f"outer {record.id}")
        try:
            return f"{await call_next(record)}, seen"
        finally:
            log.append("outer ends")

    @made.record_middleware
    async def inner(record: Record, call_next: Callable[[Record], Any]) -> Any:
        log.append("inner")
        return await call_next(record)

    stream = await deliver(made, record("a", '{"id": 1}'))
    assert log == ["outer a", "inner", "work 1", "outer ends"]
    assert stream.results == {"a": "result, seen"}


async def test_middleware_sees_poison_and_may_fail_or_save_a_record(lines: Lines) -> None:
    made = app()
    seen: list[str] = []

    @made.sqs("q")
    async def work(order: Order) -> None:
        if order.id == 2:
            raise KeyError(2)

    @made.record_middleware
    async def watch(record: Record, call_next: Callable[[Record], Any]) -> Any:
        try:
            await call_next(record)
        except PoisonRecordError:
            seen.append(f"{record.id} is poison")
            raise
        except KeyError:
            seen.append(f"{record.id} is saved")

    stream = await deliver(made, record("a", "no JSON"), record("b", '{"id": 2}'), record("c", '{"id": 3}'))
    assert sorted(seen) == ["a is poison", "b is saved"]
    assert (sorted(stream.done), stream.failed) == (["b", "c"], ["a"])
    assert [line["message"] for line in lines()] == ["Poison record"]


async def test_middleware_may_pass_on_another_record() -> None:
    made = app()

    @made.sqs("q")
    async def work(order: Order) -> int:
        return order.id

    @made.record_middleware
    async def decode(given: Record, call_next: Callable[[Record], Any]) -> Any:
        return await call_next(record(given.id, given.body.replace("x", "7")))

    assert (await deliver(made, record("a", '{"id": x}'))).results == {"a": 7}


async def test_streams_are_not_affected_by_it() -> None:
    made = app()

    @made.record_middleware
    async def never(record: Record, call_next: Callable[[Record], Any]) -> Any:
        pytest.fail("called")

    @made.sqs("q", batch=True)
    async def work(stream: RecordStream[Order]) -> None:
        async for one in stream:
            await stream.done(one)

    assert (await deliver(made, record("a", '{"id": 1}'))).done == ["a"]


def not_async(record: Record, call_next: Any) -> None: ...


@pytest.mark.parametrize("function", [not_async, takes_the_record])
def test_what_cant_be_middleware_is_refused(function: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"write 'async def' with the arguments \(record, call_next\)"):
        app().record_middleware(function)


async def test_asgi_middleware_wraps_the_whole_stream() -> None:
    made = app()
    seen: list[str] = []

    class Count:
        def __init__(self, app: Any) -> None:
            self._app = app

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            async def counted(message: Any) -> None:
                seen.append(message["type"])
                await send(message)

            seen.append(scope["type"])
            await self._app(scope, receive, counted)

    made.add_middleware(Count)
    made.sqs("q")(takes_one)
    stream = await deliver(made, record("a", '{"id": 1}'), record("b", "no JSON"))
    assert (stream.done, stream.failed) == (["a"], ["b"])
    assert seen == ["records", "records.done", "records.failed"]


def test_every_verb_registers_for_its_source() -> None:
    made = app()
    for source in ("sqs", "kinesis", "dynamodb", "kafka", "firehose"):
        assert getattr(made, source)("name")(takes_one) is takes_one
        assert getattr(made, source)()(takes_one) is takes_one
