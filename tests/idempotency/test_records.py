"""Record consumers that skip what was done."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import anyio
import pytest
from pydantic import BaseModel, Field

from lambdaframe.errors import ConfigurationError, PoisonRecordError, StoreUnavailableError
from lambdaframe.idempotency import (
    IdempotencyConflictError,
    IdempotencyKeyError,
    IdempotencyMismatchError,
    MemoryStore,
    Store,
    current_lease,
)
from lambdaframe.idempotency.records import BusinessKey, RecordCall, record_guard
from lambdaframe.idempotency.runner import DISABLED
from lambdaframe.idempotency.transitions import Claim, Reply
from lambdaframe.invocation import Invocation, current
from lambdaframe.records.change import Change
from lambdaframe.records.record import Record, RecordFields

FIELDS = RecordFields(source="sqs", body=lambda raw: raw["body"])


def record(number: object, body: Any = '{"id": 1}') -> Record:
    return Record(f"id-{number}", {"body": body}, FIELDS)


class Consumer:
    """A consumer's call; it fails with ``error`` while there is one."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.seen: list[tuple[str, tuple[Any, ...]]] = []

    async def __call__(self, record: Record, arguments: tuple[Any, ...]) -> Any:
        self.seen.append((record.id, arguments))
        assert current_lease().fencing_token
        if self.error is not None:
            raise self.error
        return {"a": "result"}


def guarded(
    consumer: Consumer, *, store: Store | None = None, key: BusinessKey | str | None = None, **named: Any
) -> RecordCall:
    names: dict[str, Any] = {"app": "shop", "source": "sqs", "name": "orders", **named}
    return record_guard(store or MemoryStore(), key=key, **names)(consumer)


async def test_a_done_record_is_skipped() -> None:
    consumer = Consumer()
    call = guarded(consumer)
    assert await call(record(1), ("order",)) == {"a": "result"}
    assert await call(record(1), ("order",)) is None
    await call(record(2), ("order",))
    assert consumer.seen == [("id-1", ("order",)), ("id-2", ("order",))]


async def test_a_failed_record_is_tried_again() -> None:
    consumer = Consumer(ValueError("not yet"))
    call = guarded(consumer)
    with pytest.raises(ValueError, match="not yet"):
        await call(record(1), ())
    consumer.error = None
    await call(record(1), ())
    assert len(consumer.seen) == 2


async def test_a_record_in_work_elsewhere_fails_at_once() -> None:
    """It does not wait: the source brings it again, and the worker is free for other records."""
    store, started, finish = MemoryStore(), anyio.Event(), anyio.Event()

    async def slow(record: Record, arguments: tuple[Any, ...]) -> None:
        started.set()
        await finish.wait()

    async def begin() -> None:
        await record_guard(store, app="shop", source="sqs", name="orders")(slow)(record(1), ())

    async with anyio.create_task_group() as group:
        group.start_soon(begin)
        await started.wait()
        with anyio.fail_after(5), pytest.raises(IdempotencyConflictError):
            await guarded(Consumer(), store=store)(record(1), ())
        finish.set()
    assert await guarded(Consumer(), store=store)(record(1), ()) is None


@pytest.mark.parametrize("other", [{"source": "kinesis"}, {"name": "returns"}, {"name": None}, {"app": "else"}])
async def test_consumers_do_not_share_keys(other: Mapping[str, Any]) -> None:
    store, one, two = MemoryStore(), Consumer(), Consumer()
    await guarded(one, store=store)(record(1), ())
    await guarded(two, store=store, **other)(record(1), ())
    assert (len(one.seen), len(two.seen)) == (1, 1)


async def test_a_business_key_makes_two_records_one_operation() -> None:
    consumer = Consumer()
    call = guarded(consumer, key=lambda order: order["id"])
    await call(record(1, '{"id": 1, "n": 2}'), ({"id": 1, "n": 2},))
    await call(record(2, '{"n":2, "id":1}'), ({"id": 1, "n": 2},))
    with pytest.raises(IdempotencyMismatchError):
        await call(record(3, '{"id": 1, "n": 3}'), ({"id": 1, "n": 3},))
    await call(four := record(4, '{"id": 2}'), (four, {"id": 2}))
    assert [id for id, _ in consumer.seen] == ["id-1", "id-4"]  # noqa: A001 — the field's own word


