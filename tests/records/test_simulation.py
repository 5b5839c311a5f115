"""Whole runs of made-up streams, on both loops, against the rules that every run must keep.

Time is simulated: durations are real to the engine, and cost the test nothing.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdaframe.invocation import Invocation
from lambdaframe.records.record import Record
from lambdaframe.types import Message
from tests.records.streams import Stream, consumer, give_deadline, record, simulate

NEVER = 10_000.0


@dataclass(frozen=True)
class Plan:
    """One record: ``duration`` seconds of work (0 never waits, NEVER hangs), then failing or not."""

    group: str | None
    duration: float
    fails: bool


@dataclass(frozen=True)
class Case:
    records: list[Plan]
    order: str
    concurrency: int
    pause: float
    delay: float
    deadline: float | None
    backend: str


@dataclass
class Log:
    """What a run did: ``(time, kind, index)`` with kinds start, end, fail and cut."""

    events: list[tuple[float, str, int]] = field(default_factory=list)
    peak: int = 0
    working: int = 0
    finished: float = 0


cases = st.builds(
    Case,
    records=st.lists(
        st.builds(
            Plan,
            group=st.sampled_from(["a", "b", "c", "d", None]),
            duration=st.sampled_from([0, 0, 0.1, 0.25, 1, 3]),
            fails=st.sampled_from([False, False, False, True]),
        ),
        max_size=25,
    ),
    order=st.sampled_from(["none", "group", "checkpoint"]),
    concurrency=st.integers(1, 8),
    pause=st.sampled_from([0, 0, 0.05]),
    delay=st.sampled_from([0, 0, 0.07]),
    deadline=st.sampled_from([None, None, 2.0, 5.0]),
    backend=st.sampled_from(["asyncio", "trio"]),
)

hanging = cases.map(
    lambda case: Case(
        [Plan(plan.group, NEVER if plan.fails else plan.duration, False) for plan in case.records],
        case.order,
        case.concurrency,
        case.pause,
        case.delay,
        case.deadline or 4.0,
        case.backend,
    )
)


async def play(case: Case) -> tuple[Stream, Log, Invocation | None]:
    log = Log()
    invocation = None if case.deadline is None else give_deadline(case.deadline)

    async def work(record: Record) -> int:
        index: int = record.raw["sequence"]
        plan = case.records[index]
        log.events.append((anyio.current_time(), "start", index))
        log.working += 1
        log.peak = max(log.peak, log.working)
        kind = "cut"
        try:
            if plan.duration:
                await anyio.sleep(plan.duration)
            kind = "fail" if plan.fails else "end"
        finally:
            log.working -= 1
            log.events.append((anyio.current_time(), kind, index))
        if plan.fails:
            raise ValueError(index)
        return index

    records = [record(str(index), group=plan.group, sequence=index) for index, plan in enumerate(case.records)]
    stream = Stream(records, pause=case.pause, delay=case.delay)
    await stream.through(consumer(work, concurrency=case.concurrency), case.order)
    log.finished = anyio.current_time()
    return stream, log, invocation


def check(case: Case, stream: Stream, log: Log, invocation: Invocation | None) -> None:
    kinds = {index: kind for _, kind, index in log.events if kind != "start"}
    started = {index: time for time, kind, index in log.events if kind == "start"}
    assert log.peak <= case.concurrency
    assert Counter(kind for _, kind, _ in log.events)["start"] == len(started), "one was started twice"
    check_answers(case, stream, log, invocation)
    check_order(case, log, started)
    if invocation is None:
        check_that_nothing_is_left_out(case, started, kinds)
    elif invocation.deadline is not None:
        assert log.finished <= invocation.deadline - 0.25
        assert all(time <= invocation.deadline - 1 for time in started.values()), "started in the last second"
        cuts = [time for time, kind, _ in log.events if kind == "cut"]
        assert all(abs(time - (invocation.deadline - 0.5)) < 0.01 for time in cuts), "cancelled at another time"
        check_reserve(log, invocation.deadline)


def check_answers(case: Case, stream: Stream, log: Log, invocation: Invocation | None) -> None:
    """Every answer is true, and all that ended have one, but for those whose answer was on its way at the deadline."""
    cut = invocation.deadline - 0.5 if invocation is not None and invocation.deadline is not None else None
    for kind, answered in [("end", stream.done), ("fail", stream.failed)]:
        ended = {str(index): time for time, seen, index in log.events if seen == kind}
        assert len(answered) == len(set(answered)), "answered twice"
        assert set(answered) <= set(ended), "an answer that is not true"
        for missing in set(ended) - set(answered):
            assert cut is not None, "an answer is missing"
            assert ended[missing] + case.delay >= cut - 0.01, "an answer is missing, and there was time for it"


def check_order(case: Case, log: Log, started: dict[int, float]) -> None:
    if case.order == "none":
        return
    running: set[str] = set()
    failed: list[int] = []
    by_group: defaultdict[str, list[int]] = defaultdict(list)
    for _, kind, index in log.events:
        group = case.records[index].group
        if kind == "start":
            assert group not in {case.records[other].group for other in failed} - {None}, (
                "started after its group failed"
            )
            if case.order == "checkpoint":
                assert not failed or index < min(failed), "started behind the checkpoint"
            if group is not None:
                assert group not in running, "two of a group at once"
                running.add(group)
                by_group[group].append(index)
        else:
            running.discard(str(group))
            if kind == "fail":
                failed.append(index)
    for group, ran in by_group.items():
        mine = [index for index, plan in enumerate(case.records) if plan.group == group]
        assert ran == mine[: len(ran)], "out of order within a group"


def check_that_nothing_is_left_out(case: Case, started: dict[int, float], kinds: dict[int, str]) -> None:
    failed = sorted(index for index, kind in kinds.items() if kind == "fail")
    for index, plan in enumerate(case.records):
        if index in started:
            continue
        if case.order == "group":
            assert plan.group is not None
            reason = any(other < index and case.records[other].group == plan.group for other in failed)
        else:
            reason = case.order == "checkpoint" and any(other < index for other in failed)
        assert reason, f"record {index} was not started, and for no reason"


def check_reserve(log: Log, deadline: float) -> None:
    begun: dict[int, float] = {}
    slowest = 0.0
    for time, kind, index in log.events:
        if kind == "start":
            assert deadline - time >= 1.5 * slowest - 0.001, "started although a record like the slowest can't end"
            begun[index] = time
        else:
            slowest = max(slowest, time - begun[index])


@settings(max_examples=400, deadline=None)
@given(case=cases)
def test_every_run_keeps_the_rules(case: Case) -> None:
    async def main() -> None:
        check(case, *await play(case))

    simulate(case.backend, main)


@settings(max_examples=150, deadline=None)
@given(case=hanging)
def test_hung_records_cost_only_themselves_and_what_must_wait_for_them(case: Case) -> None:
    async def main() -> None:
        check(case, *await play(case))

    simulate(case.backend, main)


@settings(max_examples=50, deadline=None)
@given(concurrency=st.integers(1, 40), count=st.integers(0, 60), backend=st.sampled_from(["asyncio", "trio"]))
def test_the_concurrency_is_used_to_the_full(concurrency: int, count: int, backend: str) -> None:
    """Equal records take as many rounds as there must be."""

    async def main() -> None:
        case = Case([Plan(None, 1, False)] * count, "none", concurrency, 0, 0, None, backend)
        begin = anyio.current_time()
        _, log, _ = await play(case)
        assert log.peak == min(concurrency, count)
        assert log.finished - begin < -(-count // concurrency) + 0.001

    simulate(backend, main)


@settings(max_examples=50, deadline=None)
@given(
    concurrency=st.integers(1, 8),
    backend=st.sampled_from(["asyncio", "trio"]),
    order=st.sampled_from(["group", "checkpoint"]),
)
def test_one_dominating_group_does_not_fill_the_memory(concurrency: int, backend: str, order: str) -> None:
    """Of an endless stream no more is pulled ahead than may be parked, and other groups still get through."""

    async def main() -> None:
        answered: set[str] = set()
        ahead = 0
        stream = Stream(record(str(n), group="b" if n % 50 == 49 else "a", sequence=n) for n in range(300))

        async def send(message: Message) -> None:
            nonlocal ahead
            answered.add(message["id"])
            ahead = max(ahead, stream.pulled - len(answered))

        async def work(record: Record) -> None:
            await anyio.sleep(0.01)

        stream.send = send  # type: ignore[method-assign]
        await stream.through(consumer(work, concurrency=concurrency), order)
        assert len(answered) == 300
        assert ahead <= 11 * concurrency
        if concurrency > 1:
            assert ahead >= 10 * concurrency - 1, "the stream was pulled less than it may be"

    simulate(backend, main)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_slow_stream_is_pulled_while_records_are_in_work(backend: str) -> None:
    """A record comes every second and takes three: with four tasks none of them ever waits for another."""

    async def main() -> None:
        case = Case([Plan(None, 3, False)] * 20, "none", 4, 1, 0, None, backend)
        begin = anyio.current_time()
        _, log, _ = await play(case)
        assert log.peak in {3, 4}, "one starts in the moment when another ends"
        assert log.finished - begin < 23.001

    simulate(backend, main)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_pulling_goes_on_as_soon_as_a_parked_record_has_started(backend: str) -> None:
    """One group fills the parking; what stands behind it in the stream starts while that group is still at work."""

    async def main() -> None:
        case = Case([Plan("a", 1, False)] * 25 + [Plan("b", 1, False)], "group", 2, 0, 0, None, backend)
        begin = anyio.current_time()
        _, log, _ = await play(case)
        started = {index: time - begin for time, kind, index in log.events if kind == "start"}
        assert started[25] == pytest.approx(5), "it is the 26th, and 21 can be pulled at first"
        assert log.finished - begin == pytest.approx(25)

    simulate(backend, main)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_failure_counts_while_its_answer_is_on_its_way(backend: str) -> None:
    async def main() -> None:
        case = Case([Plan("a", 0, True), Plan("b", 0, False)], "checkpoint", 3, 0.5, 1, None, backend)
        stream, log, _ = await play(case)
        assert [(kind, index) for _, kind, index in log.events] == [("start", 0), ("fail", 0)]
        assert stream.failed == ["0"]

    simulate(backend, main)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_failure_counts_for_what_waits_for_another_answer(backend: str) -> None:
    """The third record waits for the first, whose answer takes a while; in that while the second one fails."""

    async def main() -> None:
        plans = [Plan("a", 1, False), Plan("b", 1.5, True), Plan("a", 0, False)]
        stream, log, _ = await play(Case(plans, "checkpoint", 3, 0, 1, None, backend))
        assert 2 not in {index for _, _, index in log.events}
        assert stream.done == ["0"]
        assert stream.failed == ["1"]

    simulate(backend, main)


def test_behind_a_failed_checkpoint_the_stream_is_not_pulled_any_more() -> None:
    async def main() -> None:
        case = Case([Plan("a", 0, True)] + [Plan("b", 0, False)] * 100, "checkpoint", 1, 0, 0, None, "asyncio")
        stream, _, _ = await play(case)
        assert stream.answers == [{"type": "records.failed", "id": "0", "error": stream.answers[0]["error"]}]
        assert stream.pulled == 2

    simulate("asyncio", main)
