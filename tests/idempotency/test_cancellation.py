"""What a cancelled, closed or switched-off call leaves behind, on asyncio and trio; time is virtual."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextlib import suppress
from typing import Any

import anyio
import pytest

from lambdaframe.idempotency import IdempotencyConflictError, MemoryStore, NoLeaseError, Store, current_lease
from lambdaframe.idempotency.codec import FunctionCodec
from lambdaframe.idempotency.lease import held_leases, no_effect_yet
from lambdaframe.idempotency.policy import policy
from lambdaframe.idempotency.runner import DISABLED, Operation, run_once
from lambdaframe.idempotency.transitions import Claim, Entry, Outcome, Reply
from lambdaframe.invocation import Invocation, current
from tests.idempotency.virtual_time import VirtualClock, virtual_backend

KEY, PAYLOAD = "k" * 64, "p" * 64


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    return virtual_backend(str(request.param))


class Gated(MemoryStore):
    """A store one of whose moves stops: before it is made, or after it, so that its reply is what is missing.

    ``opened`` lets it go on. ``again``: whether the same move stops when it is made once more.
    """

    def __init__(self, move: str, *, after: bool, again: bool = False) -> None:
        super().__init__(clock=VirtualClock())
        self.move, self.after, self.again = move, after, again
        self.reached, self.opened = anyio.Event(), anyio.Event()
        self.made: list[str] = []

    async def _stopping(self, move: str, make: Callable[[], Coroutine[Any, Any, Reply]]) -> Reply:
        stops = move == self.move and (self.again or not self.reached.is_set())
        reply = await make() if self.after or not stops else None
        if stops:
            self.reached.set()
            await self.opened.wait()
        reply = await make() if reply is None else reply
        self.made.append(move)
        return reply

    async def acquire(self, claim: Claim) -> Reply:
        return await self._stopping("acquire", lambda: MemoryStore.acquire(self, claim))

    async def complete(self, claim: Claim, outcome: Outcome) -> Reply:
        return await self._stopping("complete", lambda: MemoryStore.complete(self, claim, outcome))

    async def release(self, claim: Claim) -> Reply:
        return await self._stopping("release", lambda: MemoryStore.release(self, claim))


def operation(store: Store, **options: Any) -> Operation[Any]:
    async def anything() -> Any: ...

    return Operation("orders.create", store, policy("orders.create", **options), FunctionCodec("f", anything, ()))


def stored(store: MemoryStore) -> Entry | None:
    return store._entries.get(KEY)  # pyright: ignore[reportPrivateUsage]


def state(store: MemoryStore) -> str:
    entry = stored(store)
    return "" if entry is None else entry.state


class Body:
    """An operation's body that waits until it is told to go on."""

    def __init__(self) -> None:
        self.started, self.finish = anyio.Event(), anyio.Event()
        self.runs = 0

    async def __call__(self) -> str:
        self.runs += 1
        self.started.set()
        await self.finish.wait()
        return "result"


async def quick() -> str:
    return "quick"


async def cancelled_when(event: anyio.Event, call: Callable[[], Awaitable[Any]]) -> float:
    """Make the call in a scope that is cancelled when the event comes. Gives the seconds that its end took."""
    times: list[float] = []

    async def run() -> None:
        try:
            await call()
        finally:
            times.append(anyio.current_time())

    async with anyio.create_task_group() as group:
        group.start_soon(run)
        await event.wait()
        times.append(anyio.current_time())
        group.cancel_scope.cancel()
    cancelled, ended = times
    return ended - cancelled


# During a move


@pytest.mark.parametrize("after", [False, True], ids=["before it arrived", "its reply outstanding"])
async def test_cancelled_during_acquire_the_key_is_free_and_nothing_was_run(after: bool) -> None:
    store, body = Gated("acquire", after=after), Body()
    await cancelled_when(store.reached, lambda: run_once(operation(store), KEY, PAYLOAD, body))
    assert (body.runs, state(store)) == (0, "F")
    assert await run_once(operation(store, on_conflict="reject"), KEY, PAYLOAD, quick) == "quick"


async def test_cancelled_during_acquire_a_result_that_is_there_stays() -> None:
    store = Gated("acquire", after=True)
    store.move = "none"
    await run_once(operation(store), KEY, PAYLOAD, quick)
    before, store.move = stored(store), "acquire"
    await cancelled_when(store.reached, lambda: run_once(operation(store), KEY, PAYLOAD, Body()))
    assert stored(store) == before


@pytest.mark.parametrize("after", [False, True], ids=["before it arrived", "its reply outstanding"])
async def test_cancelled_during_complete_the_result_is_recorded(after: bool) -> None:
    store = Gated("complete", after=after)
    await cancelled_when(store.reached, lambda: run_once(operation(store), KEY, PAYLOAD, quick))
    assert state(store) == "D"
    assert await run_once(operation(store), KEY, PAYLOAD, Body()) == "quick"


