"""The SQS worker on a clock that jumps: heartbeats, retries, bounds, and the way out."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import pairwise
from typing import Any, Self

import pytest

from lambdaframe import App, Record
from lambdaframe.records.options import ConsumerOptions
from lambdaframe.records.stream import RecordStream
from lambdaframe.types import Receive, Scope, Send
from lambdaframe_adapters.workers.invocations import Invocations
from lambdaframe_adapters.workers.queue import Queue
from lambdaframe_adapters.workers.shutdown import Shutdown
from lambdaframe_adapters.workers.sqs import SQSWorker
from tests.records.streams import simulate
from tests.workers.fake_sqs import ARN, URL, Change, FakeSQS, refused, sent

NEVER = 10_000.0
"""Seconds after which what a test waits for will not come."""


class Stage:
    """A worker on a fake queue. ``async with`` runs it until the block ends."""

    def __init__(
        self,
        take: Callable[..., Any],
        consumer: ConsumerOptions | None = None,
        *,
        fifo: bool = False,
        waits: bool = True,
        hides: int = 30,
        grace: float = 30,
        **options: Any,
    ) -> None:
        """``consumer``: its options. ``hides``: the queue's own visibility time in seconds. ``waits``: polls do."""
        app = App()
        app.sqs(**(consumer or ConsumerOptions()))(take)
        app.warm()
        self._app = app
        self.runs = 0
        self.sqs = FakeSQS(waits=waits)
        self.shutdown = Shutdown(grace)
        queue = Queue(URL, f"{ARN}.fifo" if fifo else ARN, hides, True)
        self.worker = SQSWorker(self.sqs, queue, Invocations(self._serve, self.shutdown), **options)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.runs += 1
        await self._app(scope, receive, send)

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self.worker.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        if not self.shutdown.asked.is_set():
            self.shutdown.ask()
        await self._task


def play(scenario: Callable[[], Awaitable[None]]) -> None:
    """On a clock that jumps when there is nothing to do."""

    async def limited() -> None:
        async with asyncio.timeout(NEVER):
            await scenario()

    simulate("asyncio", limited)


