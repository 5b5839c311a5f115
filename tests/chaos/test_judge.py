"""The judge finds each planted fault, names it rightly, and accepts every history that is right."""

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.chaos.judge import (
    CHECKS,
    Answer,
    Effect,
    Execution,
    KeyHistory,
    Kill,
    judge,
    percentile,
    recoveries,
)

LAPSE = 1.3


def once() -> KeyHistory:
    """One attempt, one effect, two callers."""
    return KeyHistory(
        asked=2,
        answers=[Answer(b"a", 10.2), Answer(b"a", 10.3)],
        executions=[Execution("one", 5, claimed=10.0, began=10.1)],
        effects=[Effect("one", 5, b"a", accepted=True)],
    )


def taken_over() -> KeyHistory:
    """The first attempt died after its effect; the second replaced it; the first one's late write was refused."""
    return KeyHistory(
        asked=2,
        answers=[Answer(b"b", 12.0), Answer(b"b", 13.0)],
        executions=[Execution("one", 5, 10.0, 10.1), Execution("two", 6, 11.3, 11.4)],
        effects=[Effect("one", 5, b"a", True), Effect("two", 6, b"b", True), Effect("one", 5, b"a", False)],
    )


def released() -> KeyHistory:
    """The first attempt gave up after its effect, and the second started at once."""
    history = taken_over()
    history.executions[1] = Execution("two", 6, 10.2, 10.3)
    history.released = {5: 10.25}
    return history


def locked() -> KeyHistory:
    """Three sections under one lock: the first gave it back, the second died after its write."""
    return KeyHistory(
        lock=True,
        asked=2,
        answers=[Answer(b"a", 10.2), Answer(b"c", 12.0)],
        executions=[
            Execution("one", 5, 10.0, 10.0),
            Execution("two", 6, 10.1, 10.2),
            Execution("three", 7, 10.1, 11.5),
        ],
        effects=[Effect("one", 5, b"a", True), Effect("two", 6, b"b", True), Effect("three", 7, b"c", True)],
        released={5: 10.15},
    )


Plant = Callable[[KeyHistory], None]


def other_answer(history: KeyHistory) -> None:
    history.answers[0] = Answer(b"a", 12.0)


def unknown_answers(history: KeyHistory) -> None:
    history.answers[:] = [Answer(b"c", 12.0), Answer(b"c", 13.0)]


def effect_refused(history: KeyHistory) -> None:
    history.effects[-1] = history.effects[-1]._replace(accepted=False)


def replaced_later(history: KeyHistory) -> None:
    history.effects.append(Effect("three", 7, b"c", accepted=True))


def lower_accepted(history: KeyHistory) -> None:
    history.effects.insert(0, Effect("three", 9, b"c", accepted=True))


def same_accepted_for_another(history: KeyHistory) -> None:
    history.effects.insert(0, Effect("three", 5, b"c", accepted=True))


def same_token(history: KeyHistory) -> None:
    history.executions.append(Execution("two", 5, 13.0, 13.0))


def run_after_the_answer(history: KeyHistory) -> None:
    history.executions.append(Execution("two", 6, 10.25, 13.0))


def taken_over_too_soon(history: KeyHistory) -> None:
    history.executions[1] = Execution("two", 6, 11.0, 11.2)


def release_denied(history: KeyHistory) -> None:
    history.released.clear()


def next_too_soon(history: KeyHistory) -> None:
    history.executions[2] = history.executions[2]._replace(began=11.3)


def released_too_late(history: KeyHistory) -> None:
    history.released = {5: 10.35}


def no_answer(history: KeyHistory) -> None:
    history.answers.pop()


def crash(history: KeyHistory) -> None:
    history.broken.append("TypeError('oops')")


PLANTED = [
    (taken_over, other_answer, {"divergent", "lost"}),
    (once, unknown_answers, {"lost"}),
    (once, effect_refused, {"lost"}),
    (once, replaced_later, {"lost"}),
    (once, lower_accepted, {"fence"}),
    (once, same_accepted_for_another, {"fence"}),
    (once, same_token, {"token", "rerun"}),
    (once, run_after_the_answer, {"rerun"}),
    (taken_over, taken_over_too_soon, {"excess"}),
    (released, release_denied, {"excess"}),
    (released, released_too_late, {"excess"}),
    (once, no_answer, {"unanswered"}),
    (once, crash, {"broken"}),
    (locked, effect_refused, {"lost"}),
    (locked, next_too_soon, {"excess"}),
    (locked, release_denied, {"excess"}),
]


def checks(history: KeyHistory) -> set[str]:
    return {finding.check for finding in judge({"key": history}, LAPSE)}


@pytest.mark.parametrize("right", [once, taken_over, released, locked, KeyHistory])
def test_a_right_history_is_accepted(right: Callable[[], KeyHistory]) -> None:
    assert judge({"key": right()}, LAPSE) == []


@pytest.mark.parametrize(
    ("right", "plant", "found"), PLANTED, ids=[f"{right.__name__}-{plant.__name__}" for right, plant, _ in PLANTED]
)
def test_a_planted_fault_is_found_and_named(right: Callable[[], KeyHistory], plant: Plant, found: set[str]) -> None:
    history = right()
    plant(history)
    assert checks(history) == found


def test_every_check_has_a_planted_fault() -> None:
    assert set().union(*(found for _, _, found in PLANTED)) == set(CHECKS)


def test_an_attempt_may_repeat_its_own_write() -> None:
    history = once()
    history.effects *= 2
    assert checks(history) == set()


def test_a_finding_names_its_key_and_the_others_are_judged_apart() -> None:
    wrong = once()
    no_answer(wrong)
    [finding] = judge({"good": once(), "bad": wrong}, LAPSE)
    assert (finding.check, finding.key) == ("unanswered", "bad")


def test_a_take_over_counts_as_an_expiry_only_after_the_lease_and_the_skew() -> None:
    history = taken_over()
    history.executions[1] = Execution("two", 6, 11.2, began=10.0 + LAPSE)
    assert checks(history) == set()
    history.executions[1] = Execution("two", 6, 11.2, began=10.0 + LAPSE - 0.01)
    assert checks(history) == {"excess"}


@given(st.lists(st.integers(min_value=1), min_size=1))
def test_effects_may_arrive_in_any_order(tokens: list[int]) -> None:
    """Every attempt's write comes at some time to a sink as ours is; the one with the highest token is answered."""
    highest = 0
    history = KeyHistory(asked=1, answers=[Answer(str(max(tokens)).encode(), 1.0)])
    for token in tokens:
        accepted, highest = token > highest, max(token, highest)
        history.effects.append(Effect(str(token), token, str(token).encode(), accepted))
    assert checks(history) == set()


def test_recovery_is_measured_from_the_last_kill_before_the_first_answer() -> None:
    kills = [Kill(10.1, ("key", "never")), Kill(9.0, ("key", "done")), Kill(10.25, ("key", "done"))]
    histories = {"key": once(), "never": KeyHistory(asked=1), "done": once(), "spared": once()}
    assert recoveries(histories, kills) == [pytest.approx(0.1), math.inf, pytest.approx(1.2)]


def test_percentiles() -> None:
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile([float(value) for value in range(1, 101)], 0.99) == 99.0
    assert percentile([1.0], 0.99) == 1.0
    assert math.isnan(percentile([], 0.99))
