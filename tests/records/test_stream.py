"""Consumers with ``batch=True``: what the stream gives, and what is made of its answers. On both loops."""

import asyncio
import contextlib
import itertools
from collections.abc import Callable
from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from lambdaframe.errors import DropRecordError, NotInStreamError, PermanentError
from lambdaframe.invocation import Invocation, current
from lambdaframe.records.record import Record
from lambdaframe.records.stream import RecordStream, StreamRecord
from lambdaframe.types import Message
from tests.records.streams import Stream, consume, consumer, give_deadline, record, simulate

Lines = Callable[[], list[dict[str, Any]]]


class Order(BaseModel):
    id: int


@pytest.fixture(scope="module", params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def backend(anyio_backend: str) -> str:
    return anyio_backend


def many(count: int) -> list[Record]:
    return [record(str(number), f'{{"id": {number}}}') for number in range(count)]


def of_groups(*groups: str) -> list[Record]:
    """Records a1, b1, a2 … in sequence."""
    counts: dict[str, int] = {}
    made: list[Record] = []
    for at, group in enumerate(groups):
        counts[group] = counts.get(group, 0) + 1
        made.append(record(f"{group}{counts[group]}", group=group, sequence=at))
    return made


async def test_the_function_is_called_once_and_answers_each_record() -> None:
    calls = 0

    async def work(stream: RecordStream[Order]) -> None:
        nonlocal calls
        calls += 1
        async for one in stream:
            assert one.body == f'{{"id": {one.id}}}'
            assert one.payload == Order(id=int(one.id))
            if one.payload.id % 2:
                await stream.fail(one, ValueError("odd"))
            else:
                await stream.done(one, one.payload.id)

    stream = await consume(work, many(6), batch=True)
    assert calls == 1
    assert stream.results == {"0": 0, "2": 2, "4": 4}
    assert stream.failed == ["1", "3", "5"]


async def test_all_records_may_be_taken_before_the_first_is_answered() -> None:
    async def work(stream: RecordStream[Order]) -> None:
        taken = [one async for one in stream]
        for one in reversed(taken):
            await stream.done(one)

    stream = await consume(work, many(100), batch=True)
    assert stream.done == [str(number) for number in reversed(range(100))]


async def test_a_stream_without_a_type_gives_the_json_value() -> None:
    async def work(stream: RecordStream[Any]) -> None:
        async for one in stream:
            await stream.done(one, one.payload)

    work.__annotations__["stream"] = RecordStream
    assert (await consume(work, many(1), batch=True)).results == {"0": {"id": 0}}


async def test_an_empty_stream_and_the_invocation_beside_it() -> None:
    token = current.set(Invocation(request_id="abc"))
    seen: list[str] = []

    async def work(*, invocation: Invocation, stream: RecordStream[Order]) -> None:
        async for _ in stream:
            pytest.fail("given")
        seen.append(invocation.request_id)

    try:
        assert (await consume(work, [], batch=True)).answers == []
    finally:
        current.reset(token)
    assert seen == ["abc"]


async def test_what_is_not_answered_is_not_processed(lines: Lines) -> None:
    async def work(stream: RecordStream[Order]) -> None:
        async for one in stream:
            if one.payload.id != 1:
                await stream.done(one)

    stream = await consume(work, many(3), batch=True)
    assert stream.done == ["0", "2"]
    assert stream.failed == []
    (line,) = lines()
    assert line["message"] == "Batch returned before all its records were answered"
    assert line["record_ids"] == ["1"]
    assert line["unanswered"] == 1


async def test_a_function_that_stops_early_leaves_the_rest(lines: Lines) -> None:
    async def work(stream: RecordStream[Order]) -> None:
        async for one in stream:
            await stream.done(one)
            break

    stream = await consume(work, many(3), batch=True)
    assert (stream.done, stream.pulled) == (["0"], 1)
    assert [line["message"] for line in lines()] == ["Batch returned before the end of its stream"]


async def test_an_exception_fails_what_is_not_answered_each_logged_once(lines: Lines) -> None:
    async def work(stream: RecordStream[Order]) -> None:
        taken = [one async for one in stream]
        await stream.done(taken[1])
        raise ValueError("no database")

    stream = await consume(work, many(3), batch=True)
    assert stream.done == ["1"]
    assert stream.failed == ["0", "2"]
    logged = lines()
    assert [(line["record_id"], line["message"], line["outcome"]) for line in logged] == [
        ("0", "Record failed", "reported"),
        ("2", "Record failed", "reported"),
    ]
    assert "no database" in str(logged[0]["exception"])
    assert logged[1]["reason"] == "ValueError('no database')"
    assert "exception" not in logged[1]


async def test_an_exception_with_nothing_open_is_logged(lines: Lines) -> None:
    async def work(stream: RecordStream[Order]) -> None:
        async for one in stream:
            await stream.done(one)
        raise ValueError("afterwards")

    stream = await consume(work, many(1), batch=True)
    assert (stream.done, stream.failed) == (["0"], [])
    (line,) = lines()
    assert line["message"] == "Batch failed"


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt()])
async def test_even_what_ends_a_process_fails_the_records_only(error: BaseException) -> None:
    async def work(stream: RecordStream[Order]) -> None:
        async for _ in stream:
            raise error

    assert (await consume(work, many(2), batch=True)).failed == ["0"]


