"""What happened in one invocation."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Moment:
    """``kind``: ``start``; ``ok``, ``fail``, ``cut`` (cancelled by the engine), ``drop`` or ``give up`` at the end;
    ``poison``; and ``buried`` when the dead-letter sink has taken it."""

    at: float
    kind: str
    number: int


@dataclass
class Diary:
    """One invocation."""

    moments: list[Moment] = field(default_factory=list)
    logged: Counter[str] = field(default_factory=Counter[str])
    returned: defaultdict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))
    results: defaultdict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))
    peak: int = 0
    working: int = 0

    def ended(self, *kinds: str) -> set[int]:
        """The records that have ended so in this invocation."""
        return {moment.number for moment in self.moments if moment.kind in kinds}

    def done(self) -> set[int]:
        """What need not come again."""
        return self.ended("ok", "drop", "buried")

    def failed(self) -> set[int]:
        """What has to, among all that was taken up."""
        return self.ended("fail", "cut", "poison", "give up") - self.ended("buried")
