"""How records lie in a DynamoDB table: pure functions between the state machine's words and UpdateItem's.

A layout writes the ``allowed`` column of ``transitions.TABLE`` as condition expressions and reads items back. It knows
no network and no clock.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html
"""

from collections.abc import Mapping
from typing import Any, Protocol, TypeAlias

from lambdaframe.idempotency.transitions import (
    ABSENT,
    CLEAN_UP_S,
    SKEW_MS,
    Claim,
    Entry,
    Move,
    Outcome,
)

Item: TypeAlias = Mapping[str, Any]
"""Attributes as DynamoDB sends them: ``{"gen": {"N": "1800000000000"}, …}``."""


class Layout(Protocol):
    """Names and forms of a record's attributes, and the four moves in DynamoDB's expression language.

    The transport adds ``TableName``, ``ReturnValues`` and ``ReturnValuesOnConditionCheckFailure`` to an update. It
    relies on this: the condition holds exactly where ``TABLE`` allows the move at ``now``, and ``entry`` reads every
    item that ``update`` writes. A layout that names keys in a way of its own is a ``store.Naming``, too.
    """

    @property
    def key_attribute(self) -> str:
        """The partition key, a text."""
        ...

    @property
    def sort_attribute(self) -> str | None:
        """The sort key, a text; None for a table without one."""
        ...

    @property
    def ttl_attribute(self) -> str:
        """The number of seconds since the epoch from when on DynamoDB may delete the item."""
        ...

    def update(self, move: Move, claim: Claim, outcome: Outcome, now: int) -> Mapping[str, Any]:
        """UpdateItem's ``Key``, ``UpdateExpression``, ``ConditionExpression``, ``ExpressionAttributeNames`` and
        ``ExpressionAttributeValues`` for a move. ``now``: ms since the epoch."""
        ...

    def entry(self, item: Item, claim: Claim) -> Entry:
        """The record of an item; ABSENT for an empty one."""
        ...

    def took_over(self, item: Item) -> bool:
        """Whether the last acquire of this item was granted over an attempt that never ended."""
        ...


_HELD = "#state = :running AND #owner = :owner AND #gen = :gen"
_STARTABLE = "attribute_not_exists(#state) OR #state = :free OR #expires < :now"
_ABANDONED = "(#state = :running AND #lease_until < :lapsed AND #fingerprint = :fingerprint AND #owner <> :owner)"
_CONDITIONS: Mapping[Move, str] = {
    "acquire": f"{_STARTABLE} OR {_ABANDONED}",
    "complete": _HELD,
    "release": _HELD,
    "extend": _HELD,
}

# The right sides of an update are read from the item as it was before.
_UPDATES: Mapping[Move, str] = {
    "acquire": (
        "SET #previous = if_not_exists(#state, :none), #gen = if_not_exists(#gen, :seed) + :one, #state = :running,"
        " #owner = :owner, #lease_until = :lease_until, #fingerprint = :fingerprint, #expires = :expires, #ttl = :ttl"
        " REMOVE #result, #kind"
    ),
    "complete": "SET #state = :done, #kind = :kind, #result = :result, #expires = :expires, #ttl = :ttl",
    "release": "SET #state = :free",
    "extend": "SET #lease_until = :lease_until, #expires = :expires, #ttl = :ttl",
}


def _names(*attributes: str) -> Mapping[str, str]:
    return {f"#{name}": name for name in attributes}


_NAMES: Mapping[Move, Mapping[str, str]] = {
    "acquire": _names(
        *("previous", "gen", "state", "owner", "lease_until", "fingerprint", "expires", "ttl", "result", "kind")
    ),
    "complete": _names("state", "owner", "gen", "kind", "result", "expires", "ttl"),
    "release": _names("state", "owner", "gen"),
    "extend": _names("state", "owner", "gen", "lease_until", "expires", "ttl"),
}

_RUNNING, _DONE, _FREE, _NONE = ({"S": state} for state in ("R", "D", "F", "-"))
_ONE = {"N": "1"}


class OwnLayout:
    """lambdaframe's own layout: each field of ``Entry`` is an attribute of that name.

    ``previous``: the state that the last acquire found, ``-`` where there was no record.
    """

    __slots__ = ()
    key_attribute = "id"
    sort_attribute = None
    ttl_attribute = "ttl"

    def update(self, move: Move, claim: Claim, outcome: Outcome, now: int) -> Mapping[str, Any]:
        """See Layout."""
        condition = _CONDITIONS[move]
        values: dict[str, Any] = {":running": _RUNNING, ":owner": {"S": claim.owner}}
        if move == "acquire":
            values |= {
                ":none": _NONE,
                ":free": _FREE,
                ":one": _ONE,
                ":seed": {"N": str(now - 1)},
                ":now": {"N": str(now)},
                ":fingerprint": {"S": claim.fingerprint},
            }
            if claim.takeover:
                values[":lapsed"] = {"N": str(now - SKEW_MS)}
            else:
                condition = _STARTABLE
        else:
            values[":gen"] = {"N": str(claim.gen)}
        if move in {"acquire", "extend"}:
            values[":lease_until"] = {"N": str(now + claim.lease_ms)}
        if move == "complete":
            values |= {":done": _DONE, ":kind": {"S": outcome.kind}, ":result": {"B": outcome.result}}
        if move == "release":
            values[":free"] = _FREE
        else:
            expires = now + claim.retention_ms
            values[":expires"] = {"N": str(expires)}
            values[":ttl"] = {"N": str(expires // 1_000 + CLEAN_UP_S)}
        return {
            "Key": {self.key_attribute: {"S": claim.key}},
            "UpdateExpression": _UPDATES[move],
            "ConditionExpression": condition,
            "ExpressionAttributeNames": _NAMES[move],
            "ExpressionAttributeValues": values,
        }

    def entry(self, item: Item, claim: Claim) -> Entry:
        """See Layout."""
        if "state" not in item:
            return ABSENT
        return Entry(
            state=item["state"]["S"],
            owner=item["owner"]["S"],
            gen=int(item["gen"]["N"]),
            lease_until=int(item["lease_until"]["N"]),
            fingerprint=item["fingerprint"]["S"],
            expires=int(item["expires"]["N"]),
            ttl=int(item["ttl"]["N"]),
            result=bytes(item["result"]["B"]) if "result" in item else b"",
            kind=item["kind"]["S"] if "kind" in item else "",
        )

    def took_over(self, item: Item) -> bool:
        """See Layout."""
        previous = item.get("previous")
        return previous is not None and previous["S"] == "R"
