"""Running an operation once: acquire, call, complete or release. Every integration goes through here.

What happens when is the table "When a process dies" of the idempotency page: a retryable exception releases; a final
one is kept and replayed; a call that is cancelled or killed leaves the record running, because nobody knows how far it
came, and its lease ends soon after the deadline; a result that can't be kept is noted as such, and the effect never
repeated.
"""

import math
import os
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

from lambdaframe.concurrency import cancelled_error, despite_cancellation
from lambdaframe.errors import (
    IdempotencyConflictError,
    IdempotencyMismatchError,
    LeaseLostError,
    ResultOmittedError,
)
from lambdaframe.idempotency.counters import Counters, counters_of
from lambdaframe.idempotency.heartbeat import with_heartbeat
from lambdaframe.idempotency.lease import Lease, held_leases
from lambdaframe.idempotency.moves import FIRST_PAUSE, LAST_SECOND, SHIELD, acquire, remaining, surely, until_changed
from lambdaframe.idempotency.policy import Policy
from lambdaframe.idempotency.store import Store
from lambdaframe.idempotency.transitions import SKEW_MS, Claim, Entry, Outcome, Reply, Verdict
from lambdaframe.logging import get_logger
from lambdaframe.logging.context import note

T = TypeVar("T")
Packed = TypeVar("Packed")

DISABLED = "LAMBDAFRAME_IDEMPOTENCY_DISABLED"
"""The environment variable that switches idempotency off when it is ``1``, ``true``, ``yes`` or ``on``: for tests."""

_LONGEST_REASON = 1_000
"""Characters: it is kept in the store."""

_log = get_logger("lambdaframe.idempotency")


class Codec(Protocol[T]):
    """How results become bytes, and bytes results again. None of its methods runs the operation or the store."""

    def pack(self, value: T) -> Outcome | None:
        """What to keep of a result; ``omitted`` with the reason when it can't be; None to keep nothing: released."""
        ...

    def pack_error(self, error: Exception) -> Outcome | None:
        """What to keep of an error that is final; None for a retryable one: released."""
        ...

    def unpack(self, outcome: Outcome) -> T:
        """The result again, or the final error, raised. Never called for ``omitted``."""
        ...


@dataclass(frozen=True, slots=True)
class Operation(Generic[T]):
    """What is idempotent, in which way: made once, at registration. ``name`` stands in messages."""

    name: str
    store: Store
    policy: Policy
    codec: Codec[T]
    counters: Counters = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "counters", counters_of(self.store))
        if is_disabled():
            _log.warning("Idempotency is switched off", operation=self.name, by=DISABLED)


def is_disabled() -> bool:
    """Whether the environment switches idempotency off now."""
    return os.environ.get(DISABLED, "").lower() in {"1", "true", "yes", "on"}


async def run_once(operation: Operation[T], key: str, fingerprint: str, call: Callable[[], Awaitable[T]]) -> T:
    """The result of ``call``, run once for this key; a caller that comes later gets what was recorded.

    ``key`` and ``fingerprint`` are digests (see ``keys``). Raises IdempotencyMismatchError, IdempotencyConflictError,
    ResultOmittedError, LeaseLostError, StoreUnavailableError, and what ``call`` raises.
    """
    if is_disabled():
        return await run_unrecorded(call)
    owner = os.urandom(16).hex()
    pause = FIRST_PAUSE
    counters = operation.counters
    while True:
        left = remaining()
        claim = operation.policy.claim(key, owner, fingerprint, left)
        reply = await acquire(operation.store, claim)
        verdict = reply.verdict
        if verdict is Verdict.GRANTED or verdict is Verdict.MINE:
            counters.acquired += 1
            counters.takeovers += reply.took_over
            note(idempotency="takeover" if reply.took_over else "acquired")
            return await _attempt(operation, claim.granted(reply.entry.gen), call)
        if verdict is Verdict.REPLAY:
            return _replay(operation, reply.entry)
        if verdict is Verdict.MISMATCH:
            counters.mismatches += 1
            note(idempotency="mismatch")
            raise IdempotencyMismatchError(f"{operation.name}: this idempotency key belongs to another payload.")
        patience = _patience(operation, reply, left)
        if patience <= 0:
            counters.conflicts += 1
            note(idempotency="conflict")
            raise _conflict(operation.name, reply)
        pause = await until_changed(operation.store, key, pause, patience)


