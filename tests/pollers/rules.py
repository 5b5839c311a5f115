"""What must hold after every run: nothing lost, nothing out of order, nothing delivered again that was done."""

from collections import Counter

from lambdaframe_adapters.testing.pollers import Call
from tests.pollers.diary import Diary
from tests.pollers.world import World, name_of

CUT = 0.5
"""Seconds before the deadline at which what is in flight is cancelled."""

RESERVE = 1.0
"""Seconds before the deadline from which on nothing is started; 1.5 times what the slowest record took, if more."""


def check(world: World) -> None:
    """Raises AssertionError, with a sentence, for the first rule that is broken."""
    poller = world.poller
    for call, diary in zip(poller.log, world.diaries, strict=True):
        check_call(world, call, diary)
    ended = [world.numbers[id(sent)] for sent in (*poller.delivered, *poller.dead, *poller.expired, *poller.waiting)]
    assert sorted(ended) == list(range(len(world.case.plans))), "a record is lost, or there twice"
    for sent in poller.delivered:
        assert world.numbers[id(sent)] in world.settled, f"{sent} was never done, and Lambda takes it for that"
    assert not world.out_of_order, f"started before its turn, (earlier, later): {world.out_of_order}"


def check_call(world: World, call: Call, diary: Diary) -> None:
    assert call.error is None, f"the invocation failed: {call.error}"
    assert diary.peak <= world.case.concurrency, f"{diary.peak} in flight, {world.case.concurrency} are allowed"
    numbers = [world.numbers[id(sent)] for sent in call.records]
    begun = Counter(moment.number for moment in diary.moments if moment.kind == "start")
    assert set(begun) <= set(numbers), "a record of another batch was started"
    assert not begun or max(begun.values()) == 1, "a record was started twice"
    check_redelivery(world, call, diary)
    check_results(diary)
    check_log(world, call, diary)
    check_time(world, call, diary)
    if world.case.kind != "sqs":
        check_order(world, diary)
    check_that_nothing_is_left_out(world, call, diary)


def check_redelivery(world: World, call: Call, diary: Diary) -> None:
    """What comes again is exactly what has to."""
    done = diary.done()
    open_ = [sent for sent in call.records if world.numbers[id(sent)] not in done]
    kind = world.case.kind
    if kind in {"sqs", "fifo"}:
        names = {sent.id for sent in open_}
        expected = [sent for sent in call.records if sent.id in names]
    elif kind == "kafka":
        expected = [
            sent for sent in call.records if any(one.id[0] == sent.id[0] and one.id[1] <= sent.id[1] for one in open_)
        ]
    else:
        expected = [sent for sent in call.records if any(int(one.id) <= int(sent.id) for one in open_)]
    lost, needless = set(expected) - set(call.again), set(call.again) - set(expected)
    assert not lost, f"taken for done, and not done: {lost}"
    assert not needless, f"delivered again for no reason: {needless}"


def check_results(diary: Diary) -> None:
    for name, results in diary.results.items():
        assert sorted(map(str, results)) == sorted(diary.returned[name]), f"{name} was given another record's result"


def check_log(world: World, call: Call, diary: Diary) -> None:
    """A line for each record that failed, was cut off or is poison; none for what was done or never started."""
    expected: Counter[str] = Counter()
    failed = diary.ended("fail", "cut", "give up")
    poisoned: Counter[str] = Counter()
    for sent in call.records:
        name = name_of(sent)
        if world.numbers[id(sent)] in failed:
            expected[name] += 1
        if world.case.plans[world.numbers[id(sent)]].poison:
            poisoned[name] += 1
    for name in expected.keys() | diary.logged.keys():
        least, most = expected[name], expected[name] + poisoned[name]
        assert least <= diary.logged[name] <= most, f"{name} was logged {diary.logged[name]} times, not {least}"


def check_time(world: World, call: Call, diary: Diary) -> None:
    deadline = call.at + world.case.timeout
    assert call.duration <= world.case.timeout - 0.25 + 0.001, "the answer comes too late"
    slowest, begun = 0.0, dict[int, float]()
    for moment in diary.moments:
        left = deadline - moment.at
        if moment.kind == "start":
            assert left >= max(RESERVE, 1.5 * slowest) - 0.001, "started although there was no time for it"
            begun[moment.number] = moment.at
        elif moment.number in begun:
            slowest = max(slowest, moment.at - begun[moment.number])
            if moment.kind == "cut":
                assert abs(left - CUT) <= 0.12, f"cancelled {left:.3f} s before the deadline"


def check_order(world: World, diary: Diary) -> None:
    """Within a group one after the other; nothing after a failure of the group, or behind a failed checkpoint."""
    # Of two threads nobody can say which was first, unless one waits for the other.
    checkpoint = world.case.kind in {"kinesis", "dynamodb"} and not world.case.threads
    working: dict[str | None, int] = {}
    last: dict[str | None, int] = {}
    failed: list[int] = []
    ends = diary.failed()
    for moment in diary.moments:
        number = moment.number
        lane = world.lanes[number]
        if moment.kind == "start":
            assert lane not in working, f"{number} was started while {working.get(lane)} of its group was in work"
            assert last.get(lane, -1) < number, f"{number} was started after {last.get(lane)}"
            behind = [one for one in failed if world.lanes[one] == lane or checkpoint]
            assert not [one for one in behind if one < number], f"{number} was started after {behind} had failed"
            working[lane] = number
            last[lane] = number
            continue
        if working.get(lane) == number:
            del working[lane]
        if number in ends:
            failed.append(number)


def check_that_nothing_is_left_out(world: World, call: Call, diary: Diary) -> None:
    """What was not started has a reason: the deadline, or a failure that it stands behind."""
    touched = {moment.number for moment in diary.moments}
    slowest = max((_took(diary, number) for number in touched), default=0.0)
    if call.duration >= world.case.timeout - max(RESERVE, 1.5 * slowest) - 0.001:
        return
    failed, kind = diary.failed(), world.case.kind
    checkpoint = kind in {"kinesis", "dynamodb"}
    for sent in call.records:
        number = world.numbers[id(sent)]
        if number in touched:
            continue
        stops = [
            one
            for one in failed
            if one < number and (checkpoint or (kind != "sqs" and world.lanes[one] == world.lanes[number]))
        ]
        assert stops, f"{number} was not started, and for no reason"


def _took(diary: Diary, number: int) -> float:
    times = [moment.at for moment in diary.moments if moment.number == number]
    return max(times) - min(times)
