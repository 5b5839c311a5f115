"""Sync functions: in the caller's thread and context, whoever the caller is; the store on a loop."""

import asyncio
import contextvars
import gc
import signal
import threading
import traceback
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from types import FrameType
from typing import Any, NoReturn

import pytest
from pydantic import BaseModel

from lambdaframe.errors import ConfigurationError
from lambdaframe.idempotency import (
    IdempotencyConflictError,
    IdempotencyError,
    NoLeaseError,
    Replay,
    current_lease,
    idempotent,
    no_effect_yet,
)
from lambdaframe.idempotency.transitions import Claim, Outcome, Reply, Verdict
from tests.idempotency.watched import PATIENCE, Watched


@pytest.fixture
def store() -> Watched:
    return Watched()


class Order(BaseModel):
    id: int


# What a caller sees


def test_one_run_for_each_key(store: Watched) -> None:
    runs: list[int] = []

    @idempotent(key="order.id", store=store)
    def create(order: Order, note: str = "") -> tuple[Order, str]:
        """Create it."""
        runs.append(order.id)
        return order, note

    first: tuple[Order, str] = create(Order(id=1))
    assert create(order=Order(id=1)) == first == (Order(id=1), "")
    assert create(Order(id=2), note="n") == (Order(id=2), "n")
    assert runs == [1, 2]
    assert (create.__name__, create.__doc__) == ("create", "Create it.")


class Shop:
    runs = 0

    @idempotent(key="key", store="memory://")
    def buy(self, key: str) -> str:
        Shop.runs += 1
        return key

    @classmethod
    @idempotent(key="key", store="memory://")
    def open(cls, key: str) -> str:
        Shop.runs += 1
        return cls.__name__

    @staticmethod
    @idempotent(key="key", store="memory://")
    def close(key: str) -> str:
        Shop.runs += 1
        return key


def test_every_kind_of_method() -> None:
    for _ in range(2):
        assert (Shop().buy("a"), Shop.open("b"), Shop.close("c")) == ("a", "Shop", "c")
    assert Shop.runs == 3


def test_a_call_without_a_key_is_an_ordinary_one(store: Watched) -> None:
    @idempotent(key="key", store=store, required=False)
    def create(key: str | None) -> int:
        return threading.get_ident()

    assert create(None) == threading.get_ident()
    assert store.counters.acquired == 0


def test_the_function_has_its_caller_s_thread_and_context(store: Watched) -> None:
    local = threading.local()
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable")
    local.value = "before"
    variable.set("before")

    @idempotent(key="key", store=store)
    def create(key: str) -> list[str]:
        seen = [local.value, variable.get()]
        local.value = "set"
        variable.set("set")
        return seen

    def call() -> None:
        assert create("k") == ["before", "before"]
        assert (local.value, variable.get()) == ("set", "set")

    contextvars.copy_context().run(call)


def test_the_lease_is_there_inside_and_nowhere_else(store: Watched) -> None:
    @idempotent(key="key", store=store)
    def inner(key: str) -> int:
        return current_lease().fencing_token

    @idempotent(key="key", store=store)
    def outer(key: str) -> list[int]:
        return [current_lease().fencing_token, inner("a"), current_lease().fencing_token]

    first, second, again = outer("a")
    assert first == again
    assert {first, second} == store.tokens()
    with pytest.raises(NoLeaseError):
        current_lease()


def test_a_hook_is_told_in_the_caller_s_thread(store: Watched) -> None:
    told: list[int] = []

    def hook(result: str, replay: Replay) -> str:
        told.append(threading.get_ident())
        return f"{result}, {replay.kind}"

    @idempotent(key="key", store=store, on_replay=hook, final_errors=(LookupError,))
    def create(key: str) -> str:
        if key == "error":
            raise LookupError("none")
        return key

    assert [create("k"), create("k")] == ["k", "k, ok"]
    for _ in range(2):
        with pytest.raises(LookupError, match="none"):
            create("error")
    assert told == [threading.get_ident()] * 2


