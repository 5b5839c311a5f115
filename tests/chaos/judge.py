"""Judging what was seen: every call, execution, effect and answer of a run, key by key. Pure.

The setting is at-least-once on purpose. A process that dies after its effect and before its record leaves a key that
nobody may call done, so another attempt runs the operation and has the effect again. What makes this safe is a sink
that remembers the highest fencing token it has accepted for a key, and refuses lower ones: a later attempt *replaces*
the effect of an earlier one that was never answered, and an earlier attempt can replace nothing. Every attempt makes
a value of its own, writes it to the sink under its fencing token, and returns it. So there is nothing to interpret:
an answer is right when it is, byte for byte, what the sink holds. "One effect for each key" (I9) means that at every
moment the sink holds one value for a key, and that it never changes again once the first caller has its answer.

The checks, each over one key:

``divergent``  Two callers got different bytes (I3, I4). However late a caller is, and whichever attempt it ran itself,
    it must get the recorded result.
``lost``       A caller got bytes that the sink does not hold when all is over: that effect was never accepted, or
    another one replaced it after it was answered. As the recorded result belongs to the attempt with the highest
    token, this also says that the record's token was accepted by the sink (I9).
``fence``      The sink accepted a token that was not higher than all before it: the sink itself is broken, and the
    other checks say nothing.
``token``      Two attempts ran under one fencing token (I1, I2).
``rerun``      An attempt asked for the key after a caller had already been given the result, and was let through: the
    result was forgotten (I3).
``excess``     More executions than 1 + expiries + releases (I8). Nobody's word is taken for an expiry: between an
    attempt's request for the key and the start of the next one's execution there must be a whole lease and the skew,
    by the one monotonic clock of the machine, or the earlier attempt must have said before that it releases.
``unanswered`` A call that never got its answer, although it was repeated until long after the last fault (I7).
``broken``     Something that may not happen at all: an exception that is neither "try again" nor a result, or a
    process that ended by itself.

A key may be the name of a lock instead. Every caller then runs its own section of code under the lock and is given its
own value, so ``divergent`` and ``rerun`` do not apply, and ``lost`` says that a section ended well although the sink
had refused its write. What makes it a lock is ``excess``: the next section begins after the one before has given the
lock back, or after a whole lease and the skew.

A store without conditions on owner and generation fails ``divergent`` and ``lost``: an attempt that is paused after
its effect, taken over, and wakes, overwrites the record of the one that took over; those that were answered before
and those that are answered after disagree, and the sink still holds the other's value. It fails ``rerun`` and
``excess``, too: such a late attempt whose effect the sink refuses releases a key that is another's, or done.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple, TypeAlias

TOLERANCE = 0.005
"""Seconds by which two clocks of one machine may disagree over a lease: stores count in whole milliseconds."""


class Execution(NamedTuple):
    """One run of the operation's body. ``claimed``: when its key was asked for; ``began``: when the body began.

    Seconds of the machine's monotonic clock, as all times here.
    """

    attempt: str
    token: int
    claimed: float
    began: float


class Effect(NamedTuple):
    """A write that reached the sink, in the order in which the sink saw them."""

    attempt: str
    token: int
    value: bytes
    accepted: bool


class Answer(NamedTuple):
    """What a caller was given, and when."""

    result: bytes
    at: float


@dataclass(slots=True)
class KeyHistory:
    """All that was seen of one key. ``lock``: it is a lock's name. ``asked``: calls that must be answered.

    ``released``: by token, when an attempt said that it gives the key back, before it did so.
    """

    lock: bool = False
    asked: int = 0
    answers: list[Answer] = field(default_factory=list[Answer])
    executions: list[Execution] = field(default_factory=list[Execution])
    effects: list[Effect] = field(default_factory=list[Effect])
    released: dict[int, float] = field(default_factory=dict[int, float])
    broken: list[str] = field(default_factory=list[str])


class Kill(NamedTuple):
    """The end of a process, and the keys of the calls it had in work."""

    at: float
    keys: tuple[str, ...]


class Finding(NamedTuple):
    """A rule that was broken."""

    check: str
    key: str
    what: str


Check: TypeAlias = Callable[[KeyHistory, float], str | None]
"""``check(history, lapse)``: what is wrong, if anything. ``lapse``: seconds of a lease and the skew together."""


def divergent(history: KeyHistory, lapse: float) -> str | None:
    results = {answer.result for answer in history.answers}
    if len(results) <= 1 or history.lock:
        return None
    return f"answered in {len(results)} ways: {sorted(results)}"


def lost(history: KeyHistory, lapse: float) -> str | None:
    accepted = [effect.value for effect in history.effects if effect.accepted]
    held = accepted if history.lock else accepted[-1:]
    wrong = sorted({answer.result for answer in history.answers}.difference(held))
    if not wrong:
        return None
    fates = {value: "replaced later" if value in accepted else "never accepted" for value in wrong}
    return f"the sink holds {held}; answered were {fates}"


def fence(history: KeyHistory, lapse: float) -> str | None:
    highest: tuple[int, str] = (0, "")
    for effect in history.effects:
        if effect.accepted and effect.token <= highest[0] and effect.attempt != highest[1]:
            return f"accepted {effect.token} after {highest[0]}"
        if effect.accepted:
            highest = (effect.token, effect.attempt)
    return None


def token(history: KeyHistory, lapse: float) -> str | None:
    owners: dict[int, str] = {}
    for execution in history.executions:
        if owners.setdefault(execution.token, execution.attempt) != execution.attempt:
            return f"two attempts ran under {execution.token}"
    return None


def rerun(history: KeyHistory, lapse: float) -> str | None:
    first = min((answer.at for answer in history.answers if not history.lock), default=math.inf)
    late = [execution.token for execution in history.executions if execution.claimed > first]
    return f"answered, and then run again under {late}" if late else None


def excess(history: KeyHistory, lapse: float) -> str | None:
    runs = sorted(history.executions, key=lambda execution: (execution.token, execution.claimed))
    ends = sum(
        history.released.get(earlier.token, math.inf) <= later.began
        or later.began - earlier.claimed >= lapse - TOLERANCE
        for earlier, later in pairwise(runs)
    )
    return f"{len(runs)} executions, {ends} ends of a lease or releases between them" if len(runs) > 1 + ends else None


def unanswered(history: KeyHistory, lapse: float) -> str | None:
    missing = history.asked - len(history.answers)
    return f"{missing} of {history.asked} calls have no answer" if missing > 0 else None


def broken(history: KeyHistory, lapse: float) -> str | None:
    return "; ".join(history.broken) or None


CHECKS: Mapping[str, Check] = {
    check.__name__: check for check in (divergent, lost, fence, token, rerun, excess, unanswered, broken)
}


def judge(histories: Mapping[str, KeyHistory], lapse: float) -> list[Finding]:
    """Everything that is wrong. ``lapse``: seconds after which an attempt that died may be taken over, at the least."""
    return [
        Finding(name, key, what)
        for key, history in histories.items()
        for name, check in CHECKS.items()
        if (what := check(history, lapse))
    ]


def recoveries(histories: Mapping[str, KeyHistory], kills: Iterable[Kill]) -> list[float]:
    """For each key that was in work at a kill before anybody had its result: seconds from the last such kill to the
    first answer; infinity for none. A key that is hit again and again is so measured once, from when it was left alone.
    """
    firsts = {key: min((answer.at for answer in seen.answers), default=math.inf) for key, seen in histories.items()}
    lasts: dict[str, float] = {}
    for kill in kills:
        lasts |= {key: max(kill.at, lasts.get(key, 0.0)) for key in kill.keys if firsts[key] > kill.at}
    return [firsts[key] - last for key, last in lasts.items()]


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of the values that is not below this share of them; nan for none."""
    return sorted(values)[math.ceil(share * len(values)) - 1] if values else math.nan
