"""What Powertools writes without a condition, in between our moves: what holds all the same, and what does not."""

import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from aws_lambda_powertools.utilities.idempotency.exceptions import IdempotencyAlreadyInProgressError

from lambdaframe.errors import LeaseLostError
from lambdaframe.idempotency import current_lease
from lambdaframe.idempotency.transitions import Claim, Outcome, Reply, Verdict
from tests.idempotency.powertools.shared import Killed, SharedTable

ORDER = {"id": 7}
LONG = 3_000_000
"""ms: past every lease, not past the record."""


def dies(order: Any) -> Any:
    raise Killed


def fails(order: Any) -> Any:
    raise ValueError("no stock")


def test_they_take_over_and_finish_while_we_run(table: SharedTable) -> None:
    """Our caller gets what everybody gets."""

    def slow(order: Any) -> str:
        table.clock.advance(LONG)
        assert table.theirs(lambda order: "theirs")(order) == "theirs"
        return "ours"

    assert table.ours(slow)(ORDER) == "theirs"
    assert table.store.counters.lost == 1
    assert table.theirs(dies)(ORDER) == table.ours(dies)(ORDER) == "theirs"


def test_they_take_over_and_still_run_when_we_finish(table: SharedTable) -> None:
    left: list[Any] = []

    def slow(order: Any) -> str:
        table.clock.advance(LONG)
        with pytest.raises(Killed):
            table.theirs(dies)(order)
        left.append(table.item())
        return "ours"

    with pytest.raises(LeaseLostError):
        table.ours(slow)(ORDER)
    assert table.items() == left


def test_they_take_over_and_fail_while_we_run(table: SharedTable) -> None:
    """There is no record any more: whose turn it is nobody knows, so we write none."""

    def slow(order: Any) -> str:
        table.clock.advance(LONG)
        with pytest.raises(ValueError, match="no stock"):
            table.theirs(fails)(order)
        return "ours"

    with pytest.raises(LeaseLostError):
        table.ours(slow)(ORDER)
    assert table.items() == []


