"""What the engine does when the time runs out, with clocks that jump. Times are seconds before the deadline."""

import asyncio
import contextlib
import gc
import json
import logging
import sys
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from lambdaframe.logging import configure
from lambdaframe.records.record import Record
from tests.records.streams import Stream, consumer, give_deadline, record, simulate


@pytest.fixture(params=["asyncio", "trio"])
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Callable[[], list[dict[str, Any]]]:
    """What has been logged since the last call."""
    configure(renderer="json")
    return lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def many(count: int) -> list[Record]:
    return [record(str(number)) for number in range(count)]


def test_nothing_is_started_in_the_last_second(backend: str, lines: Callable[[], list[dict[str, Any]]]) -> None:
    async def main() -> None:
        invocation = give_deadline(2)
        started: list[float] = []

        async def work(record: Record) -> None:
            started.append(invocation.remaining())
            await anyio.sleep(0.3)

        stream = await Stream(many(10)).through(consumer(work, concurrency=1))
        assert started == pytest.approx([2, 1.7, 1.4, 1.1])
        assert stream.done == ["0", "1", "2", "3"]
        assert stream.failed == []
        assert invocation.remaining() == pytest.approx(0.8)

    simulate(backend, main)
    (line,) = lines()
    assert line["level"] == "WARNING"
    assert line["message"] == "Stopped before the deadline"
    assert line["remaining"] == 0.8


def test_nothing_is_started_that_may_take_longer_than_is_left(backend: str) -> None:
    async def main() -> None:
        give_deadline(10)

        async def work(record: Record) -> None:
            await anyio.sleep(4 if record.id == "1" else 0.5)

        # At 5.5 the slowest has taken 4: 1.5 times that is more than what is left.
        stream = await Stream(many(10)).through(consumer(work, concurrency=1))
        assert stream.done == ["0", "1"]

    simulate(backend, main)


def test_a_batch_with_less_than_a_second_starts_nothing(backend: str) -> None:
    async def main() -> None:
        give_deadline(0.9)

        async def work(record: Record) -> None:
            pytest.fail("started")

        stream = await Stream(many(3)).through(consumer(work))
        assert stream.answers == []

    simulate(backend, main)


@pytest.mark.parametrize("left", [0.4, 0.3, 0.0, -1.0])
def test_a_batch_that_comes_too_late_ends_at_once(backend: str, left: float) -> None:
    async def main() -> None:
        invocation = give_deadline(left)

        async def work(record: Record) -> None:
            pytest.fail("started")

        stream = await Stream(many(3), pause=0.01).through(consumer(work))
        assert stream.answers == []
        assert invocation.remaining() >= left - 0.011

    simulate(backend, main)


@pytest.mark.parametrize("order", ["none", "group", "checkpoint"])
def test_a_hung_record_costs_itself_only(backend: str, order: str, lines: Callable[[], list[dict[str, Any]]]) -> None:
    async def main() -> None:
        invocation = give_deadline(2)

        async def work(record: Record) -> None:
            await anyio.sleep(3600 if record.id == "3" else 0.01)

        records = [record(str(number), group=str(number), sequence=number) for number in range(10)]
        stream = await Stream(records).through(consumer(work, concurrency=2), order)
        assert sorted(stream.done) == ["0", "1", "2", "4", "5", "6", "7", "8", "9"]
        assert stream.failed == []
        assert invocation.remaining() == pytest.approx(0.5)

    simulate(backend, main)
    (line,) = lines()
    assert line["message"] == "Record cancelled before it was done"
    assert line["record_id"] == "3"


def test_what_waited_in_a_cancelled_group_stays_unanswered(backend: str) -> None:
    async def main() -> None:
        give_deadline(2)

        async def work(record: Record) -> None:
            await anyio.sleep(3600 if record.id == "0" else 0.01)

        stream = await Stream([record("0", group="a"), record("1", group="a"), record("2", group="b")]).through(
            consumer(work), "group"
        )
        assert stream.done == ["2"]
        assert stream.failed == []

    simulate(backend, main)


