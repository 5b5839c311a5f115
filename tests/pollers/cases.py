"""Made-up cases: records, what their consumer does with each of them, and the event source mapping between."""

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from hypothesis import strategies as st

Kind: TypeAlias = Literal["sqs", "fifo", "kinesis", "dynamodb", "kafka"]

Deed: TypeAlias = Literal[
    "ok", "fail", "hang", "swallow", "linger", "cancel", "cancel task", "exit", "interrupt", "drop", "give up"
]
"""What a consumer does with a record, after ``Act.seconds``. ``swallow``: it hangs, and returns as if nothing had
happened when it is cancelled. ``linger``: it hangs, and takes a while to clean up."""

LATER: dict[Deed, Deed] = {"hang": "fail", "swallow": "fail", "linger": "fail", "cancel": "exit", "cancel task": "fail"}
"""What a consumer that is not async does instead: a thread can't be cancelled, nor does it wait in virtual time."""


@dataclass(frozen=True)
class Act:
    deed: Deed
    seconds: float


@dataclass(frozen=True)
class Plan:
    """One record. ``acts``: what the consumer does at each delivery; in the end it succeeds at once."""

    group: int
    acts: tuple[Act, ...]
    poison: bool
    twin: bool


@dataclass(frozen=True)
class Case:
    kind: Kind
    plans: list[Plan]
    concurrency: int
    batch_size: int
    timeout: float
    attempts: int | None
    threads: bool
    lanes: int
    sink: Literal["takes", "fails"] | None


acts = st.builds(
    Act,
    st.sampled_from(["ok"] * 8 + ["fail"] * 3 + [deed for deed in get_args(Deed) if deed not in {"ok", "fail"}]),
    st.sampled_from([0, 0, 0.05, 0.05, 0.4, 0.4, 0.8, 1.2, 3]),
)


def one_in(share: int) -> st.SearchStrategy[bool]:
    return st.integers(0, share - 1).map(lambda number: number == share // 2)


plans = st.builds(
    Plan,
    group=st.integers(0, 3),
    acts=st.lists(acts, min_size=1, max_size=3).map(tuple),
    poison=one_in(20),
    twin=one_in(5),
)


def cases(kind: Kind) -> st.SearchStrategy[Case]:
    return st.builds(
        Case,
        kind=st.just(kind),
        plans=st.integers(1, 24).flatmap(lambda count: st.lists(plans, min_size=count, max_size=count)),
        concurrency=st.integers(1, 20) | st.integers(1, 4),
        batch_size=st.sampled_from([1, 2, 3, 5, 8, 10] if kind == "fifo" else [1, 2, 3, 5, 8, 13, 20]),
        timeout=st.sampled_from([2.0, 3.0, 4.0, 6.0, 30.0]),
        attempts=st.sampled_from([None, 1, 2, 4]),
        threads=one_in(10),
        lanes=st.integers(1, 3),
        sink=st.sampled_from([None, None, "takes", "fails"]),
    )