def test_switched_off_it_is_a_plain_call(store: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    @idempotent(key="key", store=store)
    def create(key: str) -> int:
        return current_lease().fencing_token

    monkeypatch.setenv("LAMBDAFRAME_IDEMPOTENCY_DISABLED", "1")
    assert 0 < create("k") <= create("k")
    assert store.counters.acquired == 0


# Errors


def test_an_error_is_the_function_s_own_and_lets_the_next_try(store: Watched) -> None:
    errors: list[Exception] = [ValueError("first")]

    @idempotent(key="key", store=store)
    def create(key: str) -> str:
        if errors:
            raise errors.pop()
        return key

    with pytest.raises(ValueError, match="first") as caught:
        create("k")
    assert caught.value.__context__ is None
    names = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert names[-1] == "create"
    assert not {"run_once", "_attempt"} & set(names)  # it came by another thread's loop, which says nothing
    assert create("k") == "k"


def test_a_stop_iteration_is_no_end_of_a_coroutine(store: Watched) -> None:
    @idempotent(key="key", store=store)
    def create(key: str) -> NoReturn:
        raise StopIteration(7)

    with pytest.raises(StopIteration) as caught:
        create("k")
    assert (caught.value.value, store.states()) == (7, ["F"])


def test_a_lost_lease_hides_no_error_of_the_function(store: Watched) -> None:
    @idempotent(key="key", store=store, final_errors=(LookupError,))
    def create(key: str) -> NoReturn:
        store.lose_all()
        raise LookupError("gone")

    with pytest.raises(IdempotencyError, match="another one took over") as caught:
        create("k")
    assert isinstance(caught.value.__context__, LookupError)


def test_nothing_of_a_failed_call_is_kept_alive(store: Watched) -> None:
    class Large:
        pass

    gone = threading.Event()
    watched: list[weakref.ref[Large]] = []

    @idempotent(key="key", store=store, fingerprint=())
    def create(key: str, large: Large) -> NoReturn:
        raise ValueError(key)

    def call() -> None:
        large = Large()
        watched.append(weakref.ref(large, lambda _: gone.set()))
        with pytest.raises(ValueError, match="k"):
            create("k", large)

    gc.disable()
    try:
        call()
        assert gone.wait(PATIENCE)  # the loop's thread may still be on its way out
    finally:
        gc.enable()


def test_a_coroutine_is_no_result(store: Watched) -> None:
    async def wrapped(key: str) -> str:
        return key

    @idempotent(key="key", store=store)
    def create(key: str) -> Any:
        return wrapped(key)

    with pytest.raises(ConfigurationError, match="put @idempotent next to the async function"):
        create("k")
    assert store.states() == ["F"]


# Interruptions


def interrupted(function: Callable[[], object]) -> None:
    with pytest.raises(KeyboardInterrupt):
        function()


def test_an_interrupted_function_leaves_its_record_as_it_is(store: Watched) -> None:
    @idempotent(key="key", store=store)
    def create(key: str) -> None:
        signal.raise_signal(signal.SIGINT)

    interrupted(lambda: create("k"))
    assert store.states() == ["R"]
    with pytest.raises(NoLeaseError):
        current_lease()


def test_an_interrupted_function_without_effect_lets_the_next_try(store: Watched) -> None:
    @idempotent(key="key", store=store, final_errors=(Exception,))
    def create(key: str) -> None:
        with no_effect_yet():
            signal.raise_signal(signal.SIGINT)

    interrupted(lambda: create("k"))
    assert store.states() == ["F"]


def test_an_exit_is_an_exit(store: Watched) -> None:
    @idempotent(key="key", store=store)
    def create(key: str) -> NoReturn:
        raise SystemExit(3)

    with pytest.raises(SystemExit) as caught:
        create("k")
    assert caught.value.code == 3
    assert store.states() == ["R"]


class Stuck(Watched):
    """Interrupts the main thread in one move, once the move was made, and does not answer."""

    def __init__(self, move: str) -> None:
        super().__init__()
        self.stuck: str | None = move

    async def acquire(self, claim: Claim) -> Reply:
        return await self._stick("acquire", await super().acquire(claim))

    async def complete(self, claim: Claim, outcome: Outcome) -> Reply:
        return await self._stick("complete", await super().complete(claim, outcome))

    async def _stick(self, move: str, reply: Reply) -> Reply:
        if move == self.stuck:
            self.stuck = None
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            await asyncio.get_running_loop().create_future()
        return reply


@pytest.mark.parametrize(("move", "state", "runs"), [("acquire", "F", 0), ("complete", "D", 1)])
def test_an_interrupted_move_is_made_whole(move: str, state: str, runs: int) -> None:
    store = Stuck(move)
    ran: list[str] = []

    @idempotent(key="key", store=store)
    def create(key: str) -> None:
        ran.append(key)

    interrupted(lambda: create("k"))
    assert (store.states(), len(ran)) == ([state], runs)
    create("k")
    assert (store.states(), len(ran)) == (["D"], 1)


class Late(Watched):
    """Grants what nobody waits for any more: its caller was interrupted while it was asked."""

    interrupted = False

    async def acquire(self, claim: Claim) -> Reply:
        if not self.interrupted:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            while not self.interrupted:  # without letting the loop go on
                pass
        return await super().acquire(claim)

    def interrupt(self, number: int, frame: FrameType | None) -> NoReturn:
        self.interrupted = True
        raise KeyboardInterrupt


def test_a_function_that_was_not_begun_is_not_run_after_an_interruption() -> None:
    store = Late()
    ran: list[str] = []

    @idempotent(key="key", store=store)
    def create(key: str) -> None:
        ran.append(key)

    before = signal.signal(signal.SIGINT, store.interrupt)
    try:
        interrupted(lambda: create("k"))
    finally:
        signal.signal(signal.SIGINT, before)
    assert (store.states(), ran) == (["F"], [])


def test_a_caller_that_waits_for_another_can_be_interrupted(store: Watched) -> None:
    go_on = threading.Event()

    @idempotent(key="key", store=store)
    def create(key: str) -> str:
        go_on.wait(PATIENCE)
        return key

    def interrupt() -> None:
        store.wait_for("acquire", Verdict.BUSY)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(create, "k")
        store.wait_for("acquire", Verdict.GRANTED)
        pool.submit(interrupt)
        interrupted(lambda: create("k"))
        go_on.set()
        assert first.result(PATIENCE) == "k"
    assert store.counters.acquired == 1


# At once


def test_many_threads_share_one_run(store: Watched) -> None:
    runs: SimpleQueue[int] = SimpleQueue()
    all_there = threading.Barrier(16)

    @idempotent(key="key", store=store)
    def create(key: int) -> int:
        runs.put(key)
        return key

    def call(number: int) -> int:
        all_there.wait(PATIENCE)
        return create(number % 2)

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(call, range(16))) == [0, 1] * 8
    assert runs.qsize() == 2