@pytest.mark.parametrize("after", [False, True], ids=["before it arrived", "its reply outstanding"])
async def test_cancelled_during_the_release_after_an_error_the_key_is_free(after: bool) -> None:
    async def fails() -> None:
        raise ValueError

    store = Gated("release", after=after)
    await cancelled_when(store.reached, lambda: run_once(operation(store), KEY, PAYLOAD, fails))
    assert state(store) == "F"


@pytest.mark.parametrize("move", ["acquire", "complete", "release"])
async def test_a_store_that_hangs_holds_a_cancelled_call_for_three_tenths_of_a_second(move: str) -> None:
    store = Gated(move, after=False, again=True)

    async def body() -> str:
        if move == "release":
            raise ValueError
        return "result"

    took = await cancelled_when(store.reached, lambda: run_once(operation(store), KEY, PAYLOAD, body))
    assert took == pytest.approx(0.3, abs=0.02)


@pytest.mark.parametrize("move", ["complete", "release"])
async def test_an_answer_that_comes_in_time_counts(move: str) -> None:
    store = Gated(move, after=False, again=True)

    async def body() -> str:
        if move == "release":
            raise ValueError
        return "result"

    async with anyio.create_task_group() as group:

        async def reply_late() -> None:
            await store.reached.wait()
            await anyio.sleep(0.29)  # of a virtual clock
            store.opened.set()

        group.start_soon(reply_late)
        await cancelled_when(store.reached, lambda: run_once(operation(store), KEY, PAYLOAD, body))
    assert state(store) == {"complete": "D", "release": "F"}[move]


@pytest.mark.parametrize("anyio_backend", [virtual_backend("asyncio")], ids=["asyncio"])
async def test_a_task_that_is_cancelled_again_and_again_records_its_result_all_the_same() -> None:
    """``Runtime`` does that at the deadline, twenty times a second."""
    store = Gated("complete", after=False, again=True)
    task = asyncio.ensure_future(run_once(operation(store), KEY, PAYLOAD, quick))
    await store.reached.wait()
    for _ in range(5):
        task.cancel()
        await anyio.sleep(0.05)
    assert (task.done(), state(store)) == (False, "R")
    store.opened.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert state(store) == "D"


async def test_a_caller_that_is_cancelled_while_it_waits_changes_nothing() -> None:
    store, first = Gated("none", after=True), Body()
    results: list[Any] = []

    async def run() -> None:
        results.append(await run_once(operation(store), KEY, PAYLOAD, first))

    async with anyio.create_task_group() as group:
        group.start_soon(run)
        await first.started.wait()
        before = stored(store)
        with anyio.move_on_after(2) as scope:
            await run_once(operation(store), KEY, PAYLOAD, quick)
        assert scope.cancelled_caught
        assert stored(store) == before
        first.finish.set()
    assert results == ["result"]


# In the body


async def test_cancelled_in_the_body_the_record_stays_until_the_lease_ends() -> None:
    store, body = Gated("none", after=True), Body()
    once = operation(store, lease=20, on_conflict="reject")
    await cancelled_when(body.started, lambda: run_once(once, KEY, PAYLOAD, body))
    entry = stored(store)
    assert entry is not None
    assert entry.state == "R"
    with pytest.raises(IdempotencyConflictError) as caught:
        await run_once(once, KEY, PAYLOAD, quick)
    assert caught.value.retry_after == 21  # the lease, and the skew
    await anyio.sleep(21.001)
    assert await run_once(once, KEY, PAYLOAD, quick) == "quick"


async def test_cancelled_where_there_was_no_effect_yet_others_start_at_once() -> None:
    store, body = Gated("none", after=True), Body()

    async def careful() -> str:
        with no_effect_yet():
            return await body()

    await cancelled_when(body.started, lambda: run_once(operation(store), KEY, PAYLOAD, careful))
    assert state(store) == "F"
    assert store.counters.released == 1


async def test_the_release_of_a_call_without_effect_takes_three_tenths_of_a_second_at_most() -> None:
    store, body = Gated("release", after=False, again=True), Body()

    async def careful() -> str:
        with no_effect_yet():
            return await body()

    took = await cancelled_when(body.started, lambda: run_once(operation(store), KEY, PAYLOAD, careful))
    assert took == pytest.approx(0.3, abs=0.02)
    assert state(store) == "R"


async def test_cancelled_after_the_block_without_effect_the_record_stays() -> None:
    store, body = Gated("none", after=True), Body()

    async def careful() -> str:
        with no_effect_yet():
            await anyio.lowlevel.checkpoint()
        return await body()

    await cancelled_when(body.started, lambda: run_once(operation(store), KEY, PAYLOAD, careful))
    assert state(store) == "R"


@pytest.mark.parametrize("ends", ["cancelled", "returns"])
async def test_a_cancellation_that_somebody_stopped_is_none(ends: str) -> None:
    """The effect comes after it: such a record must not be released, whatever ends the call."""
    store, body, effects = Gated("none", after=True), Body(), list[str]()

    async def stubborn() -> str:
        with suppress(anyio.get_cancelled_exc_class()), no_effect_yet():
            await body()
        with anyio.CancelScope(shield=True):
            await anyio.lowlevel.checkpoint()
            effects.append("charged")
        if ends == "cancelled":
            await anyio.sleep_forever()
        return "charged"

    await cancelled_when(body.started, lambda: run_once(operation(store), KEY, PAYLOAD, stubborn))
    assert effects == ["charged"]
    assert state(store) == ("D" if ends == "returns" else "R")


