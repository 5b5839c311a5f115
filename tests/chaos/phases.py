"""Where in its course every call is, in memory that outlives the process that writes it."""

import mmap
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager

PHASES = ("acquire", "wait", "before", "effect", "after", "complete", "release", "extend")
"""``before`` and ``after`` are the body's parts before and after its effect; ``effect`` is the write to the sink."""


class Phases:
    """Counts of calls, one for each slot (a worker's place) and phase, shared with the processes that are forked."""

    def __init__(self, slots: int) -> None:
        self._counts = mmap.mmap(-1, slots * len(PHASES))

    @contextmanager
    def inside(self, slot: int, phase: str) -> Generator[None]:
        """One call of this worker is in this phase."""
        place = slot * len(PHASES) + PHASES.index(phase)
        self._counts[place] += 1
        try:
            yield
        finally:
            self._counts[place] -= 1

    def taken(self, slot: int) -> Counter[str]:
        """What a worker that is dead had in work; its place is cleared for the next one."""
        start = slot * len(PHASES)
        found = Counter({phase: self._counts[start + at] for at, phase in enumerate(PHASES)})
        self._counts[start : start + len(PHASES)] = bytes(len(PHASES))
        return found
