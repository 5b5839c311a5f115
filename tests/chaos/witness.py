"""A store that stands before another and sees every move of one process."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import NamedTuple

from lambdaframe.idempotency.store import Notifying, Store
from lambdaframe.idempotency.transitions import Claim, Outcome, Reply
from tests.chaos.wire import Releasing

Inside = Callable[[str], AbstractContextManager[None]]
"""``inside(phase)``: the moves stand in this."""


class Asked(NamedTuple):
    """An attempt's last request for its key: when it was about to be sent, and whether it took over."""

    at: float
    took_over: bool


class Witness:
    """``asked``: by owner. ``names``: what the world calls a key. ``say`` is told of a release before it is sent."""

    def __init__(self, store: Store, inside: Inside, say: Callable[[Releasing], None]) -> None:
        self._store, self._inside, self._say = store, inside, say
        self.max_result_size = store.max_result_size
        self.asked: dict[str, Asked] = {}
        self.names: dict[str, str] = {}

    async def acquire(self, claim: Claim) -> Reply:
        """See Store."""
        at = time.monotonic()
        with self._inside("acquire"):
            reply = await self._store.acquire(claim)
        self.asked[claim.owner] = Asked(at, reply.took_over)
        return reply

    async def complete(self, claim: Claim, outcome: Outcome) -> Reply:
        """See Store."""
        with self._inside("complete"):
            return await self._store.complete(claim, outcome)

    async def release(self, claim: Claim) -> Reply:
        """See Store."""
        if name := self.names.get(claim.key):  # else its body has not begun, and is never run
            self._say(Releasing(name, claim.gen, time.monotonic()))
        with self._inside("release"):
            return await self._store.release(claim)

    async def extend(self, claim: Claim) -> Reply:
        """See Store."""
        with self._inside("extend"):
            return await self._store.extend(claim)


class NotifiedWitness(Witness):
    """The same before a store that tells of changes."""

    def __init__(self, store: Store, inside: Inside, say: Callable[[Releasing], None]) -> None:
        super().__init__(store, inside, say)
        assert isinstance(store, Notifying)
        self._notifying = store

    async def changed(self, key: str, seconds: float) -> bool:
        """See Notifying."""
        with self._inside("wait"):
            return await self._notifying.changed(key, seconds)


def witness(store: Store, inside: Inside, say: Callable[[Releasing], None]) -> Witness:
    """A witness that is Notifying when the store is."""
    return (NotifiedWitness if isinstance(store, Notifying) else Witness)(store, inside, say)