async def test_only_the_innermost_operation_is_without_effect() -> None:
    store, inner_store, body = Gated("none", after=True), MemoryStore(), Body()

    async def inner() -> str:
        with no_effect_yet():
            return await body()

    async def outer() -> Any:
        return await run_once(operation(inner_store), KEY, PAYLOAD, inner)

    await cancelled_when(body.started, lambda: run_once(operation(store), KEY, PAYLOAD, outer))
    assert (state(inner_store), state(store)) == ("F", "R")


async def test_no_effect_yet_lets_errors_and_results_through() -> None:
    store = MemoryStore()

    async def fails() -> None:
        with no_effect_yet():
            raise ValueError("as it is")

    async def succeeds() -> str:
        with no_effect_yet():
            return "result"

    with pytest.raises(ValueError, match="as it is"):
        await run_once(operation(store), KEY, PAYLOAD, fails)
    assert await run_once(operation(store), KEY, PAYLOAD, succeeds) == "result"
    with pytest.raises(NoLeaseError), no_effect_yet():
        pass


# Closed, with no loop left


class Suspended:
    """Waits, without a loop, until it is closed."""

    def __await__(self) -> Generator[None, None, str]:
        yield
        raise AssertionError("it was resumed")


class Unanswering(MemoryStore):
    async def acquire(self, claim: Claim) -> Reply:
        await super().acquire(claim)
        await Suspended()
        raise AssertionError


async def suspended() -> str:
    return await Suspended()


@pytest.mark.parametrize("store", [MemoryStore, Unanswering], ids=["body", "acquire"])
def test_a_call_that_is_closed_leaves_its_record_and_no_lease(store: type[MemoryStore]) -> None:
    made = store()
    token = current.set(Invocation(deadline=VirtualDeadline.monotonic() + 10, clock=VirtualDeadline))
    try:
        call = run_once(operation(made), KEY, PAYLOAD, suspended)
        call.send(None)
        call.close()
    finally:
        current.reset(token)
    assert state(made) == "R"
    assert held_leases.get() == ()


class VirtualDeadline:
    """A clock that stands still, without a loop."""

    @staticmethod
    def time() -> float:
        return 0.0

    @staticmethod
    def monotonic() -> float:
        return 0.0


# Results that can't be kept


async def test_a_codec_that_fails_does_not_have_the_effect_repeated() -> None:
    """Whatever it raises: the operation is done."""
    store, runs = MemoryStore(), list[int]()

    class Picky:
        def pack(self, value: Any) -> Outcome | None:
            raise LookupError("x" * 5_000)

        def pack_error(self, error: Exception) -> Outcome | None:
            raise LookupError

        def unpack(self, outcome: Outcome) -> Any:
            raise AssertionError

    async def body() -> str:
        runs.append(1)
        return "result"

    once = Operation("orders.create", store, policy("orders.create"), Picky())
    assert await run_once(once, KEY, PAYLOAD, body) == "result"
    entry = stored(store)
    assert entry is not None
    assert (entry.state, entry.kind) == ("D", "omitted")
    assert entry.result.startswith(b"str can't be written (LookupError: xxx")
    assert len(entry.result) <= 1_000
    assert (len(runs), store.counters.omitted) == (1, 1)


# Switched off


@pytest.mark.parametrize("value", ["1", "true", "YES", "on"])
async def test_switched_off_nothing_is_recorded_and_code_still_finds_a_lease(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, tokens, keys = MemoryStore(), list[int](), set[str]()

    async def body() -> str:
        tokens.append(current_lease().fencing_token)
        keys.add(current_lease().key)
        with no_effect_yet():
            return "result"

    once = operation(store)
    monkeypatch.setenv(DISABLED, value)
    for _ in range(2):
        assert await run_once(once, KEY, PAYLOAD, body) == "result"
    assert stored(store) is None
    assert len(tokens) == len(keys) == 2
    assert tokens[0] > 1_600_000_000_000
    with pytest.raises(NoLeaseError):
        current_lease()
    monkeypatch.delenv(DISABLED)
    for _ in range(2):
        await run_once(once, KEY, PAYLOAD, body)
    assert (len(tokens), state(store)) == (3, "D")


@pytest.mark.parametrize("value", ["", "0", "false", "off"])
async def test_other_values_leave_it_on(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DISABLED, value)
    store = MemoryStore()
    await run_once(operation(store), KEY, PAYLOAD, quick)
    assert state(store) == "D"


def test_an_operation_that_is_registered_switched_off_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(DISABLED, "1")
    operation(MemoryStore())
    said = capsys.readouterr().out
    assert "Idempotency is switched off" in said
    assert DISABLED in said
