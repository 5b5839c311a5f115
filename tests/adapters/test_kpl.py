"""Records that the Kinesis Producer Library has aggregated: consumers see what was sent, answers name the whole."""

import hashlib
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdaframe import App, Record
from lambdaframe.errors import ConfigurationError
from lambdaframe_adapters import LambdaHandler, kinesis
from lambdaframe_adapters.testing import kinesis_event
from lambdaframe_adapters.testing.streams import aggregated

Make = Callable[..., LambdaHandler]

MAGIC = b"\xf3\x89\x9a\xc2"


def records_of(event: dict[str, Any]) -> list[Record]:
    return list(kinesis.records(event))


def numbers(event: dict[str, Any]) -> list[str]:
    return [raw["kinesis"]["sequenceNumber"] for raw in event["Records"]]


def checkpoint(answer: dict[str, Any]) -> str | None:
    failures = answer["batchItemFailures"]
    assert len(failures) <= 1
    return failures[0]["itemIdentifier"] if failures else None


def test_an_aggregated_record_is_taken_apart() -> None:
    event = kinesis_event([aggregated([("user-1", {"n": 1}), ("user-2", b"\xff"), ("user-1", "three")]), "alone"])
    kinesis.scope(event, None)
    number, other = numbers(event)
    records = records_of(event)
    assert [record.id for record in records] == [f"{number}#0", f"{number}#1", f"{number}#2", other]
    assert [record.group for record in records] == ["user-1", "user-2", "user-1", "key"]
    assert [record.body for record in records] == [b'{"n": 1}', b"\xff", b"three", b"alone"]
    assert [record.sequence for record in records] == [int(number)] * 3 + [int(other)]
    assert records[0].timestamp == records[2].timestamp is not None
    assert records[1].raw["kinesis"]["subSequenceNumber"] == 1
    assert records[1].raw["eventSourceARN"] == event["Records"][0]["eventSourceARN"]


def looks_aggregated(message: bytes, digest: bytes | None = None) -> bytes:
    sum_ = hashlib.md5(message, usedforsecurity=False).digest()
    return MAGIC + message + (sum_ if digest is None else digest)


@pytest.mark.parametrize(
    "data",
    [
        MAGIC,
        MAGIC + b"x" * 16,
        looks_aggregated(b"\x0a\x01a", b"0" * 16),
        looks_aggregated(b"\xff\xff\xff"),
        # a record whose partition key is not in the table
        looks_aggregated(b"\x0a\x01a\x1a\x05\x08\x07\x1a\x01x"),
        aggregated([("a", "b")])[:-1],
        b"\xf3\x89\x9a\xc3" + aggregated([("a", "b")])[4:],
    ],
)
def test_what_only_looks_aggregated_is_an_ordinary_record(data: bytes) -> None:
    event = kinesis_event([data])
    (record,) = records_of(event)
    assert (record.id, record.body) == (numbers(event)[0], data)
    assert checkpoint(kinesis.failures(event, {record.id}, 1)) == record.id


def test_data_that_is_no_base64_is_poison_and_its_neighbours_are_taken_apart(make: Make) -> None:
    app = App()
    seen: list[Any] = []

    @app.kinesis()
    async def take(data: str) -> None:
        seen.append(data)

    event = kinesis_event([aggregated([("a", "1"), ("b", "2")]), "x", aggregated([("c", "3")])])
    event["Records"][1]["kinesis"]["data"] = "84maw!!!"
    assert checkpoint(make(app)(event)) == numbers(event)[1]
    assert {"1", "2"} <= set(seen)


def test_a_failure_of_one_brings_the_whole_again(make: Make) -> None:
    app = App()
    seen: list[Any] = []

    @app.kinesis("stream", concurrency=1)
    async def take(data: int) -> None:
        seen.append(data)
        if data == 4:
            raise ValueError

    event = kinesis_event(
        [aggregated([("a", 1), ("a", 2)]), aggregated([("a", 3), ("b", 4), ("c", 5)]), aggregated([("d", 6)])]
    )
    assert checkpoint(make(app)(event)) == numbers(event)[1]
    assert 6 not in seen, "behind a failure no higher number is started"


def test_order_is_kept_within_the_partition_key_of_what_was_sent(make: Make) -> None:
    import anyio

    app = App()
    seen: dict[str, list[int]] = {"a": [], "b": []}

    @app.kinesis("stream", concurrency=10)
    async def take(data: int, record: Record) -> None:
        if data % 3 == 0:
            await anyio.sleep(0.001)
        seen[str(record.group)].append(data)

    sent = [("a" if n % 2 else "b", n) for n in range(12)]
    event = kinesis_event([aggregated(sent[:5]), aggregated(sent[5:])])
    assert checkpoint(make(app)(event)) is None
    assert seen == {"a": [1, 3, 5, 7, 9, 11], "b": [0, 2, 4, 6, 8, 10]}


def test_each_is_done_once_where_that_is_asked_for(make: Make) -> None:
    app = App(idempotency="memory://")
    seen: list[int] = []

    @app.kinesis("stream", idempotent=True)
    async def take(data: int) -> None:
        seen.append(data)
        if data == 2 and seen.count(2) == 1:
            raise ValueError

    event = kinesis_event([aggregated([("a", 1), ("b", 2), ("c", 3)])])
    handler = make(app)
    assert checkpoint(handler(event)) == numbers(event)[0]
    assert checkpoint(handler(event)) is None
    assert sorted(seen) == [1, 2, 2, 3]


shapes = st.lists(st.integers(1, 4) | st.none(), min_size=1, max_size=6)


@given(shapes, st.data())
def test_nothing_that_is_not_done_is_lost(shape: list[int | None], data: st.DataObject) -> None:
    """``shape``: how many records each has inside; None for an ordinary one."""
    event = kinesis_event([b"x" if size is None else aggregated([("a", "b")] * size) for size in shape])
    records = records_of(event)
    assert len(records) == sum(size or 1 for size in shape)
    received = data.draw(st.integers(0, len(records)))
    failed = data.draw(st.sets(st.sampled_from(records[:received]))) if received else set[Record]()
    open_ = [*failed, *records[received:]]
    expected = str(min(record.sequence or 0 for record in open_)) if open_ else None
    assert checkpoint(kinesis.failures(event, {record.id for record in failed}, received)) == expected


def test_without_the_library_an_aggregated_record_fails_the_batch_before_anything_is_done(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = App()
    seen: list[Any] = []

    @app.kinesis("stream")
    async def take(data: bytes) -> None:
        seen.append(data)

    event = kinesis_event(["plain", aggregated([("a", "b")])])
    monkeypatch.setitem(sys.modules, "aws_kinesis_agg.deaggregator", None)
    with pytest.raises(ConfigurationError, match=r"Install lambdaframe\[kpl\]"):
        make(app)(event)
    assert seen == []
    assert checkpoint(make(app)(kinesis_event(["plain", MAGIC + b"but no more"]))) is None


PROGRAM = """
import sys
from lambdaframe_adapters import kinesis
from lambdaframe_adapters.testing import kinesis_event

before = sys.path[:]
event = kinesis_event([bytes.fromhex(sys.argv[1]), "plain"])
assert [record.body for record in kinesis.records(event)] == [b"1", b"2", b"plain"]
assert sys.path == before, sys.path
assert "aws_kinesis_agg.deaggregator" in sys.modules
"""


def test_the_library_does_not_stay_in_front_of_other_code() -> None:
    """It puts its own folder there when it is imported, and its modules have the names that others might have."""
    command = [sys.executable, "-c", PROGRAM, aggregated([("a", "1"), ("b", "2")]).hex()]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
