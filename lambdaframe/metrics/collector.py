"""What was measured, until it is written: one collector for each request or batch.

The collector stands in a ContextVar, so that concurrent requests have each their own; tasks and threads of one request
share it. Dimensions that are bound stand in another, as a mapping that is replaced and never changed: what one record
of a batch binds is not another's.
"""

import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any

from lambdaframe.metrics.emf import Measurement, lines

EARLY = 5_000
"""So many measurements are written before the request has ended, so that memory stays bounded."""

NOTHING: Mapping[str, Any] = MappingProxyType({})


class Collector:
    """Measurements and properties of one request or batch. ``write`` puts a line out."""

    __slots__ = ("_measured", "properties")

    def __init__(self) -> None:
        self._measured: deque[Measurement] = deque()
        self.properties: Mapping[str, Any] = NOTHING

    def add(self, measurement: Measurement) -> None:
        """Keep one. May be called from any thread."""
        self._measured.append(measurement)

    @property
    def full(self) -> bool:
        """Whether it should be written now."""
        return len(self._measured) >= EARLY

    def take(self) -> list[bytes]:
        """The lines of what was measured, which it then forgets."""
        return list(lines(self._taken(), round(time.time() * 1_000), self.properties)) if self._measured else []

    def _taken(self) -> Iterator[Measurement]:
        # One by one: a thread that is adding meanwhile adds to the same deque, so that nothing gets between.
        while self._measured:
            yield self._measured.popleft()


collector: ContextVar[Collector | None] = ContextVar("lambdaframe.metrics.collector", default=None)
dimensions: ContextVar[Mapping[str, str]] = ContextVar("lambdaframe.metrics.dimensions", default=NOTHING)