async def test_poison_records_fail_by_themselves_and_are_never_given(lines: Lines) -> None:
    seen: list[str] = []

    async def work(stream: RecordStream[Order]) -> None:
        async for one in stream:
            seen.append(one.id)
            await stream.done(one)

    records = [record("a", '{"id": 1}'), record("b", "no JSON"), record("c", "{}"), record("d", '{"id": 2}')]
    stream = await consume(work, records, batch=True)
    assert seen == stream.done == ["a", "d"]
    assert stream.failed == ["b", "c"]
    assert [(line["record_id"], line["message"]) for line in lines()] == [
        ("b", "Poison record"),
        ("c", "Poison record"),
    ]


# Answers that are none


async def test_answers_for_what_is_not_waiting_for_one_are_errors() -> None:
    foreign: StreamRecord[Any] = StreamRecord(record("0"), None)
    kept: list[Any] = []

    async def work(stream: RecordStream[Order]) -> None:
        kept.append(stream)
        async for one in stream:
            kept.append(one)
            with pytest.raises(NotInStreamError, match="has not given it"):
                await stream.done(foreign)
            await stream.done(one)
            for answer in (stream.done(one), stream.fail(one, ValueError())):
                with pytest.raises(NotInStreamError, match=r"<Record test 0> can't be answered.*answered before"):
                    await answer
        with pytest.raises(TypeError, match="write ValueError"):
            await stream.fail(kept[1], "a reason")  # type: ignore[arg-type]

    assert (await consume(work, many(1), batch=True)).done == ["0"]
    with pytest.raises(NotInStreamError, match="the stream is over"):
        await kept[0].done(kept[1])


async def test_records_with_one_id_are_two_records() -> None:
    async def work(stream: RecordStream[Order]) -> None:
        taken = [one async for one in stream]
        for one in taken:
            await stream.done(one)

    stream = await consume(work, [record("a", '{"id": 1}'), record("a", '{"id": 2}')], batch=True)
    assert stream.done == ["a", "a"]


# Order


async def fail_first(stream: RecordStream[Any]) -> None:
    """Fails a1 as soon as it comes, is done with everything else."""
    async for one in stream:
        if one.id == "a1":
            await stream.fail(one, ValueError())
        else:
            await stream.done(one)


@pytest.mark.parametrize(
    ("order", "wanted", "done"),
    [
        ("none", None, ["b1", "a2", "c1", "b2"]),
        ("none", "batch", ["b1"]),
        ("group", None, ["b1", "c1", "b2"]),
        ("group", "batch", ["b1"]),
        ("partition", None, ["b1", "c1", "b2"]),
        ("checkpoint", None, ["b1"]),
    ],
)
async def test_what_is_given_after_a_failure(order: str, wanted: str | None, done: list[str]) -> None:
    taker = consumer(fail_first, batch=True, order=wanted)
    stream = await Stream(of_groups("b", "a", "a", "c", "b")).through(taker, order)
    assert stream.done == done
    assert stream.failed == ["a1"]


