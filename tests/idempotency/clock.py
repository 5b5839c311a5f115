"""A clock that moves when it is told to."""


class FakeClock:
    """``time()`` and ``monotonic()`` in seconds, kept in whole milliseconds so that boundaries are hit exactly.

    ``step_ms``: how far each look at the time moves it, for code that waits for a time to come.
    """

    def __init__(self, now_ms: int = 1_800_000_000_000, *, step_ms: int = 0) -> None:
        self.now_ms = now_ms
        self.step_ms = step_ms

    def time(self) -> float:
        self.now_ms += self.step_ms
        return self.now_ms / 1_000

    def monotonic(self) -> float:
        return self.time()

    def advance(self, ms: int) -> None:
        self.now_ms += ms