def test_cancelled_records_run_their_finally_blocks(backend: str) -> None:
    cleaned: list[str] = []

    async def main() -> None:
        invocation = give_deadline(2)

        async def work(record: Record) -> None:
            try:
                await anyio.sleep_forever()
            finally:
                # On trio an await in a finally block needs a shield; on asyncio it does not.
                with anyio.CancelScope(shield=True) if backend == "trio" else contextlib.nullcontext():
                    await anyio.sleep(0.1)
                cleaned.append(record.id)

        stream = await Stream(many(5)).through(consumer(work))
        assert stream.answers == []
        assert invocation.remaining() == pytest.approx(0.4)

    simulate(backend, main)
    assert sorted(cleaned) == ["0", "1", "2", "3", "4"]


def test_a_record_that_swallows_its_cancellation_is_not_done(backend: str) -> None:
    async def main() -> None:
        give_deadline(2)

        async def work(record: Record) -> None:
            with contextlib.suppress(BaseException):
                await anyio.sleep_forever()

        stream = await Stream(many(2)).through(consumer(work))
        assert stream.answers == []

    simulate(backend, main)


def test_the_error_of_a_cancelled_record_is_logged_once(
    backend: str, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    async def main() -> None:
        give_deadline(2)

        async def work(record: Record) -> None:
            try:
                await anyio.sleep_forever()
            finally:
                raise ValueError("in the middle of it")

        stream = await Stream(many(1)).through(consumer(work))
        assert stream.answers == []

    simulate(backend, main)
    (line,) = lines()
    assert line["record_id"] == "0"
    assert "in the middle of it" in json.dumps(line)


def test_a_finally_block_that_hangs_is_cancelled_again() -> None:
    hung: list[str] = []

    async def main() -> None:
        invocation = give_deadline(2)

        async def work(record: Record) -> None:
            try:
                await asyncio.sleep(3600)
            finally:
                try:
                    await asyncio.sleep(3600)
                except asyncio.CancelledError:
                    hung.append(record.id)
                    raise

        await Stream(many(2)).through(consumer(work))
        assert invocation.remaining() == pytest.approx(0.35)

    simulate("asyncio", main)
    assert sorted(hung) == ["0", "1"]


def test_a_record_that_ignores_cancellation_is_left_behind(lines: Callable[[], list[dict[str, Any]]]) -> None:
    """The invocation ends in time, and what the record does later changes nothing and is not reported again."""

    async def main() -> None:
        invocation = give_deadline(2)
        woken = asyncio.Event()
        ended = asyncio.Event()

        async def work(record: Record) -> None:
            if record.id == "0":
                while not woken.is_set():
                    with contextlib.suppress(asyncio.CancelledError):
                        await woken.wait()
                ended.set()
                raise ValueError("much later")

        stream = Stream(many(3))
        await stream.through(consumer(work))
        assert invocation.remaining() == pytest.approx(0.25)
        assert stream.done == ["1", "2"]
        answers = list(stream.answers)
        (line,) = lines()
        assert line["record_id"] == "0"
        assert line["message"].startswith("Record left behind")
        woken.set()
        await ended.wait()
        await asyncio.sleep(0.01)
        assert stream.answers == answers
        assert lines() == []

    simulate("asyncio", main)


def test_an_endless_stream_that_is_silent_ends_at_the_deadline(backend: str) -> None:
    async def main() -> None:
        invocation = give_deadline(5)

        async def work(record: Record) -> None: ...

        stream = Stream(many(1), pause=3.5)
        with anyio.fail_after(10):
            await stream.through(consumer(work))
        assert stream.done == ["0"]
        assert invocation.remaining() == pytest.approx(0.5)

    simulate(backend, main)


def test_a_sync_consumer_that_hangs_does_not_hold_the_batch() -> None:
    """Real time, because of the thread: it is let go as soon as the batch has ended without it."""
    import threading

    let_go = threading.Event()

    async def main() -> None:
        give_deadline(1.05)

        def work(record: Record) -> None:
            if record.id == "0":
                let_go.wait(10)

        stream = await Stream(many(2)).through(consumer(work))
        assert stream.done == ["1"]

    try:
        asyncio.run(main())
    finally:
        let_go.set()


# The caller's cancellation, on asyncio


def test_a_cancelled_caller_waits_for_finally_blocks_and_is_cancelled() -> None:
    cleaned: list[str] = []

    async def main() -> None:
        async def work(record: Record) -> None:
            try:
                await asyncio.sleep(3600)
            finally:
                await asyncio.sleep(1)
                cleaned.append(record.id)

        stream = Stream(many(3))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5):
                await stream.through(consumer(work))
        assert sorted(cleaned) == ["0", "1", "2"]
        assert stream.answers == []
        assert asyncio.all_tasks() == {asyncio.current_task()}

    simulate("asyncio", main)


