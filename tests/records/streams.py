"""A stream in memory, and loops whose clock jumps: what waits for an hour takes no time, what hangs fails at once."""

import asyncio
import selectors
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

import anyio
import trio
import trio.testing

from lambdaframe.concurrency import on_asyncio
from lambdaframe.invocation import Invocation, current
from lambdaframe.records.calling import Guard
from lambdaframe.records.consumer import Consumer, Consumers
from lambdaframe.records.engine import run
from lambdaframe.records.record import Record, RecordFields
from lambdaframe.types import Message

FIELDS = RecordFields(
    "test",
    body=lambda raw: raw["body"],
    receive_count=lambda raw: raw.get("attempt", 1),
    sequence=lambda raw: raw.get("sequence"),
)


def record(identifier: str, body: Any = "{}", *, group: str | None = None, **raw: Any) -> Record:
    return Record(identifier, {"body": body, **raw}, FIELDS, group)


def consumer(
    function: Callable[..., Any], *, guard: Guard | None = None, among: Consumers | None = None, **options: Any
) -> Consumer:
    made = (among or Consumers()).add("test", None, function, guard=guard, **options)
    made.plan.warm()  # loading pydantic inside a loop, at the first record, would count as blocking
    return made


class Stream:
    """Hands out records and keeps the answers. ``pause``, ``delay``: seconds before each record and each answer."""

    def __init__(self, records: Iterable[Record], *, pause: float = 0, delay: float = 0) -> None:
        self._records = iter(records)
        self._pause = pause
        self._delay = delay
        self.pulled = 0
        self.answers: list[Message] = []

    async def receive(self) -> Message:
        if self._pause:
            await anyio.sleep(self._pause)
        for record in self._records:
            self.pulled += 1
            return {"type": "records.record", "record": record}
        return {"type": "records.end"}

    async def send(self, message: Message) -> None:
        if self._delay:
            await anyio.sleep(self._delay)
        self.answers.append(message)

    def ids(self, kind: str) -> list[str]:
        return [answer["id"] for answer in self.answers if answer["type"] == f"records.{kind}"]

    @property
    def done(self) -> list[str]:
        return self.ids("done")

    @property
    def failed(self) -> list[str]:
        return self.ids("failed")

    @property
    def results(self) -> Mapping[str, Any]:
        return {answer["id"]: answer["result"] for answer in self.answers if answer["type"] == "records.done"}

    async def through(self, taker: Consumer, order: str = "none") -> "Stream":
        await run(taker, {"type": "records", "order": order}, self.receive, self.send)
        return self


async def consume(
    function: Callable[..., Any], records: Iterable[Record], *, order: str = "none", **options: Any
) -> Stream:
    """Take these records through a consumer of this function."""
    return await Stream(records).through(consumer(function, **options), order)


def give_deadline(seconds: float) -> Invocation:
    """Make the current invocation end this many seconds from now, by the clock of the loop."""
    clock = LoopClock()
    invocation = Invocation(deadline=clock.monotonic() + seconds, clock=clock)
    current.set(invocation)
    return invocation


class LoopClock:
    """The time of the loop this is made in."""

    def __init__(self) -> None:
        self.monotonic = asyncio.get_running_loop().time if on_asyncio() else trio.current_time

    def time(self) -> float:
        return time.time()


class JumpingLoop(asyncio.SelectorEventLoop):
    """An asyncio loop whose clock jumps to the next timer when there is nothing to do."""

    def __init__(self) -> None:
        self._jumped = 1000.0
        super().__init__(_JumpingSelector(self._jump))

    def time(self) -> float:
        return self._jumped

    def _jump(self, seconds: float) -> None:
        self._jumped += seconds


class _JumpingSelector(selectors.DefaultSelector):
    def __init__(self, jump: Callable[[float], None]) -> None:
        super().__init__()
        self._jump = jump

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if not events:
            if timeout is None:
                raise RuntimeError("Everything waits, and nothing is to come: the program hangs.")
            self._jump(timeout)
        return events


def simulate(backend: str, main: Callable[[], Awaitable[Any]]) -> Any:
    """Run it on ``"asyncio"`` or ``"trio"`` with a clock that jumps."""
    if backend == "trio":
        return trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))

    async def as_coroutine() -> Any:
        return await main()

    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        return runner.run(as_coroutine())
