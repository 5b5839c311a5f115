"""A function decorated with Powertools' idempotency and the same with ours, over one table, in both directions."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from aws_lambda_powertools.utilities.idempotency.exceptions import IdempotencyValidationError

from lambdaframe.idempotency import IdempotencyKeyError, IdempotencyMismatchError
from lambdaframe.idempotency.transitions import Claim, Reply
from tests.idempotency.powertools.shared import (
    ORDER,
    Body,
    Killed,
    Runs,
    SharedTable,
    Who,
    both_ways,
    decorated,
    refused,
)


@both_ways
def test_while_one_runs_the_other_is_refused(table: SharedTable, first: Who, second: Who) -> None:
    never = Runs("never")

    def body(order: Any) -> str:
        before = table.item()
        with refused(second):
            decorated_elsewhere(order)
        assert table.item() == before
        return "first"

    with ThreadPoolExecutor(1) as pool:
        decorated_elsewhere = _in_another_process(table, second, never, pool)
        assert decorated(table, first, body)(ORDER) == "first"
    assert never.orders == []


def _in_another_process(table: SharedTable, who: Who, body: Body, pool: ThreadPoolExecutor) -> Callable[[Any], Any]:
    """As far as a loop is concerned: ours may be called while ours runs."""
    other = table.another()

    def call(order: Any) -> Any:
        return pool.submit(decorated(other, who, body), order).result()

    return call


def test_we_wait_for_them(table: SharedTable, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = threading.Event()
    acquire = table.store.acquire

    async def watched(claim: Claim) -> Reply:
        reply = await acquire(claim)
        looked.set()
        return reply

    monkeypatch.setattr(table.store, "acquire", watched)
    with ThreadPoolExecutor(1) as pool:

        def body(order: Any) -> str:
            waiting.append(pool.submit(table.ours(Runs("never"), on_conflict="wait"), order))
            assert looked.wait(30)
            return "theirs"

        waiting: list[Any] = []
        table.theirs(body)(ORDER)
        assert waiting[0].result() == "theirs"


@both_ways
def test_after_an_exception_the_other_starts_at_once(table: SharedTable, first: Who, second: Who) -> None:
    with pytest.raises(ValueError, match="no stock"):
        decorated(table, first, Runs(ValueError("no stock")))(ORDER)
    with pytest.raises(ValueError, match="no stock"):
        decorated(table, second, Runs(ValueError("no stock")))(ORDER)
    again = Runs("again")
    assert decorated(table, first, again)(ORDER) == decorated(table, second, again)(ORDER) == "again"
    assert again.orders == [ORDER]


@both_ways
def test_both_let_a_record_expire_at_the_same_time(table: SharedTable, first: Who, second: Who) -> None:
    table.clock.now_ms += 123
    once, again = Runs("once"), Runs("again")
    decorated(table, first, once, ttl=3_600.0)(ORDER)
    end = int(table.item()["expiration"]["N"]) * 1_000 + 1_000
    table.clock.now_ms = end - 1
    for who in (first, second):
        assert decorated(table, who, again)(ORDER) == "once"
    table.clock.now_ms = end
    assert decorated(table, second, again)(ORDER) == "again"
    assert decorated(table, first, again)(ORDER) == "again"
    assert [len(once.orders), len(again.orders)] == [1, 1]


# Killed


def test_we_take_over_from_them(table: SharedTable) -> None:
    with pytest.raises(Killed):
        table.theirs(Runs(Killed()), remaining=20_000)(ORDER)
    table.clock.advance(20_000 + 1_000)  # until Lambda has ended it, and the margin
    with refused("ours"):
        table.ours(Runs("never"))(ORDER)
    table.clock.advance(1)
    assert table.ours(Runs("again"))(ORDER) == "again"
    assert (table.store.counters.acquired, table.store.counters.takeovers) == (1, 1)
    assert table.theirs(Runs("never"))(ORDER) == "again"


def test_they_take_over_from_us(table: SharedTable) -> None:
    with pytest.raises(Killed):
        table.ours(Runs(Killed()), lease=20.0)(ORDER)
    table.clock.advance(20_000 + 1_000)  # they know no margin: it stands in the record
    with refused("theirs"):
        table.theirs(Runs("never"))(ORDER)
    table.clock.advance(2)  # and they lose a millisecond in a float
    assert table.theirs(Runs("again"))(ORDER) == "again"
    assert table.ours(Runs("never"))(ORDER) == "again"


def test_they_leave_alone_what_must_not_be_repeated(table: SharedTable) -> None:
    with pytest.raises(Killed):
        table.ours(Runs(Killed()), on_expiry="reject")(ORDER)
    table.clock.advance(3_600_000 - 1_000)
    for who in ("theirs", "ours"):
        with refused(who):
            decorated(table, who, Runs("never"), on_expiry="reject")(ORDER)
    table.clock.advance(2_000)
    assert table.theirs(Runs("again"))(ORDER) == "again"


def test_without_a_lambda_context_their_attempts_end_with_the_record(table: SharedTable) -> None:
    theirs = table.theirs(Runs(Killed()), remaining=None)
    with pytest.raises(Killed), pytest.warns(UserWarning, match="remaining time"):
        theirs(ORDER)
    table.clock.advance(3_600_000 - 1_000)
    with refused("ours") as caught:
        table.ours(Runs("never"))(ORDER)
    assert 1 <= caught.value.retry_after <= 3
    table.clock.advance(2_000)
    assert table.ours(Runs("again"))(ORDER) == "again"


# Payloads


VALIDATED: dict[str, Any] = {"event_key_jmespath": "id", "payload_validation_jmespath": "[amount, note]"}
COMPARED: dict[str, Any] = {"key": "order.id", "fingerprint": "order.[amount, note]"}


@pytest.mark.parametrize("state", ["done", "running"])
@both_ways
def test_another_payload_for_the_same_key(table: SharedTable, first: Who, second: Who, state: str) -> None:
    def function(who: Who, body: Body) -> Callable[[Any], Any]:
        return table.theirs(body, **VALIDATED) if who == "theirs" else table.ours(body, **COMPARED)

    never = Runs("never")
    if state == "done":
        function(first, Runs("first"))(ORDER)
        assert function(second, never)({**ORDER, "lines": []}) == "first"
    else:
        with pytest.raises(Killed):
            function(first, Runs(Killed()))(ORDER)
    before = table.item()
    with pytest.raises(IdempotencyValidationError if second == "theirs" else IdempotencyMismatchError):
        function(second, never)({**ORDER, "amount": 99})
    assert (never.orders, table.item()) == ([], before)


def test_where_they_do_not_validate_their_records_fit_every_payload(table: SharedTable) -> None:
    table.theirs(Runs("theirs"), event_key_jmespath="id")(ORDER)
    ours = table.ours(Runs("ours"), key="order.id")
    assert ours({**ORDER, "amount": 99}) == "theirs"
    ours({**ORDER, "id": 8})
    with pytest.raises(IdempotencyMismatchError):
        ours({**ORDER, "id": 8, "amount": 99})
    assert table.theirs(Runs("never"), event_key_jmespath="id")({"id": 8}) == "ours"


def lines_of(order: dict[str, Any]) -> Any:
    return order["lines"]


KEYS: list[tuple[str, Any]] = [
    ("id", "order.id"),
    ("[id, note]", "order.[id, note]"),
    ("{a: id, b: lines[0].sku}", "order.{a: id, b: lines[0].sku}"),
    ("lines[*].price", "order.lines[*].price"),
    ("lines", lines_of),
    ("@", "order"),
]


@pytest.mark.parametrize(("theirs", "ours"), KEYS, ids=str)
def test_keys_by_expression(table: SharedTable, theirs: str, ours: Any) -> None:
    table.theirs(Runs("theirs"), event_key_jmespath=theirs)(ORDER)
    assert table.ours(Runs("never"), key=ours, fingerprint=())(ORDER) == "theirs"


@pytest.mark.parametrize("order", [{}, {"id": None}, [None], ""], ids=repr)
def test_what_is_no_key_to_them_is_none_to_us(table: SharedTable, order: Any) -> None:
    runs = Runs("run")
    with pytest.warns(UserWarning, match="No idempotency key"):
        table.theirs(runs)(order)
    with pytest.raises(IdempotencyKeyError):
        table.ours(runs)(order)
    assert table.ours(runs, required=False)(order) == "run"
    assert (len(runs.orders), table.items()) == (2, [])


# Tables


@pytest.mark.parametrize(
    "attributes",
    [
        {"sort_key_attr": "sk"},
        {"sort_key_attr": "sk", "static_pk_value": "idempotency", "key_attr": "pk"},
        {
            "key_attr": "key",
            "expiry_attr": "ttl",
            "in_progress_expiry_attr": "until",
            "status_attr": "state",
            "data_attr": "answer",
            "validation_key_attr": "hash",
        },
    ],
    ids=["sort key", "sort key and static value", "renamed"],
)
@both_ways
def test_tables_of_another_form(
    make_table: Callable[..., SharedTable], attributes: dict[str, Any], first: Who, second: Who
) -> None:
    table = make_table(**attributes)
    never = Runs("never")
    decorated(table, first, Runs("first"))(ORDER)
    decorated(table, first, Runs("eighth"))({"id": 8})
    assert decorated(table, second, never)(ORDER) == "first"
    assert decorated(table, second, never)({"id": 8}) == "eighth"
    with pytest.raises(Killed):
        decorated(table, first, Runs(Killed()))({"id": 9})
    with refused(second):
        decorated(table, second, never)({"id": 9})
    with pytest.raises(ValueError, match="no stock"):
        decorated(table, second, Runs(ValueError("no stock")))({"id": 10})
    assert decorated(table, first, Runs("tenth"))({"id": 10}) == "tenth"
    assert (len(table.items()), never.orders) == (4, [])
