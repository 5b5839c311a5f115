"""How much chaos there is, and what becomes of a worker."""

import random
import signal
from typing import NamedTuple

from lambdaframe.idempotency.transitions import SKEW_MS
from tests.chaos.phases import PHASES
from tests.chaos.worker import Fate


class Plan(NamedTuple):
    """``kills``: of workers that had calls in work. ``calls``: of one worker, at once. ``keys``: in work at once.

    ``lease``, ``life`` (the longest of a worker), ``retry`` (the shortest pause of a client before it asks again; the
    longest is twice that), ``outage`` (the mean time between two of the server), ``patience`` (for the last answers,
    when nothing goes wrong any more): seconds. ``callers``: of one key, at most, unless pauses make them ask elsewhere.

    Shares: ``pauses``, of workers that are paused; ``locks``, of keys that are locks; ``early``, of workers whose time
    to live begins with their process. For the others it begins with their first word, so that a machine that is busy
    gives them the time to do something.
    """

    kills: int = 200
    workers: int = 16
    calls: int = 10
    keys: int = 100
    callers: int = 6
    lease: float = 0.3
    life: float = 0.8
    retry: float = 0.1
    pauses: float = 0.1
    locks: float = 0.2
    early: float = 0.3
    outage: float = 5.0
    patience: float = 60.0

    @property
    def lapse(self) -> float:
        """Seconds until an attempt that died may be taken over."""
        return self.lease + SKEW_MS / 1_000

    def fate(self, rng: random.Random) -> tuple[Fate | None, float]:
        """What a new worker does to itself, and after how many seconds it is killed in any case."""
        if rng.random() < 0.5:
            return None, rng.uniform(0.02, self.life)
        phase = rng.choice(PHASES)
        nth = 1 if phase in {"release", "extend", "wait"} else rng.randint(1, 8)
        if rng.random() < 2 * self.pauses:
            return Fate(phase, signal.SIGSTOP, nth, rng.uniform(0, 0.003)), 2 * self.life + self.lapse
        return Fate(phase, signal.SIGKILL, nth, rng.uniform(0, 0.003)), 1.5 * self.life
