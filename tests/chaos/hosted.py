"""A store that the world keeps for its workers: the transition table itself, and the double without its conditions.

It has no server, so no fault but death and pauses; the harness proves itself on it.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, ClassVar, TypeVar, cast

from lambdaframe.idempotency.stores.memory import MemoryStore
from lambdaframe.idempotency.transitions import NOTHING, TABLE, Claim, Move, Outcome, Reply, Rule, always
from tests.chaos.wire import Moving

T = TypeVar("T")


class UnfencedStore(MemoryStore):
    """A store as they are often written: whoever comes may complete, release and extend. Never use it.

    Only the conditions on owner and generation are missing. It still counts generations, so that the sink can do its
    part, and takes over no sooner than it should.
    """

    table: ClassVar[Mapping[Move, Rule]] = {
        move: rule if move == "acquire" else rule._replace(allowed=(always,)) for move, rule in TABLE.items()
    }


def answer(store: MemoryStore, moving: Moving) -> Reply:
    """The world's side: one move, at once."""
    moves: Mapping[Move, Callable[[], Coroutine[Any, Any, Reply]]] = {
        "acquire": lambda: store.acquire(moving.claim),
        "complete": lambda: store.complete(moving.claim, moving.outcome),
        "release": lambda: store.release(moving.claim),
        "extend": lambda: store.extend(moving.claim),
    }
    return at_once(moves[moving.move]())


def at_once(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that never waits."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return cast("T", end.value)
    raise AssertionError("a MemoryStore does not wait")


class HostedStore:
    """The worker's side: ``ask`` sends a move, ``answered`` brings its reply."""

    max_result_size = None

    def __init__(self, ask: Callable[[Moving], None]) -> None:
        self._ask = ask
        self._waiting: dict[int, asyncio.Future[Reply]] = {}
        self._number = 0

    def answered(self, number: int, reply: Reply) -> None:
        waiting = self._waiting.pop(number)
        if not waiting.done():  # a heartbeat may have been cancelled meanwhile
            waiting.set_result(reply)

    async def acquire(self, claim: Claim) -> Reply:
        """See Store."""
        return await self._move("acquire", claim)

    async def complete(self, claim: Claim, outcome: Outcome) -> Reply:
        """See Store."""
        return await self._move("complete", claim, outcome)

    async def release(self, claim: Claim) -> Reply:
        """See Store."""
        return await self._move("release", claim)

    async def extend(self, claim: Claim) -> Reply:
        """See Store."""
        return await self._move("extend", claim)

    async def _move(self, move: Move, claim: Claim, outcome: Outcome = NOTHING) -> Reply:
        self._number += 1
        number = self._number
        waiting: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting[number] = waiting
        self._ask(Moving(number, move, claim, outcome))
        return await waiting
