"""Lines below the level: written for the invocations of a sample, kept for those that fail, dropped for the others."""

from collections import deque
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, TypeAlias
from zlib import crc32

from lambdaframe.invocation import Correlated, Invocation, current_record

Fate: TypeAlias = Literal["write", "keep", "drop"]

ERROR = 40


class Quiet(NamedTuple):
    """``threshold``: the lowest level that is written anyway. ``sample``: the part of all invocations, 0 to 1, of which
    everything is written. ``keep``: the lowest level that is kept in case of an error, None for nothing. ``limit``:
    bytes that are kept of one invocation. ``levels``: numbers by name."""

    threshold: int
    sample: float
    keep: int | None
    limit: int
    levels: Mapping[str, int]

    def fate(self, level: str, invocation: Invocation | None) -> Fate:
        """What becomes of a line of this level."""
        number = self.levels.get(level, 20)
        if number >= self.threshold or self.samples(invocation):
            return "write"
        return "keep" if self.keep is not None and number >= self.keep and invocation is not None else "drop"

    def samples(self, invocation: Invocation | None) -> bool:
        """Whether the invocation is of the sample. All services that share its correlation id choose alike."""
        if not self.sample or invocation is None:
            return self.sample >= 1
        return crc32(invocation.correlation_id.encode()) < self.sample * 2**32


class Kept:
    """The lines that one invocation holds back, oldest first; those of its records apart."""

    __slots__ = ("_limit", "_lines", "_size", "lost")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lines: deque[tuple[Correlated | None, str]] = deque()
        self._size = 0
        self.lost = 0

    def add(self, line: str) -> None:
        """Keep one more; the oldest are given up when there is no more room."""
        self._lines.append((current_record.get(), line))
        self._size += len(line)
        while self._size > self._limit:
            self._size -= len(self._lines.popleft()[1])
            self.lost += 1

    def take(self) -> list[str]:
        """The lines of the record in work, or the request, which are then no longer kept."""
        about = current_record.get()
        mine = [line for whose, line in self._lines if whose is about or whose is None]
        self._lines = deque((whose, line) for whose, line in self._lines if whose is not about and whose is not None)
        self._size = sum(len(line) for _, line in self._lines)
        return mine


def kept_by(invocation: Invocation, limit: int) -> Kept:
    """What the invocation holds back."""
    kept: Any = invocation.held_back
    if kept is None:
        kept = invocation.held_back = Kept(limit)
    return kept  # type: ignore[no-any-return]
