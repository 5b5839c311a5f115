"""The Kinesis worker on a clock that jumps: resharding, retries, iterators that expire, and how often it reads."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from itertools import pairwise
from typing import Any, Self

import pytest

from lambdaframe import App
from lambdaframe_adapters.workers.checkpoints import AT, END, MemoryCheckpoints
from lambdaframe_adapters.workers.invocations import Invocations
from lambdaframe_adapters.workers.kinesis import KinesisWorker
from lambdaframe_adapters.workers.shutdown import Shutdown
from tests.records.streams import simulate
from tests.workers.fake_kinesis import ARN, EXPIRED, THROTTLED, FakeKinesis


class Stage:
    """A worker on a fake stream, whose consumer keeps what it saw. ``async with`` runs it until the block ends."""

    def __init__(self, kinesis: FakeKinesis, take: Callable[..., Any] | None = None, **options: Any) -> None:
        self.seen: list[str] = []
        self.kinesis = kinesis
        self.checkpoints: MemoryCheckpoints = options.pop("checkpoints", None) or MemoryCheckpoints()
        self._shutdown = Shutdown(30)
        app = App()
        app.kinesis("clicks")(take or self.take)
        self.worker = KinesisWorker(kinesis, ARN, Invocations(app, self._shutdown), self.checkpoints, **options)

    async def take(self, body: str) -> None:
        self.seen.append(body)

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self.worker.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._shutdown.ask()
        await self._task


def on_the_jumping_clock(scenario: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    def test() -> None:
        simulate("asyncio", scenario)

    test.__name__ = scenario.__name__
    return test


@pytest.mark.parametrize("ends", [True, False], ids=["iterators end", "iterators go on"])
def test_the_children_of_a_split_are_read_after_the_last_record_of_their_parent(ends: bool) -> None:
    async def scenario() -> None:
        kinesis = FakeKinesis("0", ends=ends)
        kinesis.put("0", *(f"old-{n}" for n in range(250)))
        kinesis.reshard(("0",), ("1", "2"))
        kinesis.put("1", "new-1")
        kinesis.put("2", "new-2")
        async with Stage(kinesis, start="trim_horizon") as stage:
            await asyncio.sleep(60)
        assert stage.seen[:250] == [f"old-{n}" for n in range(250)]
        assert sorted(stage.seen[250:]) == ["new-1", "new-2"]
        assert (await stage.checkpoints.load(ARN))["0"] == END

    simulate("asyncio", scenario)


@on_the_jumping_clock
async def test_a_merged_shard_is_read_after_both_of_its_parents() -> None:
    kinesis = FakeKinesis("0", "1")
    kinesis.put("0", "a", "b")
    kinesis.put("1", "c")
    async with Stage(kinesis, start="trim_horizon") as stage:
        await asyncio.sleep(10)
        kinesis.put("1", "d")
        kinesis.reshard(("0", "1"), ("2",))
        kinesis.put("2", "e")
        await asyncio.sleep(60)
    assert sorted(stage.seen[:4]) == ["a", "b", "c", "d"]
    assert stage.seen[4:] == ["e"]


@on_the_jumping_clock
async def test_latest_leaves_out_what_is_old_but_nothing_of_a_shard_that_comes_later() -> None:
    kinesis = FakeKinesis("0")
    kinesis.put("0", "older")
    kinesis.reshard(("0",), ("1",))
    kinesis.put("1", "old")
    async with Stage(kinesis, start="latest") as stage:
        await asyncio.sleep(10)
        kinesis.put("1", "new")
        kinesis.reshard(("1",), ("2",))
        kinesis.put("2", "newer")
        await asyncio.sleep(60)
    assert stage.seen == ["new", "newer"]


@on_the_jumping_clock
async def test_a_shard_that_came_while_nobody_read_is_read_from_its_beginning() -> None:
    kinesis = FakeKinesis("0")
    async with Stage(kinesis, start="latest") as stage:
        await asyncio.sleep(2)
        kinesis.put("0", "a")
        await asyncio.sleep(2)
    kinesis.put("0", "b")
    kinesis.reshard(("0",), ("1",))
    kinesis.put("1", "c")
    async with Stage(kinesis, start="latest", checkpoints=stage.checkpoints) as later:
        await asyncio.sleep(60)
    assert (stage.seen, later.seen) == (["a"], ["b", "c"])


@on_the_jumping_clock
async def test_an_iterator_that_expired_is_made_anew_behind_the_last_record() -> None:
    kinesis = FakeKinesis("0")
    kinesis.put("0", "a")
    async with Stage(kinesis, start="trim_horizon") as stage:
        await asyncio.sleep(10)
        kinesis.to_raise = [EXPIRED]
        kinesis.put("0", "b")
        await asyncio.sleep(10)
    assert stage.seen == ["a", "b"]
    assert kinesis.asked == [("0", "TRIM_HORIZON", None), ("0", "AFTER_SEQUENCE_NUMBER", "101")]


@on_the_jumping_clock
async def test_one_that_began_at_the_latest_and_has_read_nothing_begins_again_at_the_time_it_began() -> None:
    kinesis = FakeKinesis("0")
    async with Stage(kinesis, start="latest") as stage:
        await asyncio.sleep(10)
        kinesis.to_raise = [EXPIRED]
        kinesis.put("0", "a")
        await asyncio.sleep(10)
        began = (await stage.checkpoints.load(ARN))["0"]
    assert stage.seen == ["a"]
    assert began != f"{AT}0"
    (first, again) = kinesis.asked
    assert first == ("0", "LATEST", None)
    assert again[1] == "AT_TIMESTAMP"
    assert isinstance(again[2], datetime)


@on_the_jumping_clock
async def test_an_idle_shard_is_read_once_a_second_and_a_busy_one_five_times() -> None:
    kinesis = FakeKinesis("0")
    kinesis.put("0", "a", "b", "c")
    async with Stage(kinesis, start="trim_horizon", batch_size=1):
        await asyncio.sleep(3)
    assert [at for at, _ in kinesis.reads] == pytest.approx([0, 0.2, 0.4, 0.6, 1.6, 2.6])


@on_the_jumping_clock
async def test_a_stream_that_refuses_is_asked_less_and_less_often() -> None:
    kinesis = FakeKinesis("0")
    kinesis.put("0", "a")
    kinesis.to_raise = [THROTTLED, THROTTLED, OSError("no route")]
    async with Stage(kinesis, start="trim_horizon") as stage:
        await asyncio.sleep(10)
    assert stage.seen == ["a"]
    times = [at for at, _ in kinesis.reads[:4]]
    pauses = [after - before for before, after in pairwise(times)]
    assert all(whole / 2 <= pause <= whole for pause, whole in zip(pauses, (0.5, 1, 2), strict=True))


@on_the_jumping_clock
async def test_a_record_that_always_fails_is_tried_less_and_less_often_and_never_passed() -> None:
    kinesis = FakeKinesis("0", "1")
    kinesis.put("0", "a", "bad", "b")
    kinesis.put("1", "c")
    times: list[float] = []
    others: list[str] = []

    async def take(body: str) -> None:
        if body == "bad":
            times.append(asyncio.get_running_loop().time())
            raise RuntimeError
        others.append(body)

    async with Stage(kinesis, take, start="trim_horizon") as stage:
        await asyncio.sleep(600)
        kept = await stage.checkpoints.load(ARN)
    assert sorted(others) == ["a", "c"]  # another shard goes on
    assert kept == {"0": "101", "1": "104"}
    pauses = [after - before for before, after in pairwise(times)]
    assert all(whole / 2 <= pause <= whole for pause, whole in zip(pauses, (1, 2, 4, 8, 16, 32, 60, 60), strict=False))
    assert len(times) < 25
