"""A store in the memory of this process: for local runs, tests, and functions whose duplicates reach one process."""

import time
from collections import OrderedDict
from collections.abc import Mapping
from itertools import islice
from threading import Lock
from typing import ClassVar

from lambdaframe.idempotency.counters import Counters
from lambdaframe.idempotency.lock import Lockable
from lambdaframe.idempotency.transitions import (
    ABSENT,
    NOTHING,
    TABLE,
    Claim,
    Entry,
    Move,
    Outcome,
    Reply,
    Rule,
    Verdict,
    allowed,
    refusal,
)
from lambdaframe.types import Clock

_SWEPT_PER_NEW = 2


class MemoryStore(Lockable):
    """Records in a dict. Each move is one synchronous step, safe from any loop or thread of this process.

    ``clock`` says what time it is (``time()``, seconds). ``max_result_size``: the longest result that is kept, in
    bytes; give it the limit of the store used in the cloud and long results behave alike. Every new record has two
    old ones looked at, in turn, and deleted when they have expired: memory stays in proportion to what is still
    needed.
    """

    table: ClassVar[Mapping[Move, Rule]] = TABLE

    def __init__(self, *, clock: Clock = time, max_result_size: int | None = None) -> None:
        self.max_result_size = max_result_size
        self.counters = Counters()
        self._clock = clock
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._last_deleted = ABSENT
        self._lock = Lock()

    async def acquire(self, claim: Claim) -> Reply:
        """See Store."""
        return self._move("acquire", claim)

    async def complete(self, claim: Claim, outcome: Outcome) -> Reply:
        """See Store."""
        return self._move("complete", claim, outcome)

    async def release(self, claim: Claim) -> Reply:
        """See Store."""
        return self._move("release", claim)

    async def extend(self, claim: Claim) -> Reply:
        """See Store."""
        return self._move("extend", claim)

    def _move(self, move: Move, claim: Claim, outcome: Outcome = NOTHING) -> Reply:
        rule = self.table[move]
        with self._lock:
            now = round(self._clock.time() * 1_000)
            entry = self._entries.get(claim.key)
            if entry is None:
                # A deleted record's generation is remembered for all: a token never comes back smaller.
                entry = self._last_deleted
                if move == "acquire":
                    self._sweep(now)
            if not allowed(rule, entry, claim, now):
                return Reply(refusal(rule, entry, claim, now), entry, now)
            written = self._entries[claim.key] = rule.write(entry, claim, outcome, now)
        return Reply(Verdict.GRANTED, written, now, move == "acquire" and entry.state == "R")

    def _sweep(self, now: int) -> None:
        """Look at the records that were looked at longest ago; one may be the lease of a slow owner until ``ttl``."""
        for key, entry in list(islice(self._entries.items(), _SWEPT_PER_NEW)):
            if now > (entry.ttl * 1_000 if entry.state == "R" else entry.expires):
                del self._entries[key]
                self._last_deleted = ABSENT._replace(gen=max(entry.gen, self._last_deleted.gen))
            else:
                self._entries.move_to_end(key)