def late(table: SharedTable, meanwhile: Callable[[Any], Any], then: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Their attempt that goes on after its Lambda invocation should have been ended."""

    def body(order: Any) -> Any:
        table.clock.advance(LONG)
        meanwhile(order)
        return then(order)

    return table.theirs(body, remaining=1_000)


def test_their_late_result_while_we_run_is_everybody_s(table: SharedTable) -> None:
    running, finish = threading.Event(), threading.Event()

    def slow(order: Any) -> str:
        running.set()
        assert finish.wait(30)
        return "ours"

    with ThreadPoolExecutor(1) as pool:

        def meanwhile(order: Any) -> None:
            taken.append(pool.submit(table.ours(slow), order))
            assert running.wait(30)

        taken: list[Any] = []
        assert late(table, meanwhile, lambda order: "late")(ORDER) == "late"
        finish.set()
        assert taken[0].result() == "late"
    assert table.store.counters.takeovers == 1
    assert table.theirs(dies)(ORDER) == table.ours(dies)(ORDER) == "late"


def test_their_late_result_replaces_ours(table: SharedTable) -> None:
    """Not safe, and not to be helped: our caller had another one. From then on all get the same."""
    answered: list[str] = []
    late(table, lambda order: answered.append(table.ours(lambda order: "ours")(order)), lambda order: "late")(ORDER)
    assert answered == ["ours"]
    assert table.theirs(dies)(ORDER) == table.ours(dies)(ORDER) == "late"


def test_their_late_failure_deletes_our_result(table: SharedTable) -> None:
    """Not safe, and not to be helped: the operation is run again."""
    with pytest.raises(ValueError, match="no stock"):
        late(table, table.ours(lambda order: "ours"), fails)(ORDER)
    assert table.items() == []
    assert table.ours(lambda order: "again")(ORDER) == "again"


def test_their_late_failure_while_we_run(table: SharedTable) -> None:
    running, finish = threading.Event(), threading.Event()

    def slow(order: Any) -> str:
        running.set()
        assert finish.wait(30)
        return "ours"

    with ThreadPoolExecutor(1) as pool:

        def meanwhile(order: Any) -> None:
            taken.append(pool.submit(table.ours(slow), order))
            assert running.wait(30)

        taken: list[Any] = []
        with pytest.raises(ValueError, match="no stock"):
            late(table, meanwhile, fails)(ORDER)
        finish.set()
        with pytest.raises(LeaseLostError):
            taken[0].result()


# Move by move

Move = Callable[[SharedTable, Claim], Coroutine[Any, Any, Reply]]

MOVES: dict[str, Move] = {
    "complete": lambda table, claim: table.store.complete(claim, Outcome("ok", b'"ours"')),
    "complete with an error": lambda table, claim: table.store.complete(claim, Outcome("error", b"{}")),
    "release": lambda table, claim: table.store.release(claim),
    "extend": lambda table, claim: table.store.extend(claim),
}


def claim_of(table: SharedTable, owner: str = "me") -> Claim:
    key = table.layout.key_for("app.place", ORDER)
    return Claim(key, owner, table.layout.fingerprint_for({"order": ORDER}), 30_000, 3_600_000)


def acquired(table: SharedTable, owner: str = "me") -> Claim:
    claim = claim_of(table, owner)
    reply = table.run(table.store.acquire(claim))
    assert reply.verdict is Verdict.GRANTED
    return claim.granted(reply.entry.gen)


@pytest.mark.parametrize("then", ["running", "done"])
@pytest.mark.parametrize("move", MOVES.values(), ids=MOVES)
def test_a_stale_owner_changes_nothing_of_theirs(table: SharedTable, move: Move, then: str) -> None:
    claim = acquired(table)
    table.clock.advance(LONG)
    if then == "running":
        with pytest.raises(Killed):
            table.theirs(dies)(ORDER)
    else:
        table.theirs(lambda order: "theirs")(ORDER)
    before = table.item()
    reply = table.run(move(table, claim))
    completes = move in {MOVES["complete"], MOVES["complete with an error"]}
    assert reply.verdict is (Verdict.THEIRS if completes and then == "done" else Verdict.LOST)
    if reply.verdict is Verdict.THEIRS:
        assert reply.entry.result == b'"theirs"'
    assert table.item() == before


def test_a_repeated_complete_knows_its_own_result_from_a_late_one(table: SharedTable) -> None:
    claim = acquired(table)
    mine = Outcome("ok", b'"ours"')
    assert table.run(table.store.complete(claim, mine)).verdict is Verdict.GRANTED
    assert table.run(table.store.complete(claim, mine)).verdict is Verdict.FINE
    layer = table.configured_layer("app.place")
    layer.save_success(data=ORDER, result="late")
    reply = table.run(table.store.complete(claim, mine))
    assert (reply.verdict, reply.entry.result) == (Verdict.THEIRS, b'"late"')


def test_a_lease_that_is_extended_keeps_them_out(table: SharedTable) -> None:
    claim = acquired(table)
    for _ in range(3):
        table.clock.advance(29_000)
        assert table.run(table.store.extend(claim)).verdict is Verdict.GRANTED
        with pytest.raises(IdempotencyAlreadyInProgressError):
            table.theirs(dies)(ORDER)
    table.clock.advance(31_002)
    assert table.theirs(lambda order: "theirs")(ORDER) == "theirs"


def test_a_record_of_theirs_that_has_expired_is_a_late_owner_s_no_more(table: SharedTable) -> None:
    """An attempt that outlives its own record: what it writes late is theirs, and we neither run nor lose anything."""
    claim = acquired(table)
    table.clock.advance(3_601_000)
    table.theirs(lambda order: "theirs", ttl=60)(ORDER)
    table.clock.advance(61_000)
    heir = acquired(table, "heir")
    assert table.run(table.store.complete(claim, Outcome("ok", b'"stale"'))).verdict is Verdict.LOST
    assert table.run(table.store.complete(heir, Outcome("ok", b'"heir"'))).verdict is Verdict.GRANTED
    assert table.theirs(dies)(ORDER) == "heir"


def test_fencing_tokens_grow_past_what_they_drop(table: SharedTable) -> None:
    """They keep no token: the next one comes from the time."""
    tokens: list[int] = []

    def effect(order: Any) -> None:
        tokens.append(current_lease().fencing_token)
        raise ValueError("no stock")

    for _ in range(3):
        with pytest.raises(ValueError, match="no stock"):
            table.ours(effect)(ORDER)
    table.clock.advance(5)
    with pytest.raises(ValueError, match="no stock"):
        table.theirs(fails)(ORDER)  # deletes the record
    with pytest.raises(ValueError, match="no stock"):
        table.ours(effect)(ORDER)
    with pytest.raises(Killed):
        table.theirs(dies)(ORDER)  # writes another
    table.clock.advance(LONG)
    with pytest.raises(ValueError, match="no stock"):
        table.ours(effect)(ORDER)
    assert tokens == sorted(set(tokens))
