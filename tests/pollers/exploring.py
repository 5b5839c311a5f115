"""Hypothesis makes cases until so many batches were delivered and checked."""

from hypothesis import Phase, given, seed, settings

from tests.pollers.cases import Case, Kind, cases
from tests.pollers.rules import check
from tests.pollers.world import play

ROUND = 100
"""Cases that hypothesis makes in one go."""


def explore(kind: Kind, *, batches: int, shrink: bool = True) -> int:
    """Check this many batches, or a few more, and say how many they were.

    Raises AssertionError for the first case that breaks a rule; without ``shrink`` as it was found.
    """
    counted = 0
    rounds = 0

    def one(case: Case) -> None:
        nonlocal counted
        if counted < batches or shrink:
            world = play(case)
            counted += len(world.diaries)
            check(world)

    phases = [Phase.explicit, Phase.generate, Phase.shrink] if shrink else [Phase.generate]
    limits = settings(max_examples=ROUND, database=None, deadline=None, phases=phases, report_multiple_bugs=False)
    while counted < batches:
        # A seed of its own for each round: every run makes the same cases, and no two rounds do.
        seed(rounds)(limits(given(cases(kind))(one)))()
        rounds += 1
    return counted
