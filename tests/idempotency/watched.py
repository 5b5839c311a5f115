"""A memory store that tells what it is asked, and on which loop."""

import asyncio
from queue import SimpleQueue

import trio

from lambdaframe.idempotency import MemoryStore
from lambdaframe.idempotency.transitions import Claim, Outcome, Reply, Verdict

PATIENCE = 20.0
"""Seconds after which a wait that should have ended fails the test."""


class Watched(MemoryStore):
    """Tells what is asked of it, and on which loop."""

    def __init__(self) -> None:
        super().__init__()
        self.moves: SimpleQueue[tuple[str, Verdict]] = SimpleQueue()
        self.loops: set[object] = set()

    async def acquire(self, claim: Claim) -> Reply:
        return self._told("acquire", await super().acquire(claim))

    async def complete(self, claim: Claim, outcome: Outcome) -> Reply:
        return self._told("complete", await super().complete(claim, outcome))

    async def release(self, claim: Claim) -> Reply:
        return self._told("release", await super().release(claim))

    async def extend(self, claim: Claim) -> Reply:
        return self._told("extend", await super().extend(claim))

    def _told(self, move: str, reply: Reply) -> Reply:
        self.loops.add(running_loop())
        self.moves.put((move, reply.verdict))
        return reply

    def wait_for(self, move: str, verdict: Verdict) -> None:
        while self.moves.get(timeout=PATIENCE) != (move, verdict):
            pass

    def states(self) -> list[str]:
        return [entry.state for entry in self._entries.values()]

    def tokens(self) -> set[int]:
        return {entry.gen for entry in self._entries.values()}

    def lose_all(self) -> None:
        self._entries.clear()


def running_loop() -> object:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return trio.lowlevel.current_trio_token()
