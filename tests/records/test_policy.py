"""What becomes of a record that fails: reported, dead-lettered or dropped, and the line that says so. On both loops."""

import threading
from collections.abc import Callable
from typing import Any

import anyio
import pytest
from pydantic import BaseModel

from lambdaframe import bind, get_logger
from lambdaframe.errors import DropRecordError, PermanentError, PoisonRecordError
from lambdaframe.records.policy import Policy
from lambdaframe.records.record import Record
from tests.records.streams import Stream, consume, consumer, give_deadline, record, simulate

Lines = Callable[[], list[dict[str, Any]]]


class Order(BaseModel):
    id: int


class Dead:
    """A dead-letter sink that keeps what it takes, or fails."""

    def __init__(self, failure: BaseException | None = None) -> None:
        self.taken: list[tuple[str, str]] = []
        self._failure = failure

    async def __call__(self, record: Record, error: BaseException) -> None:
        if self._failure is not None:
            raise self._failure
        self.taken.append((record.id, repr(error)))


@pytest.fixture(scope="module", params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def raising(error: BaseException) -> Callable[..., Any]:
    async def work(record: Record) -> None:
        raise error

    return work


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (PermanentError("x"), "permanent"),
        (PoisonRecordError("x"), "permanent"),
        (DropRecordError("x"), "drop"),
        (ValueError(), "retry"),
        (LookupError(), "permanent"),
        (IndexError(), "permanent"),
        (KeyError(), "drop"),
        (SystemExit(), "retry"),
    ],
    ids=repr,
)
def test_the_nearest_class_decides(error: BaseException, verdict: str) -> None:
    assert Policy(permanent=(LookupError,), drop=(KeyError,)).verdict(error) == verdict


def test_even_a_poison_record_may_be_dropped() -> None:
    assert Policy(drop=(PoisonRecordError,)).verdict(PoisonRecordError("x")) == "drop"


async def test_a_permanent_failure_is_acknowledged_when_the_sink_has_taken_it(lines: Lines) -> None:
    dead = Dead()
    stream = await consume(raising(PermanentError("no such item")), [record("a", attempt=4)], dead_letter=dead)
    assert dead.taken == [("a", "PermanentError('no such item')")]
    assert stream.failed == []
    (answer,) = stream.answers
    assert answer == {"type": "records.done", "id": "a", "result": None, "dropped": True}
    (line,) = lines()
    assert line["level"] == "ERROR"
    assert line["message"] == "Record failed"
    assert line["record_id"] == "a"
    assert line["attempt"] == 4
    assert line["outcome"] == "dead-lettered"
    assert "raising.<locals>.work" in line["consumer"]
    assert "no such item" in str(line["exception"])


async def test_without_a_sink_it_is_a_plain_failure(lines: Lines) -> None:
    stream = await consume(raising(PermanentError("no such item")), [record("a")])
    assert stream.failed == ["a"]
    assert [line["outcome"] for line in lines()] == ["reported"]


async def test_a_poison_record_goes_to_the_sink(lines: Lines) -> None:
    dead = Dead()

    async def work(order: Order) -> None:
        pytest.fail("called")

    stream = await consume(work, [record("a", "no JSON")], dead_letter=dead)
    assert stream.done == ["a"]
    assert dead.taken[0][1].startswith("PoisonRecordError('The body is not JSON")
    (line,) = lines()
    assert (line["message"], line["outcome"]) == ("Poison record", "dead-lettered")


@pytest.mark.parametrize("failure", [ConnectionError("no queue"), SystemExit(1)], ids=repr)
async def test_a_sink_that_fails_makes_it_a_plain_failure(failure: BaseException, lines: Lines) -> None:
    stream = await consume(raising(PermanentError("first")), [record("a")], dead_letter=Dead(failure))
    assert stream.failed == ["a"]
    assert isinstance(stream.answers[0]["error"], PermanentError)
    (line,) = lines()
    assert line["outcome"] == "reported"
    assert line["dead_letter_error"] == repr(failure)
    assert "first" in str(line["exception"])