@pytest.mark.parametrize(
    ("answers", "done", "failed"),
    [
        (["a2 done", "a1 done"], ["a1", "a2"], []),
        (["a2 done", "a1 fails"], [], ["a1"]),
        (["a1 fails", "a2 done"], [], ["a1"]),
        (["a2 done"], [], []),
        (["a2 fails", "a1 done"], ["a1"], ["a2"]),
        (["a2 fails", "a3 done", "a1 done"], ["a1"], ["a2"]),
        (["a3 done", "b1 done", "a1 done", "a2 done"], ["b1", "a1", "a2", "a3"], []),
    ],
    ids=str,
)
async def test_in_a_group_nothing_counts_before_what_comes_first(
    answers: list[str], done: list[str], failed: list[str]
) -> None:
    async def work(stream: RecordStream[Any]) -> None:
        taken = {one.id: one async for one in stream}
        for answer in answers:
            name, _, verdict = answer.partition(" ")
            if verdict == "done":
                await stream.done(taken[name])
            else:
                await stream.fail(taken[name], ValueError())

    stream = await consume(work, of_groups("a", "a", "a", "b"), order="group", batch=True)
    assert (stream.done, stream.failed) == (done, failed)


# Time


def test_near_the_deadline_the_iteration_ends_and_the_rest_is_not_started(backend: str, lines: Lines) -> None:
    async def main() -> None:
        invocation = give_deadline(2)

        async def work(stream: RecordStream[Order]) -> None:
            async for one in stream:
                await anyio.sleep(0.3)
                await stream.done(one)

        stream = await Stream(many(10)).through(consumer(work, batch=True))
        assert stream.done == ["0", "1", "2", "3"]
        assert invocation.remaining() == pytest.approx(0.8)

    simulate(backend, main)
    assert [line["message"] for line in lines()] == ["Stopped before the deadline"]


def test_what_takes_long_is_given_more_reserve(backend: str) -> None:
    async def main() -> None:
        give_deadline(10)

        async def work(stream: RecordStream[Order]) -> None:
            async for one in stream:
                await anyio.sleep(4 if one.payload.id == 1 else 0.5)
                await stream.done(one)

        assert (await Stream(many(10)).through(consumer(work, batch=True))).done == ["0", "1"]

    simulate(backend, main)


def test_half_a_second_before_the_end_the_function_is_cancelled(backend: str, lines: Lines) -> None:
    async def main() -> None:
        invocation = give_deadline(3)
        cleaned: list[float] = []

        async def work(stream: RecordStream[Order]) -> None:
            try:
                async for one in stream:
                    if one.payload.id == 2:
                        await anyio.sleep(3600)
                    await stream.done(one)
            finally:
                cleaned.append(invocation.remaining())

        stream = await Stream(many(5)).through(consumer(work, batch=True))
        assert stream.done == ["0", "1"]
        assert stream.failed == []
        assert cleaned == pytest.approx([0.5])

    simulate(backend, main)
    (line,) = lines()
    assert line["message"] == "Batch cancelled before it was done"
    assert line["record_ids"] == ["2"]


def test_a_function_that_ignores_its_cancellation_is_left_behind(lines: Lines) -> None:
    async def main() -> None:
        invocation = give_deadline(3)

        async def work(stream: RecordStream[Order]) -> None:
            while not over.is_set():
                with contextlib.suppress(asyncio.CancelledError):
                    await over.wait()

        over = asyncio.Event()
        stream = await Stream(many(5)).through(consumer(work, batch=True))
        over.set()
        assert stream.answers == []
        assert invocation.remaining() == pytest.approx(0.25)

    simulate("asyncio", main)
    assert "left behind" in lines()[0]["message"]


# Streams without end, errors of the source


async def test_an_endless_stream_is_served_while_the_function_reads_it() -> None:
    endless = (record(str(number)) for number in itertools.count())
    most = 0

    async def work(stream: RecordStream[Any]) -> None:
        nonlocal most
        async for one in stream:
            await stream.done(one)
            most = int(one.id)
            if most == 10_000:
                return

    stream = Stream(endless)
    stream.answers = Forgetful()
    await stream.through(consumer(work, batch=True))
    assert stream.pulled == most + 1


