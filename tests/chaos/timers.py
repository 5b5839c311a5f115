"""What is to be done later, in the order of its time."""

import heapq
import math
import time
from collections.abc import Callable


class Timers:
    """Seconds are of the monotonic clock."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._number = 0

    def later(self, seconds: float, act: Callable[[], None]) -> None:
        """Have this done in so many seconds."""
        self._number += 1
        heapq.heappush(self._heap, (time.monotonic() + seconds, self._number, act))

    def run(self) -> float:
        """Do what is due. Seconds until there is something again."""
        now = time.monotonic()
        while self._heap and self._heap[0][0] <= now:
            heapq.heappop(self._heap)[2]()
        return max(0.0, self._heap[0][0] - time.monotonic()) if self._heap else math.inf
