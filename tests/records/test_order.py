"""The rules of order, without any waiting."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdaframe.records.order import Order
from lambdaframe.records.record import Record
from tests.records.streams import record


def starts(order: Order, *records: tuple[str, str | None, int]) -> list[str]:
    """Which of these ``(id, group, sequence)`` start when they are pulled one after the other and none ends."""
    return [
        identifier
        for identifier, group, sequence in records
        if order.admit(record(identifier, group=group, sequence=sequence))
    ]


def end(order: Order, one: Record, *, failed: bool) -> Record | None:
    """What starts when this one has ended."""
    if failed:
        order.fail(one)
    return order.ended(one)


def test_one_of_a_group_at_a_time_and_the_next_when_it_ends() -> None:
    order = Order("group", 10)
    first, second, third = (record(name, group="a") for name in "123")
    assert order.admit(first)
    assert not order.admit(second)
    assert not order.admit(third)
    assert end(order, first, failed=False) is second
    assert end(order, second, failed=False) is third
    assert end(order, third, failed=False) is None
    assert order.admit(record("4", group="a"))


@pytest.mark.parametrize("kind", ["group", "checkpoint"])
def test_nothing_of_a_group_starts_after_one_of_it_has_failed(kind: str) -> None:
    order = Order("group" if kind == "group" else "checkpoint", 10)
    first = record("1", group="a", sequence=5)
    parts = [record(name, group="a", sequence=5) for name in "23"]  # of one aggregated record, say
    assert order.admit(first)
    assert not order.admit(parts[0])
    assert end(order, first, failed=True) is None
    assert not order.admit(parts[1])
    assert order.admit(record("4", group="b", sequence=5))


def test_records_without_a_group_do_not_wait_for_each_other() -> None:
    order = Order("group", 10)
    assert starts(order, ("1", None, 1), ("2", None, 2), ("3", None, 3)) == ["1", "2", "3"]
    failed = record("1")
    end(order, failed, failed=True)
    assert starts(order, ("4", None, 4)) == ["4"]


def test_nothing_behind_a_failed_checkpoint_starts_but_what_is_before_it_may() -> None:
    order = Order("checkpoint", 10)
    low, high, later = (
        record("low", group="a", sequence=9),
        record("high", group="b", sequence=10),
        record("later", group="a", sequence=11),
    )
    assert order.admit(low)
    assert order.admit(high)
    assert not order.admit(later)
    assert end(order, high, failed=True) is None
    assert starts(order, ("before", "c", 8)) == ["before"]
    assert not order.closed
    assert end(order, low, failed=False) is None, "the parked one is behind the checkpoint"
    assert starts(order, ("behind", "d", 12)) == []
    assert order.closed


def test_the_lowest_failure_counts() -> None:
    order = Order("checkpoint", 10)
    nine, ten = record("9", group="a", sequence=9), record("10", group="b", sequence=10)
    assert order.admit(nine)
    assert order.admit(ten)
    end(order, nine, failed=True)
    end(order, ten, failed=True)
    assert starts(order, ("10", "c", 10), ("8", "d", 8)) == ["8"]


def test_a_stream_with_checkpoints_needs_sequence_numbers() -> None:
    order = Order("checkpoint", 10)
    nameless = record("1", group="a")
    assert order.admit(nameless)
    with pytest.raises(ValueError, match="no sequence number"):
        end(order, nameless, failed=True)


def test_no_more_is_parked_than_the_limit_once_the_stream_is_not_pulled_while_full() -> None:
    order = Order("group", 3)
    running = record("0", group="a")
    order.admit(running)
    for name in "123":
        assert not order.full
        order.admit(record(name, group="a"))
    assert order.full
    assert end(order, running, failed=False) is not None
    assert not order.full


def test_a_failed_group_frees_what_it_had_parked() -> None:
    order = Order("group", 3)
    running = record("0", group="a")
    order.admit(running)
    for name in "123":
        order.admit(record(name, group="a"))
    end(order, running, failed=True)
    assert not order.full


@given(
    pulled=st.lists(st.tuples(st.sampled_from(["a", "b", "c", None]), st.booleans()), max_size=30),
    ends=st.lists(st.integers(0, 30), max_size=60),
    kind=st.sampled_from(["group", "checkpoint"]),
)
def test_any_interleaving_keeps_the_rules(
    pulled: Sequence[tuple[str | None, bool]], ends: Sequence[int], kind: str
) -> None:
    """Records are pulled in order, and whichever is running ends next: groups stay in order, nothing gets lost."""
    order = Order("group" if kind == "group" else "checkpoint", 1000)
    records = [record(str(number), group=group, sequence=number) for number, (group, _) in enumerate(pulled)]
    fails = {str(number) for number, (_, fail) in enumerate(pulled) if fail}
    running: list[Record] = []
    started: list[Record] = []
    failed: list[int] = []
    waiting = iter(records)
    for choice in [*ends, *([0] * 100)]:
        if (taken := next(waiting, None)) is not None and order.admit(taken):
            running.append(taken)
            started.append(taken)
        if running and choice % 3:
            continue
        if running:
            ended = running.pop(choice % len(running))
            if ended.id in fails:
                failed.append(int(ended.id))
            following = end(order, ended, failed=ended.id in fails)
            if following is not None:
                assert following.group == ended.group
                assert kind == "group" or all(int(following.id) < number for number in failed)
                running.append(following)
                started.append(following)
        groups = [one.group for one in running if one.group is not None]
        assert len(groups) == len(set(groups)), "two of a group at once"
    for group in ["a", "b", "c"]:
        mine = [int(one.id) for one in records if one.group == group]
        ran = [int(one.id) for one in started if one.group == group]
        assert ran == mine[: len(ran)], "out of order, or one left out"
        if not failed:
            assert ran == mine
    if kind == "group":
        assert all(one in started for one in records if one.group is None)