def on_the_jumping_clock(scenario: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    """Make a test of an async one."""

    def test() -> None:
        play(scenario)

    test.__name__ = scenario.__name__
    return test


def on_the_jumping_clock_with(scenario: Callable[[Any], Awaitable[None]]) -> Callable[[Any], None]:
    """The same for a test that reads what was written."""

    def test(capsys: pytest.CaptureFixture[str]) -> None:
        play(lambda: scenario(capsys))

    test.__name__ = scenario.__name__
    return test


@on_the_jumping_clock
async def test_a_message_in_work_stays_hidden_and_its_time_is_no_longer_extended_when_it_is_done() -> None:
    async def take() -> None:
        await asyncio.sleep(35)

    async with Stage(take) as stage:
        stage.sqs.deliver(sent("a"))
        await stage.sqs.deleted.wait()
        await asyncio.sleep(100)
    assert stage.sqs.changes == [Change(at, "a-1", 30) for at in (10, 20, 30)]
    assert stage.sqs.deletes == [["a-1"]]


@on_the_jumping_clock
async def test_what_is_done_together_is_deleted_in_one_call() -> None:
    async def take() -> None: ...

    async with Stage(take) as stage:
        stage.sqs.deliver(*(sent(f"{n}") for n in range(10)))
        await stage.sqs.deleted.wait()
    assert stage.sqs.deletes == [[f"{n}-1" for n in range(10)]]


@on_the_jumping_clock
async def test_a_message_is_deleted_although_others_of_its_batch_are_still_in_work() -> None:
    async def take(record: Record) -> None:
        await asyncio.sleep(100 if record.id == "slow" else 0)

    async with Stage(take) as stage:
        stage.sqs.deliver(sent("slow"), sent("quick"))
        await stage.sqs.deleted.wait()
        assert stage.sqs.deletes == [["quick-1"]]
        assert stage.sqs.now < 1


@on_the_jumping_clock
async def test_a_deletion_that_fails_is_tried_again() -> None:
    ran: list[str] = []

    async def take(record: Record) -> None:
        ran.append(record.id)

    async with Stage(take) as stage:
        stage.sqs.delete_answers = [refused(), {"Failed": [{"Id": "1", "SenderFault": False, "Code": "InternalError"}]}]
        stage.sqs.deliver(sent("a"), sent("b"))
        await asyncio.sleep(5)
    assert stage.sqs.deletes == [["a-1", "b-1"], ["a-1", "b-1"], ["b-1"]]
    assert ran == ["a", "b"]


@on_the_jumping_clock_with
async def test_a_receipt_that_has_expired_is_said_and_not_tried_again(capsys: pytest.CaptureFixture[str]) -> None:
    async def take() -> None: ...

    async with Stage(take) as stage:
        stage.sqs.delete_answers = [{"Failed": [{"Id": "0", "SenderFault": True, "Code": "ReceiptHandleIsInvalid"}]}]
        stage.sqs.deliver(sent("a"))
        await asyncio.sleep(5)
    assert stage.sqs.deletes == [["a-1"]]
    assert '"reason":"ReceiptHandleIsInvalid"' in capsys.readouterr().out


@on_the_jumping_clock
async def test_a_message_that_comes_again_while_it_is_in_work_is_not_started_again() -> None:
    ran: list[str] = []

    async def take(record: Record) -> None:
        ran.append(record.id)
        await asyncio.sleep(5)

    async with Stage(take) as stage:
        stage.sqs.deliver(sent("a"))
        await asyncio.sleep(1)
        stage.sqs.deliver(sent("a", count=2))
        await stage.sqs.deleted.wait()
    assert ran == ["a"]
    assert stage.sqs.deletes == [["a-2"]]  # the first receipt is worth nothing any more


@on_the_jumping_clock
async def test_a_message_that_comes_again_while_it_is_deleted_is_deleted_by_its_new_receipt() -> None:
    ran: list[str] = []

    async def take(record: Record) -> None:
        ran.append(record.id)

    async with Stage(take, fifo=True) as stage:
        stage.sqs.delete_takes = 5
        stage.sqs.delete_answers = [{"Failed": [{"Id": "0", "SenderFault": True, "Code": "ReceiptHandleIsInvalid"}]}]
        stage.sqs.deliver(sent("a", group="g"))
        await asyncio.sleep(1)
        stage.sqs.deliver(sent("a", group="g", count=2))
        await stage.sqs.deleted.wait()
        await asyncio.sleep(20)
    assert ran == ["a"]
    assert stage.sqs.deletes == [["a-1"], ["a-2"]]


@on_the_jumping_clock
async def test_a_batch_consumer_gets_the_stream_of_each_batch() -> None:
    streams: list[list[str]] = []

    async def take(stream: RecordStream[Any]) -> None:
        seen: list[str] = []
        async for record in stream:
            seen.append(record.id)
            if record.id == "b":
                await stream.fail(record, RuntimeError("no"))
            else:
                await stream.done(record)
        streams.append(seen)

    async with Stage(take, {"batch": True}, retry=3) as stage:
        stage.sqs.deliver(sent("a"), sent("b"), sent("c"))
        await stage.sqs.deleted.wait()
        stage.sqs.deliver(sent("d"))
        await asyncio.sleep(5)
    assert streams == [["a", "b", "c"], ["d"]]
    assert stage.sqs.deletes == [["a-1", "c-1"], ["d-1"]]
    assert [change[1:] for change in stage.sqs.changes] == [("b-1", 3)]


@on_the_jumping_clock
async def test_a_fifo_group_whose_visibility_was_lost_is_not_overtaken() -> None:
    ran: list[str] = []

    async def take(record: Record) -> None:
        ran.append(f"+{record.id}")
        await asyncio.sleep(5)
        ran.append(f"-{record.id}")

    async with Stage(take, fifo=True) as stage:
        stage.sqs.deliver(sent("1", group="a"))
        await asyncio.sleep(1)
        stage.sqs.deliver(sent("1", group="a", count=2), sent("2", group="a"), sent("3", group="b"))
        await stage.sqs.deleted.wait()
    assert ran == ["+1", "+3", "-1", "-3"]
    assert Change(1, "2-1", 0) in stage.sqs.changes


@on_the_jumping_clock
async def test_a_fifo_group_is_given_back_as_a_whole_and_in_order() -> None:
    ran: list[str] = []

    async def take(record: Record) -> None:
        ran.append(record.id)
        if record.id == "2":
            raise RuntimeError

    async with Stage(take, fifo=True, retry=7) as stage:
        stage.sqs.deliver(*(sent(key, group="a") for key in "1234"))
        await stage.sqs.deleted.wait()
        await asyncio.sleep(1)
        stage.sqs.deliver(*(sent(f"b{n}", group="b") for n in range(3)))
        await asyncio.sleep(1)
    assert ran == ["1", "2", "b0", "b1", "b2"]
    assert stage.sqs.changes == [Change(0, f"{key}-1", 7) for key in "234"]
    # One by one after that, so that the neighbours' receives are not counted for nothing.
    assert {at_most for _, at_most in stage.sqs.polls[1:]} == {1}


@pytest.mark.parametrize(
    ("retry", "count", "least", "most"),
    [("backoff", 1, 1, 1), ("backoff", 5, 8, 16), ("backoff", 40, 450, 900), (0, 9, 0, 0), (90.0, 1, 90, 90)],
)
def test_when_a_message_that_failed_is_visible_again(retry: Any, count: int, least: int, most: int) -> None:
    async def take() -> None:
        raise RuntimeError

    async def scenario() -> None:
        async with Stage(take, retry=retry) as stage:
            stage.sqs.deliver(sent("a", count=count))
            await asyncio.sleep(1)
        (change,) = stage.sqs.changes
        assert change.receipt == f"a-{count}"
        assert least <= change.seconds <= most
        assert stage.worker.failed == 1

    play(scenario)


@on_the_jumping_clock
async def test_a_message_that_failed_may_be_left_until_its_time_is_over() -> None:
    async def take() -> None:
        raise RuntimeError

    async with Stage(take, retry="leave") as stage:
        stage.sqs.deliver(sent("a"))
        await asyncio.sleep(100)
    assert stage.sqs.changes == []
    assert stage.sqs.deletes == []


@on_the_jumping_clock
async def test_no_more_is_taken_than_can_be_worked_on() -> None:
    working = peak = 0

    async def take() -> None:
        nonlocal working, peak
        working += 1
        peak = max(peak, working)
        await asyncio.sleep(3)
        working -= 1

    async with Stage(take, concurrency=4) as stage:
        stage.sqs.deliver(*(sent(f"{n}") for n in range(12)))
        await asyncio.sleep(1)
        assert [at_most for _, at_most in stage.sqs.polls] == [4]
        await asyncio.sleep(20)
    assert stage.worker.done == 12
    assert peak == 4


@on_the_jumping_clock
async def test_one_slow_message_does_not_keep_the_others_waiting() -> None:
    async def take(record: Record) -> None:
        await asyncio.sleep(1000 if record.id == "slow" else 1)

    async with Stage(take, concurrency=4) as stage:
        stage.sqs.deliver(sent("slow"), *(sent(f"{n}") for n in range(30)))
        await asyncio.sleep(15)
        assert stage.worker.done == 30


@on_the_jumping_clock
async def test_a_queue_that_can_not_be_polled_is_asked_less_and_less_often() -> None:
    async def take() -> None: ...

    async with Stage(take) as stage:
        stage.sqs.to_raise = [refused() for _ in range(6)] + [OSError("no route")]
        await asyncio.sleep(120)
        stage.sqs.deliver(sent("a"))
        await stage.sqs.deleted.wait()
    times = [at for at, _ in stage.sqs.polls[:8]]
    pauses = [after - before for before, after in pairwise(times)]
    assert all(whole / 2 <= pause <= whole for pause, whole in zip(pauses, (0.5, 1, 2, 4, 8, 16, 30), strict=True))


@on_the_jumping_clock
async def test_a_server_that_does_not_wait_is_asked_less_and_less_often() -> None:
    async def take() -> None: ...

    async with Stage(take, waits=False) as stage:
        await asyncio.sleep(100)
        assert 20 <= len(stage.sqs.polls) < 60
        stage.sqs.deliver(sent("a"))
        await stage.sqs.deleted.wait()
        assert stage.sqs.now < 106


@on_the_jumping_clock
async def test_an_idle_worker_ends_at_once() -> None:
    async def take() -> None: ...

    async with Stage(take) as stage:
        await asyncio.sleep(1)
    assert stage.sqs.now == 1


@on_the_jumping_clock
async def test_what_the_last_poll_brings_is_visible_again_at_once() -> None:
    ran: list[str] = []

    async def take(record: Record) -> None:
        ran.append(record.id)
        await asyncio.sleep(5)

    async with Stage(take) as stage:
        stage.sqs.deliver(sent("a"))
        await asyncio.sleep(1)
        stage.shutdown.ask()
        await asyncio.sleep(1)
        stage.sqs.deliver(sent("b"))
    assert ran == ["a"]
    assert stage.runs == 1
    assert stage.sqs.changes == [Change(2, "b-1", 0)]
    assert stage.sqs.deletes == [["a-1"]]


@on_the_jumping_clock_with
async def test_work_that_ignores_its_cancellation_is_left_behind(capsys: pytest.CaptureFixture[str]) -> None:
    end = asyncio.Event()

    async def take() -> None:
        while not end.is_set():
            with suppress(asyncio.CancelledError):
                await end.wait()

    async with Stage(take, grace=8) as stage:
        stage.sqs.deliver(sent("a"))
        await asyncio.sleep(1)
    assert stage.sqs.now == 11  # the grace, and what is left for finally blocks
    assert stage.sqs.changes[-1] == Change(11, "a-1", 0)
    assert stage.sqs.deletes == []
    assert "left behind" in capsys.readouterr().out
    end.set()
    await asyncio.sleep(1)
    assert stage.sqs.deletes == []


@on_the_jumping_clock
async def test_who_asks_twice_is_in_a_hurry() -> None:
    async def take() -> None:
        await asyncio.Event().wait()

    async with Stage(take, grace=1000) as stage:
        stage.sqs.deliver(sent("a"))
        await asyncio.sleep(1)
        stage.shutdown.ask()
        stage.shutdown.ask()
    assert stage.sqs.now == 1
    assert stage.sqs.changes == [Change(1, "a-1", 0)]


@pytest.mark.parametrize(
    ("hides", "visibility", "beats"),
    [(30, None, [10, 20]), (0, None, [10, 20]), (60, None, [20]), (60, 24, [8, 16, 24])],
)
def test_the_heart_beats_three_times_in_a_visibility_time(
    hides: int, visibility: int | None, beats: list[float]
) -> None:
    async def take() -> None:
        await asyncio.sleep(25)

    async def scenario() -> None:
        async with Stage(take, hides=hides, visibility=visibility) as stage:
            stage.sqs.deliver(sent("a"))
            await stage.sqs.deleted.wait()
        assert [change.at for change in stage.sqs.changes] == beats

    play(scenario)
