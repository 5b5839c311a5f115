"""Connections that are kept per event loop: made once, replaced when idle, closed with the loop."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack

import pytest

from lambdaframe.errors import ConfigurationError
from lambdaframe.idempotency.stores.per_loop import PerLoop
from tests.idempotency.clock import FakeClock

IDLE = 60.0


class Connection:
    """What is made, in which loop, and whether it was closed. ``gate``: what closing it waits for."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.closed = False
        self.closing = asyncio.Event()
        self.gate: asyncio.Event | None = None

    async def close(self) -> None:
        self.closing.set()
        await asyncio.sleep(0)
        if self.gate is not None:
            await self.gate.wait()
        assert asyncio.get_running_loop() is self.loop
        assert not self.closed
        self.closed = True


class Connections:
    """All that were made. ``gate``: what making one waits for."""

    def __init__(self) -> None:
        self.made: list[Connection] = []
        self.gate: Callable[[], Awaitable[object]] | None = None
        self.clock = FakeClock()
        self.kept = PerLoop(self.connect, idle_limit=IDLE, clock=self.clock)

    async def connect(self, stack: AsyncExitStack) -> Connection:
        if self.gate is not None:
            await self.gate()
        self.made.append(Connection())
        stack.push_async_callback(self.made[-1].close)
        return self.made[-1]

    async def get(self) -> Connection:
        async with self.kept.use() as connection:
            assert not connection.closed
            return connection


@pytest.fixture
def connections() -> Iterator[Connections]:
    made = Connections()
    yield made
    assert all(connection.closed for connection in made.made)


async def test_concurrent_first_uses_make_one(connections: Connections) -> None:
    connections.gate = lambda: asyncio.sleep(0)
    first = await asyncio.gather(*(connections.get() for _ in range(20)))
    assert len(set(first)) == len(connections.made) == 1
    await connections.kept.aclose()


async def test_one_that_gives_up_does_not_take_the_others_along(connections: Connections) -> None:
    opened = asyncio.Event()
    connections.gate = opened.wait
    impatient, patient = asyncio.create_task(connections.get()), asyncio.create_task(connections.get())
    await asyncio.sleep(0)
    impatient.cancel()
    await asyncio.wait([impatient])
    opened.set()
    assert [await patient] == connections.made
    await connections.kept.aclose()


async def test_a_failure_is_everybody_s_and_nothing_is_kept_of_it(connections: Connections) -> None:
    async def fail() -> None:
        await asyncio.sleep(0)
        raise OSError("nobody there")

    connections.gate = fail
    failed = await asyncio.gather(*(connections.get() for _ in range(3)), return_exceptions=True)
    assert [str(error) for error in failed] == ["nobody there"] * 3
    connections.gate = None
    assert [await connections.get()] == connections.made
    await connections.kept.aclose()


@pytest.mark.parametrize(("seconds", "new"), [(IDLE, False), (IDLE + 0.001, True)])
async def test_an_idle_one_is_replaced(connections: Connections, seconds: float, new: bool) -> None:
    first = await connections.get()
    for _ in range(3):
        connections.clock.advance(40_000)  # each use counts
        assert await connections.get() is first
    connections.clock.advance(round(seconds * 1_000))
    later = await asyncio.gather(*(connections.get() for _ in range(5)))
    assert len(set(later)) == 1
    assert (later[0] is not first) == first.closed == new
    await connections.kept.aclose()


async def test_one_in_use_is_closed_by_its_last_user(connections: Connections) -> None:
    """A move that was under way when the process was frozen ends on its own connection."""
    async with connections.kept.use() as first:
        async with connections.kept.use():
            connections.clock.advance(61_000)
            second = await connections.get()
            assert second is not first
        assert not first.closed
    assert first.closed
    async with connections.kept.use():
        await connections.kept.aclose()
        assert not second.closed
    assert second.closed


async def test_it_is_there_again_after_aclose(connections: Connections) -> None:
    first = await connections.get()
    await connections.kept.aclose()
    await connections.kept.aclose()
    assert first.closed
    assert await connections.get() is not first
    await connections.kept.aclose()


async def test_a_new_one_that_is_closed_before_its_use_is_made_again(connections: Connections) -> None:
    old = await connections.get()
    old.gate = asyncio.Event()
    connections.clock.advance(61_000)
    waiting = asyncio.create_task(connections.get())
    await old.closing.wait()
    await connections.kept.aclose()
    assert connections.made[1].closed
    old.gate.set()
    assert await waiting is connections.made[2]
    await connections.kept.aclose()


async def test_closing_while_one_is_made(connections: Connections) -> None:
    old = await connections.get()
    connections.clock.advance(61_000)
    opened = asyncio.Event()
    connections.gate = opened.wait
    waiting = asyncio.create_task(connections.get())
    await asyncio.sleep(0)
    await connections.kept.aclose()
    assert old.closed
    opened.set()
    assert await waiting is not old
    await connections.kept.aclose()


def test_each_loop_has_its_own_and_it_ends_with_it(connections: Connections) -> None:
    async def twice() -> Connection:
        assert await connections.get() is await connections.get()
        return connections.made[-1]

    first = asyncio.run(twice())
    assert first.closed
    second = asyncio.run(twice())
    assert second is not first
    assert len(connections.made) == 2


def test_aclose_reaches_the_loops_of_other_threads(connections: Connections) -> None:
    used, end = threading.Event(), threading.Event()

    async def elsewhere() -> None:
        await connections.get()
        used.set()
        await asyncio.to_thread(end.wait)

    async def here() -> None:
        await connections.get()
        await asyncio.to_thread(used.wait)
        await connections.kept.aclose()

    thread = threading.Thread(target=asyncio.run, args=[elsewhere()])
    thread.start()
    try:
        asyncio.run(here())
        assert [connection.closed for connection in connections.made] == [True, True]
    finally:
        end.set()
        thread.join()


def test_a_loop_that_ended_without_a_word_is_forgotten() -> None:
    connections = Connections()
    loop = asyncio.new_event_loop()
    loop.run_until_complete(connections.get())
    loop.close()
    asyncio.run(connections.get())
    assert len(connections.kept._slots) == 1  # pyright: ignore[reportPrivateUsage] -- nobody else sees what it holds


def test_trio_is_refused_in_words(connections: Connections) -> None:
    import trio

    with pytest.raises(ConfigurationError, match="runs on asyncio"):
        trio.run(connections.get)
