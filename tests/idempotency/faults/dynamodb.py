"""Faults for DynamoDB: our layout with a change in one move's expressions or values."""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from lambdaframe.idempotency.stores.dynamodb import DynamoDBStore
from lambdaframe.idempotency.stores.dynamodb_layout import Item, OwnLayout
from lambdaframe.idempotency.transitions import (
    ABSENT,
    NOTHING,
    TABLE,
    Claim,
    Entry,
    Move,
    Outcome,
    Reply,
    allowed,
    refusal,
)
from tests.idempotency.subjects.dynamodb import MotoSubject

CONDITION, UPDATE = "ConditionExpression", "UpdateExpression"

Change = Callable[[dict[str, Any], int], None]
"""``change(update, now)``: in place; ``update`` is UpdateItem's parameters."""

MakeLayout = Callable[[], OwnLayout]


def text(part: str, old: str, new: str) -> Change:
    """Other words in an expression."""

    def change(update: dict[str, Any], now: int) -> None:
        update[part] = update[part].replace(old, new)

    return change


def value(name: str, other: Callable[[int, int], int]) -> Change:
    """``other(number, now)`` in the place of a number."""

    def change(update: dict[str, Any], now: int) -> None:
        values = update["ExpressionAttributeValues"]
        if name in values:
            values[name] = {"N": str(other(int(values[name]["N"]), now))}

    return change


class FaultyLayout(OwnLayout):
    """``move``, ``change``: what is done to which move."""

    def __init__(self, move: Move, change: Change) -> None:
        self._move = move
        self._change = change
        right = super().update(move, Claim("key", "owner", "payload", 2_000, 4_000), NOTHING, 1_800_000_000_001)
        assert self._with_fault(right, 1_800_000_000_001) != right, "the fault is not there any more"

    def update(self, move: Move, claim: Claim, outcome: Outcome, now: int) -> Mapping[str, Any]:
        right = super().update(move, claim, outcome, now)
        return self._with_fault(right, now) if move == self._move else right

    def _with_fault(self, right: Mapping[str, Any], now: int) -> Mapping[str, Any]:
        update = {**right, "ExpressionAttributeValues": {**right["ExpressionAttributeValues"]}}
        self._change(update, now)
        used = set(re.findall(r"[:#]\w+", f"{update[CONDITION]} {update[UPDATE]}"))
        for part in ("ExpressionAttributeNames", "ExpressionAttributeValues"):  # what is not used is refused
            update[part] = {name: value for name, value in update[part].items() if name in used}
        return update


class TakesOverAlways(OwnLayout):
    """Does not hear that it must not."""

    def update(self, move: Move, claim: Claim, outcome: Outcome, now: int) -> Mapping[str, Any]:
        return super().update(move, claim._replace(takeover=True), outcome, now)


class ReadsOnlyItsOwn(OwnLayout):
    """Does not look at the item that a refusal brings, unless it is the owner's."""

    def entry(self, item: Item, claim: Claim) -> Entry:
        found = super().entry(item, claim)
        return found if found.owner == claim.owner else ABSENT


class Unconditional(OwnLayout):
    """Starts an attempt whatever the item says."""

    def update(self, move: Move, claim: Claim, outcome: Outcome, now: int) -> Mapping[str, Any]:
        change = text(CONDITION, "#state = :free", "attribute_exists(#state)")
        return FaultyLayout("acquire", change).update(move, claim, outcome, now)


class LooksFirst(DynamoDBStore):
    """Reads the item, and writes a moment later what that allows."""

    async def acquire(self, claim: Claim) -> Reply:
        key = self._layout.update("acquire", claim, NOTHING, 0)["Key"]
        async with self._asking("acquire") as client:
            found = await client.get_item(TableName=self.table, Key=key, ConsistentRead=True)
        now, entry = round(self._clock.time() * 1_000), self._layout.entry(found.get("Item", {}), claim)
        if not allowed(TABLE["acquire"], entry, claim, now):
            return Reply(refusal(TABLE["acquire"], entry, claim, now), entry, now)
        return await super().acquire(claim)


def acquire(change: Change) -> MakeLayout:
    return partial(FaultyLayout, "acquire", change)


def complete(change: Change) -> MakeLayout:
    return partial(FaultyLayout, "complete", change)


def release(change: Change) -> MakeLayout:
    return partial(FaultyLayout, "release", change)


def extend(change: Change) -> MakeLayout:
    return partial(FaultyLayout, "extend", change)