class Forgetful(list[Message]):
    def append(self, message: Message) -> None:
        """Keeps nothing."""


@pytest.mark.parametrize("broken", ["receive", "send"])
async def test_an_error_of_the_source_is_raised_whatever_the_function_makes_of_it(broken: str) -> None:
    class Broken(Stream):
        async def receive(self) -> Message:
            if broken == "receive" and self.pulled == 1:
                raise ConnectionError("gone")
            return await super().receive()

        async def send(self, message: Message) -> None:
            if broken == "send":
                raise ConnectionError("gone")
            await super().send(message)

    async def work(stream: RecordStream[Any]) -> None:
        try:
            async for one in stream:
                await stream.done(one)
        except ConnectionError:
            pass

    with pytest.raises(ConnectionError, match="gone"):
        await Broken(many(3)).through(consumer(work, batch=True))


async def test_several_tasks_may_read_one_stream() -> None:
    class Slow(Stream):
        inside = 0

        async def receive(self) -> Message:
            self.inside += 1
            assert self.inside == 1, "the source is asked by one at a time"
            await anyio.lowlevel.checkpoint()
            self.inside -= 1
            return await super().receive()

    async def work(stream: RecordStream[Order]) -> None:
        async def read() -> None:
            async for one in stream:
                await anyio.lowlevel.checkpoint()
                await stream.done(one)

        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(read)

    stream = await Slow(many(50)).through(consumer(work, batch=True))
    assert sorted(map(int, stream.done)) == list(range(50))


# The failure policy


async def test_the_error_decides_as_if_it_had_been_raised() -> None:
    dead: list[str] = []

    async def work(stream: RecordStream[Order]) -> None:
        errors = [PermanentError("never"), DropRecordError("no matter"), ValueError(), KeyError()]
        async for one in stream:
            await stream.fail(one, errors[one.payload.id])

    def keep(record: Record, error: BaseException) -> None:
        dead.append(f"{record.id} {error!r}")

    stream = await consume(work, many(4), batch=True, permanent=KeyError, dead_letter=keep)
    assert dead == ["0 PermanentError('never')", "3 KeyError()"]
    assert stream.done == ["0", "1", "3"]
    assert stream.failed == ["2"]


# Whatever the function does


@settings(max_examples=150)
@given(
    groups=st.lists(st.sampled_from("abc"), max_size=12),
    order=st.sampled_from(["none", "group", "partition", "checkpoint"]),
    moves=st.lists(st.tuples(st.sampled_from(["take", "done", "fail"]), st.integers(0, 11)), max_size=40),
    raises=st.booleans(),
    backend=st.sampled_from(["asyncio", "trio"]),
)
def test_nothing_is_lost_and_nothing_is_acknowledged_out_of_order(
    groups: list[str], order: str, moves: list[tuple[str, int]], raises: bool, backend: str
) -> None:
    records = of_groups(*groups)
    given_: list[str] = []
    failed: list[str] = []
    finished: set[str] = set()

    async def work(stream: RecordStream[Any]) -> None:
        held: list[StreamRecord[Any]] = []
        for move, at in moves:
            if move == "take":
                try:
                    one = await anext(stream)
                except StopAsyncIteration:
                    continue
                assert not (order in {"group", "partition"} and any(name[0] == one.group for name in failed))
                assert not (order == "checkpoint" and failed)
                held.append(one)
                given_.append(one.id)
            elif held:
                one = held.pop(at % len(held))
                if move == "done":
                    finished.add(one.id)
                    await stream.done(one)
                else:
                    failed.append(one.id)
                    await stream.fail(one, ValueError())
        if raises:
            raise ValueError("at the end")

    async def main() -> Stream:
        return await Stream(records).through(consumer(work, batch=True), order)

    stream: Stream = simulate(backend, main)
    done = stream.done
    assert set(done) <= finished
    assert not set(done) & set(stream.failed)
    assert len(set(done)) == len(done)
    if order == "group":
        for group in "abc":
            of_group = [one.id for one in records if one.group == group]
            mine = [name for name in done if name[0] == group]
            assert mine == of_group[: len(mine)], "a group is acknowledged from its front"
    else:
        assert set(done) == finished
        if raises:
            assert set(stream.failed) == set(given_) - finished