async def test_a_dropped_record_is_done_and_logged_at_info(lines: Lines) -> None:
    stream = await consume(raising(DropRecordError("a test order")), [record("a")], dead_letter=Dead())
    assert stream.answers == [{"type": "records.done", "id": "a", "result": None, "dropped": True}]
    (line,) = lines()
    assert (line["level"], line["message"], line["outcome"]) == ("INFO", "Record dropped", "dropped")
    assert (line["error"], line["reason"], line["record_id"]) == ("DropRecordError", "a test order", "a")


async def test_everything_else_comes_again(lines: Lines) -> None:
    dead = Dead()
    stream = await consume(raising(ConnectionError()), [record("a")], permanent=ValueError, dead_letter=dead)
    assert stream.failed == ["a"]
    assert dead.taken == []
    assert [line["outcome"] for line in lines()] == ["reported"]


async def test_one_class_or_several() -> None:
    for permanent in (LookupError, (LookupError, ValueError), [LookupError]):
        dead = Dead()
        stream = await consume(raising(KeyError("k")), [record("a")], permanent=permanent, dead_letter=dead)
        assert (stream.done, len(dead.taken)) == (["a"], 1)


async def test_a_function_that_blocks_is_called_in_a_thread() -> None:
    threads: list[int] = []

    def keep(record: Record, error: BaseException) -> None:
        threads.append(threading.get_ident())

    stream = await consume(raising(PermanentError()), [record("a")], dead_letter=keep)
    assert stream.done == ["a"]
    assert threads != [threading.get_ident()]


async def test_the_line_has_the_records_bound_keys_and_the_next_record_has_not(lines: Lines) -> None:
    async def work(record: Record) -> None:
        if record.id == "a":
            bind(order="A")
            raise PermanentError("x")
        get_logger("test").info("next")

    await consume(work, [record("a"), record("b")], dead_letter=Dead(), concurrency=1)
    first, second = lines()
    assert first["order"] == "A"
    assert "order" not in second


@pytest.mark.parametrize(
    ("sink", "started"), [(Dead(), ["a1", "b1", "a2"]), (Dead(OSError("down")), ["a1", "b1"])], ids=["takes", "fails"]
)
async def test_what_is_dead_lettered_does_not_stop_its_group(sink: Dead, started: list[str]) -> None:
    seen: list[str] = []

    async def work(record: Record) -> None:
        seen.append(record.id)
        if record.id == "a1":
            raise PermanentError("x")

    records = [record("a1", group="a"), record("b1", group="b"), record("a2", group="a")]
    await consume(work, records, dead_letter=sink, order="group", concurrency=1)
    assert sorted(seen) == sorted(started)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_sink_that_hangs_is_cancelled_and_nothing_is_acknowledged(backend: str, lines: Lines) -> None:
    async def hang(record: Record, error: BaseException) -> None:
        await anyio.sleep(3600)

    async def main() -> None:
        invocation = give_deadline(2)
        stream = await Stream([record("a")]).through(consumer(raising(PermanentError("x")), dead_letter=hang))
        assert stream.answers == []
        assert invocation.remaining() == pytest.approx(0.5)

    simulate(backend, main)
    (line,) = lines()
    assert (line["message"], line["record_id"]) == ("Record cancelled before it was done", "a")
    assert "PermanentError" in str(line["exception"])


async def test_labels_and_policies_may_be_those_of_each_record(lines: Lines) -> None:
    def label_of(record: Record) -> str:
        return f"handler of {record.id}"

    def policy_of(record: Record) -> Policy:
        return Policy(drop=(KeyError,)) if record.id == "a" else Policy()

    taker = consumer(raising(KeyError("x")))._replace(label_of=label_of, policy_of=policy_of)
    stream = await Stream([record("a"), record("b")]).through(taker)
    assert (stream.done, stream.failed) == (["a"], ["b"])
    assert {line["record_id"]: line["consumer"] for line in lines()} == {"a": "handler of a", "b": "handler of b"}
