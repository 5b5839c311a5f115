"""A process that runs idempotent operations until it is killed, as one Lambda environment would.

Its operation, or its section under a lock, makes a value of its own, writes it to the sink under the fencing token,
and returns it. Some are longer than the lease, some fail before or after their effect. A process may carry its fate
with it: a signal that it sends to itself when a call enters a certain phase, so that death comes in the middle of every
move, not only between them.
"""

import asyncio
import os
import random
import signal
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple, Protocol
from uuid import uuid4

from lambdaframe.errors import IdempotencyConflictError, LeaseLostError, StoreUnavailableError
from lambdaframe.idempotency.keys import digest
from lambdaframe.idempotency.lease import current_lease
from lambdaframe.idempotency.lock import Lock
from lambdaframe.idempotency.policy import policy
from lambdaframe.idempotency.runner import Operation, run_once
from lambdaframe.idempotency.store import Store
from lambdaframe.idempotency.transitions import Outcome
from tests.chaos.hosted import HostedStore
from tests.chaos.phases import Phases
from tests.chaos.wire import (
    Answered,
    Began,
    Broken,
    Call,
    Effecting,
    FromWorker,
    Inbox,
    Moved,
    Moving,
    Refused,
    Stopping,
    Written,
    send,
)
from tests.chaos.witness import witness

RETENTION = 3_600.0
FINGERPRINT = digest(b"one payload")
SHORT, LONG = 0.004, 0.5
"""Seconds: the mean of most pauses in a body, and the longest of the others."""


class FlakyError(Exception):
    """The operation failed; it may be tried again."""


class FencedError(Exception):
    """The sink has seen a higher token."""


TRY_AGAIN = (IdempotencyConflictError, StoreUnavailableError, LeaseLostError, FlakyError, FencedError)


class Fate(NamedTuple):
    """The ``nth`` call that enters ``phase`` brings ``signal`` upon the process, ``delay`` seconds later."""

    phase: str
    signal: signal.Signals
    nth: int
    delay: float


class OpensStore(Protocol):
    """How a worker comes to its store. ``ask`` sends a move to the world."""

    def open(self, ask: Callable[[Moving], None], rng: random.Random) -> Store: ...


class Exactly:
    """Results are bytes."""

    def pack(self, value: bytes) -> Outcome:
        return Outcome("ok", value)

    def pack_error(self, error: Exception) -> Outcome | None:
        return None

    def unpack(self, outcome: Outcome) -> bytes:
        return outcome.result


class Worker:
    """``slot``: its place in ``phases``. ``events`` and ``commands``: pipes to and from the world."""

    def __init__(
        self, slot: int, backend: OpensStore, lease: float, fate: Fate | None, seed: int, phases: Phases
    ) -> None:
        self._slot, self._phases, self._fate, self._lease = slot, phases, fate, lease
        self._rng = random.Random(seed)
        random.seed(seed)
        self._backend = backend
        self._effects: dict[int, asyncio.Future[bool]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def run(self, events: int, commands: int) -> None:
        """Until the world is gone."""
        self._events = events
        asyncio.run(self._serve(commands))

    async def _serve(self, commands: int) -> None:
        self._loop = asyncio.get_running_loop()
        store = self._backend.open(self._say, self._rng)
        self._witness = witness(store, self._inside, self._say)
        options = policy("chaos", ttl=RETENTION, lease=self._lease)
        self._operation = Operation("chaos", self._witness, options, Exactly())
        reader = asyncio.StreamReader()
        await self._loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(commands, "rb"))
        inbox = Inbox()
        while data := await reader.read(1 << 16):
            for message in inbox.feed(data):
                match message:
                    case Call():
                        task = self._loop.create_task(self._call(message))
                        self._tasks.add(task)
                        task.add_done_callback(self._tasks.discard)
                    case Written(call, accepted):
                        written = self._effects.pop(call)
                        if not written.done():  # the lock was lost, and its section cancelled
                            written.set_result(accepted)
                    case Moved(number, reply):
                        assert isinstance(store, HostedStore)
                        store.answered(number, reply)
                    case _:
                        raise AssertionError(message)

    def _say(self, message: FromWorker) -> None:
        send(self._events, message)

    async def _call(self, call: Call) -> None:
        try:
            result = await (self._section(call) if call.lock else self._once(call))
        except TRY_AGAIN as error:
            self._say(Refused(call.id, type(error).__name__))
        except Exception as error:
            self._say(Broken(call.id, repr(error)))
        else:
            self._say(Answered(call.id, result))

    async def _once(self, call: Call) -> bytes:
        return await run_once(self._operation, digest(call.key.encode()), FINGERPRINT, partial(self._body, call))

    async def _section(self, call: Call) -> bytes:
        async with Lock(self._witness, call.key, ttl=self._lease):
            return await self._body(call)

    async def _body(self, call: Call) -> bytes:
        lease = current_lease()
        self._witness.names[lease.key] = call.key
        asked = self._witness.asked[lease.owner]
        value = f"{call.key} by {uuid4().hex} under {lease.fencing_token}".encode()
        attempt = (call.id, call.key, lease.owner, lease.fencing_token)
        self._say(Began(*attempt, asked.at, time.monotonic(), asked.took_over))
        with self._inside("before"):
            await self._work()
        with self._inside("effect"):
            written = self._effects[call.id] = self._loop.create_future()
            self._say(Effecting(*attempt, value))
            if not await written:
                raise FencedError
        with self._inside("after"):
            await self._work()
        return value

    async def _work(self) -> None:
        long = self._rng.random() < 0.04
        await asyncio.sleep(self._rng.uniform(0, LONG) if long else self._rng.expovariate(1 / SHORT))
        if self._rng.random() < 0.01:
            raise FlakyError

    @contextmanager
    def _inside(self, phase: str) -> Generator[None]:
        with self._phases.inside(self._slot, phase):
            fate = self._fate
            if fate is not None and fate.phase == phase:
                self._fate = None if fate.nth <= 1 else fate._replace(nth=fate.nth - 1)
                if fate.nth <= 1:
                    self._loop.call_later(fate.delay, self._meet, fate.signal)
            yield

    def _meet(self, fate: signal.Signals) -> None:
        if fate is signal.SIGSTOP:
            self._say(Stopping())
        os.kill(os.getpid(), fate)
