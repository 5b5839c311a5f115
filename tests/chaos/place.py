"""What the world knows of one worker."""

from collections.abc import Callable

from tests.chaos.processes import Process
from tests.chaos.wire import Call


class Place:
    """A worker's place, and the process that has it now. ``calls``: in work, by id; ``ran``: those whose body began.

    ``doom``: what its first word brings about.
    """

    def __init__(self, slot: int, process: Process) -> None:
        self.slot, self.process = slot, process
        self.calls: dict[int, Call] = {}
        self.ran: set[int] = set()
        self.doom: Callable[[], None] | None = None
        self.paused = False
        self.alive = True
        self.killed_at: float | None = None
