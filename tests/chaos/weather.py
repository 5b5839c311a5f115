"""A fault proxy in a process of its own, whose faults come by chance."""

import random
import threading
from collections.abc import Callable

from tests.chaos.processes import Server
from tests.chaos.proxy import BLACK_HOLE, CUT, PASS, REPLY_LOST, Fault, FaultProxy, Kind

SHARES = {Kind.REPLY_LOST: 0.01, Kind.CUT: 0.01, Kind.DELAYED: 0.01, Kind.BLACK_HOLE: 0.002}
"""How many of all requests meet which fault."""
LONGEST_DELAY = 0.6
"""Seconds."""
_FAULTS = {Kind.REPLY_LOST: REPLY_LOST, Kind.CUT: CUT, Kind.BLACK_HOLE: BLACK_HOLE, Kind.PASS: PASS}


def weather(upstream: int, seed: int) -> Server:
    """Stands before the loopback port ``upstream``; ``seed`` decides what happens to which request."""
    rng = random.Random(seed)
    kinds, weights = [*SHARES, Kind.PASS], [*SHARES.values(), 1 - sum(SHARES.values())]

    def choose(request: bytes) -> Fault:
        [kind] = rng.choices(kinds, weights)
        return _FAULTS[kind] if kind in _FAULTS else Fault(kind, rng.uniform(0.05, LONGEST_DELAY))

    def run(listening: Callable[[int], None]) -> None:
        with FaultProxy(upstream, choose) as proxy:
            listening(proxy.port)
            threading.Event().wait()

    return Server(run)
