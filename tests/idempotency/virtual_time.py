"""Time that passes at once: loops of asyncio and trio whose clock jumps to the next timer when nothing is left to do.
What takes an hour takes no time, and the same time in each run."""

import asyncio
import selectors
from collections.abc import Mapping
from typing import Any

import anyio
import trio.testing

EPOCH = 1_800_000_000.0


class _Jumping(selectors.SelectSelector):
    """A selector that does not wait for a timer, but moves the loop's time to it."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(0)
        if not found and timeout is None:
            raise RuntimeError("Nothing will ever happen: all tasks wait for each other.")
        if not found and timeout is not None:
            self.now += timeout
        return found


class VirtualLoop(asyncio.SelectorEventLoop):
    """asyncio's loop on such a selector."""

    def __init__(self) -> None:
        self.jumping = _Jumping()
        super().__init__(self.jumping)

    def time(self) -> float:
        return self.jumping.now


def virtual_backend(name: str) -> tuple[str, Mapping[str, Any]]:
    """The ``anyio_backend`` of one test: ``asyncio`` or ``trio`` in virtual time."""
    if name == "trio":
        return name, {"clock": trio.testing.MockClock(autojump_threshold=0)}
    return name, {"loop_factory": VirtualLoop}


class VirtualClock:
    """The running loop's time as a Clock. ``set`` is how far the wall clock was set, in seconds."""

    def __init__(self) -> None:
        self.set = 0.0

    def monotonic(self) -> float:
        return anyio.current_time()

    def time(self) -> float:
        return EPOCH + self.set + anyio.current_time()


def stop_the_process(seconds: float) -> None:
    """Let time pass without the loop: as if the process were stopped, or something blocked it."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        clock = trio.lowlevel.current_clock()
        assert isinstance(clock, trio.testing.MockClock)
        clock.jump(seconds)
    else:
        assert isinstance(loop, VirtualLoop)
        loop.jumping.now += seconds