def test_a_second_cancellation_is_passed_on_to_the_records() -> None:
    cut: list[str] = []

    async def main() -> None:
        async def work(record: Record) -> None:
            try:
                await asyncio.sleep(3600)
            finally:
                try:
                    await asyncio.sleep(3600)
                except asyncio.CancelledError:
                    cut.append(record.id)
                    raise

        caller = asyncio.ensure_future(Stream(many(2)).through(consumer(work)))
        await asyncio.sleep(1)
        caller.cancel()
        await asyncio.sleep(1)
        assert not caller.done()
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller

    simulate("asyncio", main)
    assert sorted(cut) == ["0", "1"]


def test_a_scope_of_anyio_cancels_the_records_once(backend: str) -> None:
    """On asyncio they cancel a task in every turn of the loop, which a record's finally block must not feel."""
    turns = 0

    async def main() -> None:
        nonlocal turns

        async def work(record: Record) -> None:
            nonlocal turns
            try:
                await anyio.sleep_forever()
            finally:
                with anyio.CancelScope(shield=True) if backend == "trio" else contextlib.nullcontext():
                    await anyio.sleep(2)
                turns += 1

        with anyio.move_on_after(1) as scope:
            await Stream(many(3)).through(consumer(work))
        assert scope.cancelled_caught

    simulate(backend, main)
    assert turns == 3


def test_a_handler_that_cancels_its_own_task_harms_nobody() -> None:
    async def main() -> None:
        async def work(record: Record) -> str:
            task = asyncio.current_task()
            assert task is not None
            assert task.cancelling() == 0
            if record.id == "1":
                task.cancel()
                await asyncio.sleep(1)
            if record.id == "2":
                return await failing_group()
            if record.id == "3":
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.sleep(1)
                task.cancel()
                return "done all the same"
            if record.id == "5":
                task.cancel()
                raise ValueError("before the cancellation came")
            await asyncio.sleep(0.1)
            return "done"

        stream = await Stream(many(8)).through(consumer(work, concurrency=1))
        assert stream.failed == ["1", "5"]
        assert stream.done == ["0", "2", "3", "4", "6", "7"]
        assert stream.results["2"] == "the group's own error"

    async def failing_group() -> str:
        """A task group takes a cancellation for its caller's if one is still counted."""

        async def fail() -> None:
            raise ValueError

        result = "nothing"
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(fail())
                await asyncio.sleep(1)
        except* ValueError:
            result = "the group's own error"
        return result

    simulate("asyncio", main)


def test_results_are_not_mixed_up_by_handlers_that_cancel_themselves() -> None:
    async def main() -> None:
        async def work(record: Record) -> str:
            await asyncio.sleep(0.1)
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
            return record.id

        stream = await Stream(many(20)).through(consumer(work, concurrency=20))
        assert stream.results == {str(number): str(number) for number in range(20)}

    simulate("asyncio", main)


def test_a_loop_that_is_thrown_away_leaves_no_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    errors: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", errors.append)
    monkeypatch.setattr(logging.getLogger("asyncio"), "disabled", True)
    ended: list[str] = []

    async def work(record: Record) -> None:
        try:
            await asyncio.sleep(3600 if record.id == "0" else 0)
            await asyncio.get_running_loop().create_future()
        finally:
            ended.append(record.id)

    def throw_away() -> None:
        loop = asyncio.new_event_loop()
        loop.set_task_factory(None)
        task = loop.create_task(Stream(many(2)).through(consumer(work)))
        loop.run_until_complete(asyncio.sleep(0.001))
        assert not task.done()
        loop.close()

    throw_away()
    gc.collect()
    assert sorted(ended) == ["0", "1"]
    assert errors == []


def test_the_loops_shutdown_ends_the_run() -> None:
    """asyncio.run cancels every task there is, in no particular order."""
    cut: list[str] = []

    async def main() -> None:
        async def work(record: Record) -> None:
            try:
                await asyncio.sleep(3600)
            finally:
                cut.append(record.id)
                await asyncio.sleep(0)

        task = asyncio.ensure_future(Stream(many(3)).through(consumer(work)))
        await asyncio.sleep(1)
        assert not task.done()

    simulate("asyncio", main)
    assert sorted(cut) == ["0", "1", "2"]