async def run_unrecorded(call: Callable[[], Awaitable[T]]) -> T:
    """Just call it. Idempotency is off, but code that asks for its lease finds one, of which no store knows."""
    leases = held_leases.get()
    held_leases.set((*leases, Lease(os.urandom(32).hex(), os.urandom(16).hex(), time.time_ns() // 1_000_000)))
    try:
        return await call()
    finally:
        held_leases.set(leases)


def _patience(operation: Operation[T], reply: Reply, left: float) -> float:
    """Seconds to wait for the attempt that holds the lease, at most. ``left``: seconds to the own deadline."""
    inside_itself = any(lease.owner == reply.entry.owner for lease in held_leases.get())
    if inside_itself or not operation.policy.wait:
        return 0.0
    return min((reply.entry.lease_until - reply.now) / 1_000, left - LAST_SECOND)


def _conflict(name: str, reply: Reply) -> IdempotencyConflictError:
    entry = reply.entry
    free_at = entry.lease_until + SKEW_MS
    reason = "is still running"
    if reply.now > free_at:
        # on_expiry="reject": nobody may take over before the record itself expires.
        free_at, reason = entry.expires, "ended without a result, and whether it took effect is not known"
    seconds = max(1, math.ceil((free_at - reply.now) / 1_000))
    return IdempotencyConflictError(
        f"{name}: an attempt with this idempotency key {reason}; try again in {seconds} s.", retry_after=seconds
    )


async def _attempt(operation: Operation[T], claim: Claim, call: Callable[[], Awaitable[T]]) -> T:
    lease = Lease(claim.key, claim.owner, claim.gen)
    leases = held_leases.get()
    held_leases.set((*leases, lease))
    ended: list[T] = []
    try:
        value = await _call(operation, claim, call, ended)
    except Exception as error:
        kept = _packed(operation.codec.pack_error, error)
        if kept is None:
            await _release(operation, claim, error)
        elif theirs := await _complete(operation, claim, kept):
            return _replay(operation, theirs)
        raise
    except cancelled_error() as cancellation:
        if ended or lease.without_effect is cancellation:
            await despite_cancellation(_last_move(operation, claim, ended), SHIELD)
        raise
    finally:
        held_leases.set(leases)  # not reset(): a coroutine that is closed ends in another context than it began in
    outcome = _packed(operation.codec.pack, value)
    if outcome is None:
        await _release(operation, claim)
    elif theirs := await _complete(operation, claim, outcome):
        return _replay(operation, theirs)
    return value


async def _call(operation: Operation[T], claim: Claim, call: Callable[[], Awaitable[T]], ended: list[T]) -> T:
    """``ended`` has the result from when there is one: a cancellation may come before the heartbeat has stopped."""
    if not operation.policy.extends(remaining()):
        return await call()

    async def noting() -> T:
        ended.append(await call())
        return ended[0]

    async def beat() -> bool:
        left = remaining()
        renewed = operation.policy.claim(claim.key, claim.owner, claim.fingerprint, left).granted(claim.gen)
        try:
            reply = await operation.store.extend(renewed)
        except Exception:
            _log.warning("The lease could not be extended; trying again", operation=operation.name, exc_info=True)
            return True
        return reply.verdict is Verdict.GRANTED and operation.policy.extends(left)

    return await with_heartbeat(noting, beat, claim.lease_ms / 3_000)


def _last_move(operation: Operation[T], claim: Claim, ended: Sequence[T]) -> Callable[[], Coroutine[Any, Any, Reply]]:
    """Of an attempt that was cancelled after its end, or before its effect."""
    outcome = _packed(operation.codec.pack, ended[0]) if ended else None
    if outcome is None:
        operation.counters.released += 1
        return partial(operation.store.release, claim)
    return partial(operation.store.complete, claim, _fitting(operation, outcome))


def _packed(pack: Callable[[Packed], Outcome | None], result: Packed) -> Outcome | None:
    """The effect has happened: whatever is wrong with its result, it is not run again."""
    try:
        return pack(result)
    except Exception as exc:
        reason = f"{type(result).__name__} can't be written ({type(exc).__name__}: {exc})"
        return Outcome("omitted", reason[:_LONGEST_REASON].encode(errors="backslashreplace"))


async def _complete(operation: Operation[T], claim: Claim, outcome: Outcome) -> Entry | None:
    """Record the outcome. The other's entry if another attempt was first, None otherwise."""
    reply = await surely(partial(operation.store.complete, claim, _fitting(operation, outcome)))
    if reply.verdict is Verdict.LOST or reply.verdict is Verdict.THEIRS:
        operation.counters.lost += 1
    if reply.verdict is Verdict.LOST:
        raise LeaseLostError(
            f"{operation.name}: this attempt's lease ended and another one took over; its own result is not recorded."
        )
    return reply.entry if reply.verdict is Verdict.THEIRS else None


def _fitting(operation: Operation[T], outcome: Outcome) -> Outcome:
    """What the store can keep of it."""
    limit = operation.store.max_result_size
    if limit is not None and len(outcome.result) > limit:
        reason = f"it has {len(outcome.result)} bytes, and the store takes {limit}"
        outcome = Outcome("omitted", reason.encode())
    if outcome.kind == "omitted":
        operation.counters.omitted += 1
        _log.warning("The result is not kept", operation=operation.name, reason=outcome.result.decode())
    return outcome


async def _release(operation: Operation[T], claim: Claim, error: Exception | None = None) -> None:
    """Let others start at once. If that fails they start when the lease has ended; the caller's answer stays."""
    operation.counters.released += 1
    try:
        await surely(partial(operation.store.release, claim))
    except Exception as failure:
        _log.warning("The idempotency key could not be released", operation=operation.name, exc_info=True)
        if error is not None:
            error.add_note(f"{operation.name}: releasing the idempotency key failed: {failure!r}")


def _replay(operation: Operation[T], entry: Entry) -> T:
    operation.counters.replayed += 1
    note(idempotency="replayed")
    if entry.kind == "omitted":
        raise ResultOmittedError(
            f"{operation.name}: done before and not run again, but its result was not kept: {entry.result.decode()}."
        )
    return operation.codec.unpack(Outcome(entry.kind, entry.result))