async def test_a_business_key_of_the_record_itself() -> None:
    consumer = Consumer()
    call = guarded(consumer, key=lambda record: record.group)
    for number in (1, 2):
        message = Record(f"id-{number}", {"body": "same"}, FIELDS, group="g")
        await call(message, (message,))
    assert len(consumer.seen) == 1


async def test_a_missing_business_key_is_an_error() -> None:
    consumer = Consumer()
    with pytest.raises(IdempotencyKeyError, match=r"sqs\|orders"):
        await guarded(consumer, key=lambda order: order.get("id"))(record(1), ({},))
    assert consumer.seen == []


@pytest.mark.parametrize(
    ("key", "payload", "found"),
    [
        ("id", {"id": 7}, True),
        ("order.id", {"order": {"id": 7}}, True),
        ("[tenant, id]", {"id": 7}, True),
        ("id", Decimal("1.5"), False),
        ("id", {"id": None}, False),
        ("id", {"id": ""}, False),
        ("[tenant, id]", {}, False),
        ("items[].id", {"items": []}, False),
    ],
)
async def test_an_expression_finds_the_business_key(key: str, payload: Any, found: bool) -> None:
    consumer = Consumer()
    call = guarded(consumer, key=key)
    for number in (1, 2):
        if found:
            await call(record(number), (payload,))
        else:
            with pytest.raises(IdempotencyKeyError, match=r"sqs\|orders"):
                await call(record(number), (payload,))
    assert len(consumer.seen) == found


async def test_an_expression_over_a_model_reads_its_fields() -> None:
    class Order(BaseModel):
        number: int = Field(alias="orderNumber")

    consumer = Consumer()
    call = guarded(consumer, key="number")
    for _ in range(2):
        await call(record(1), (Order(orderNumber=7),))
    assert len(consumer.seen) == 1


async def test_what_has_no_json_can_t_be_searched() -> None:
    with pytest.raises(ConfigurationError, match=r"key='id' can't be looked for: .*object"):
        await guarded(Consumer(), key="id")(record(1), (object(),))


async def test_while_the_store_is_away_records_fail_and_nothing_runs() -> None:
    class Away(MemoryStore):
        async def acquire(self, claim: Claim) -> Reply:
            raise StoreUnavailableError("Redis at host:1", "acquire", OSError("refused"))

    consumer = Consumer()
    with pytest.raises(StoreUnavailableError):
        await guarded(consumer, store=Away())(record(1), ())
    assert consumer.seen == []


async def test_switched_off_each_record_is_done_again(monkeypatch: pytest.MonkeyPatch) -> None:
    consumer = Consumer()
    call = guarded(consumer, key=lambda order: None)
    monkeypatch.setenv(DISABLED, "1")
    for _ in range(2):
        await call(record(1), ({},))
    assert len(consumer.seen) == 2


CHANGE = Change("MODIFY", keys={"id": Decimal("1.5")}, old=None, new={"tags": {"b", "a"}, "raw": b"\xff"})


@pytest.mark.parametrize(
    "body", ["text", b"\xff\x00", "\ud800", {"a": 1}, CHANGE], ids=["str", "bytes", "surrogate", "value", "change"]
)
async def test_any_body_belongs_to_the_payload(body: Any) -> None:
    call = guarded(consumer := Consumer())
    await call(record(1, body), ())
    await call(record(1, body), ())
    with pytest.raises(IdempotencyMismatchError):
        await call(record(1, "another"), ())
    assert len(consumer.seen) == 1


async def test_a_poison_body_changes_nothing() -> None:
    def unreadable(raw: Any) -> Any:
        raise PoisonRecordError("no base64")

    poison = Record("id-1", {}, RecordFields(source="sqs", body=unreadable))
    consumer, store = Consumer(), MemoryStore()
    with pytest.raises(PoisonRecordError):
        await guarded(consumer, store=store)(poison, ())
    assert consumer.seen == []
    await guarded(consumer, store=store)(record(1), ())


async def test_a_consumer_for_any_stream_tells_the_streams_apart() -> None:
    consumer = Consumer()
    call = guarded(consumer, name=None)
    for arn in ("arn:a", "arn:b", "arn:a"):
        token = current.set(Invocation(arn=arn))
        await call(record(1), ())
        current.reset(token)
    assert [seen for seen, _ in consumer.seen] == ["id-1", "id-1"]