def test_who_comes_second_waits_or_is_refused(store: Watched) -> None:
    go_on = threading.Event()

    def work(key: str) -> str:
        go_on.wait(PATIENCE)
        return key

    patient = idempotent(key="key", store=store, operation="work")(work)
    hasty = idempotent(key="key", store=store, operation="work", on_conflict="reject")(work)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(patient, "k")
        store.wait_for("acquire", Verdict.GRANTED)
        with pytest.raises(IdempotencyConflictError, match="still running"):
            hasty("k")
        second = pool.submit(patient, "k")
        store.wait_for("acquire", Verdict.BUSY)
        go_on.set()
        assert (first.result(PATIENCE), second.result(PATIENCE)) == ("k", "k")
    assert store.counters.acquired == 1


def test_a_function_that_calls_itself_is_told_at_once(store: Watched) -> None:
    @idempotent(key="key", store=store)
    def create(key: str, depth: int = 0) -> str:
        return create(key)

    with pytest.raises(IdempotencyConflictError, match="still running"):
        create("k")


def test_functions_call_each_other_over_several_stores(store: Watched) -> None:
    other = Watched()

    @idempotent(key="key", store=store)
    def third(key: str) -> list[str]:
        return [key]

    @idempotent(key="key", store=other)
    async def second(key: str) -> list[str]:
        return ["second", *await asyncio.to_thread(third, key)]

    @idempotent(key="key", store=store)
    def first(key: str) -> list[str]:
        return ["first", *asyncio.run(second(key))]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(first, "aabbccdd")) == [["first", "second", key] for key in "aabbccdd"]
    assert (store.counters.acquired, other.counters.acquired) == (8, 4)


def test_the_lease_is_extended_while_the_function_blocks(store: Watched) -> None:
    @idempotent(key="key", store=store, lease=0.03, ttl=2)
    def create(key: str) -> None:
        for _ in range(3):
            store.wait_for("extend", Verdict.GRANTED)

    create("k")
    assert store.states() == ["D"]
