"""How often what happened: plain counters, for metrics."""

from collections.abc import Mapping
from typing import Any


class Counters:
    """What one store was used for in this process, since it was made. Read them at any time.

    ``acquired``: attempts that were started, among them ``takeovers`` of attempts that never ended. ``replayed``: calls
    that got a recorded result. ``conflicts``: calls that were refused because an attempt was running. ``mismatches``:
    calls whose payload was another than the key's. ``released``: attempts that ended without a result. ``lost``:
    attempts and locks whose lease ended before they did. ``omitted``: results that could not be kept.
    """

    __slots__ = ("acquired", "conflicts", "lost", "mismatches", "omitted", "released", "replayed", "takeovers")

    def __init__(self) -> None:
        self.acquired = 0
        self.replayed = 0
        self.conflicts = 0
        self.mismatches = 0
        self.takeovers = 0
        self.released = 0
        self.lost = 0
        self.omitted = 0

    def snapshot(self) -> Mapping[str, int]:
        """All counters by name."""
        return {name: getattr(self, name) for name in sorted(self.__slots__)}

    def __repr__(self) -> str:
        return f"<Counters {dict(self.snapshot())}>"


def counters_of(store: Any) -> Counters:
    """The store's own, or new ones for a store that has none."""
    own = getattr(store, "counters", None)
    return own if isinstance(own, Counters) else Counters()