HELD = "#state = :running AND #owner = :owner AND #gen = :gen"
KEPT = ", #expires = :expires, #ttl = :ttl"

FAULTS: Mapping[str, MakeLayout] = {
    "acquires over a running record": acquire(text(CONDITION, "#state = :free", "attribute_exists(#state)")),
    "runs a done record again": acquire(text(CONDITION, "#state = :free", "NOT #state = :running")),
    "never acquires a released record": acquire(text(CONDITION, " OR #state = :free", "")),
    "never acquires an expired record": acquire(text(CONDITION, " OR #expires < :now", "")),
    "never takes over": acquire(text(CONDITION, "(#state = :running AND #lease", "(#state = :none AND #lease")),
    "ignores the skew": acquire(value(":lapsed", lambda lapsed, now: now)),
    "takes over a millisecond early": acquire(text(CONDITION, "#lease_until < :lapsed", "#lease_until <= :lapsed")),
    "takes over a millisecond late": acquire(value(":lapsed", lambda lapsed, now: lapsed - 1)),
    "compares the lease in seconds": acquire(value(":lapsed", lambda lapsed, now: lapsed // 1_000 * 1_000)),
    "expires a millisecond early": acquire(text(CONDITION, "#expires < :now", "#expires <= :now")),
    "expires a millisecond late": acquire(value(":now", lambda number, now: number - 1)),
    "takes over for another payload": acquire(text(CONDITION, " AND #fingerprint = :fingerprint", "")),
    "takes over from the same owner": acquire(text(CONDITION, " AND #owner <> :owner", "")),
    "takes over though told not to": TakesOverAlways,
    "starts gen anew": acquire(text(UPDATE, "if_not_exists(#gen, :seed)", ":seed")),
    "starts gen with one": acquire(value(":seed", lambda seed, now: 0)),
    "does not raise gen": acquire(text(UPDATE, "if_not_exists(#gen, :seed) + :one", "if_not_exists(#gen, :seed)")),
    "does not drop the old result": acquire(text(UPDATE, " REMOVE #result, #kind", "")),
    "keeps the old fingerprint": acquire(
        text(UPDATE, "#fingerprint = :fingerprint", "#fingerprint = if_not_exists(#fingerprint, :fingerprint)")
    ),
    "does not tell takeovers": acquire(text(UPDATE, "if_not_exists(#state, :none)", ":none")),
    "writes the lease in seconds": acquire(value(":lease_until", lambda moment, now: moment // 1_000 * 1_000)),
    "is cleaned up when it expires": acquire(value(":ttl", lambda ttl, now: ttl - 86_400)),
    "is cleaned up never": acquire(value(":ttl", lambda ttl, now: ttl * 1_000)),
    "looks before it writes": Unconditional,
    "does not read the item that refused it": ReadsOnlyItsOwn,
    "completes unconditionally": complete(text(CONDITION, HELD, "attribute_exists(#state)")),
    "completes over a done record": complete(text(CONDITION, "#state = :running AND ", "")),
    "completes without checking the owner": complete(text(CONDITION, " AND #owner = :owner", "")),
    "completes without checking gen": complete(text(CONDITION, " AND #gen = :gen", "")),
    "does not keep the kind": complete(text(UPDATE, " #kind = :kind,", "")),
    "keeps a result as long as the lease": complete(text(UPDATE, KEPT, "")),
    "releases unconditionally": release(text(CONDITION, HELD, "attribute_exists(#state)")),
    "releases what is done": release(text(CONDITION, "#state = :running AND ", "")),
    "releases what is another's": release(text(CONDITION, " AND #owner = :owner AND #gen = :gen", "")),
    "deletes on release": release(text(UPDATE, "SET #state = :free", "REMOVE #state, #owner, #gen")),
    "extends what is another's": extend(text(CONDITION, " AND #owner = :owner AND #gen = :gen", "")),
    "extends what is done": extend(text(CONDITION, "#state = :running AND ", "")),
    "does not extend the lease": extend(text(UPDATE, "SET #lease_until = :lease_until, ", "SET ")),
    "lets a record expire under its lease": extend(text(UPDATE, KEPT, "")),
}


def subject(fault: str) -> MotoSubject:
    """DynamoDB with one of these faults."""
    if fault == "looks before it writes":
        return MotoSubject(Unconditional(), kind=LooksFirst)
    return MotoSubject(FAULTS[fault]())
