"""The four moves as updates of an item in Powertools' format, in DynamoDB's expression language.

``#key``, ``#status``, ``#expiration``, ``#in_progress_expiration``, ``#data`` and ``#validation`` stand for Powertools'
attributes, the other names for ours. Why the moves are as they are stands in ``powertools_layout``.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, NamedTuple

from lambdaframe.idempotency.stores.powertools_json import is_json
from lambdaframe.idempotency.transitions import SKEW_MS, Claim, Kind, Move, Outcome

INPROGRESS = "INPROGRESS"
COMPLETED = "COMPLETED"
FINAL_ERROR = "FINAL_ERROR"
RESULT_OMITTED = "RESULT_OMITTED"
RESULT_NOT_JSON = "RESULT_NOT_JSON"

OWN_STATUS: Mapping[str, Kind] = {FINAL_ERROR: "error", RESULT_OMITTED: "omitted", RESULT_NOT_JSON: "ok"}

_FREE = "#status = :inprogress AND #in_progress_expiration = :zero"
_HELD = (
    "#status = :inprogress AND #owner = :owner AND #gen = :gen"
    " AND (attribute_not_exists(#in_progress_expiration) OR #in_progress_expiration > :zero)"
)
_STARTABLE = f"attribute_not_exists(#key) OR #expiration < :seconds OR ({_FREE})"
_ABANDONED = (
    "#status = :inprogress AND (attribute_not_exists(#validation) OR #validation = :fingerprint)"
    " AND ((attribute_exists(#owner) AND NOT #owner = :owner AND #lease_until < :lapsed)"
    " OR (attribute_not_exists(#owner) AND #in_progress_expiration < :lapsed))"
)
# The right sides are read from the item as it was before.
_ACQUIRE = (
    "SET #previous = if_not_exists(#status, :none), #previous_lease = if_not_exists(#in_progress_expiration, :one),"
    " #gen = if_not_exists(#gen, :seed) + :one, #status = :inprogress, #owner = :owner, #validation = :fingerprint,"
    " #lease_until = :lease_until, #expiration = :expiration"
)
_EXTEND = "SET #lease_until = :lease_until, #expiration = :expiration"
_TAKEN_AT = ", #in_progress_expiration = :taken_at"
_COMPLETE = "SET #status = :status, #data = :data, #digest = :digest, #expiration = :expiration"
_COMPLETE_OTHERWISE = "SET #status = :status, #result = :result, #expiration = :expiration"
_RELEASE = "SET #in_progress_expiration = :zero"


class Update(NamedTuple):
    """An UpdateItem without its key and the meaning of its ``#names``."""

    expression: str
    condition: str
    values: Mapping[str, Any]


def update_for(move: Move, claim: Claim, outcome: Outcome, now: int) -> Update:
    """The update for a move. ``now``: ms since the epoch."""
    if move == "acquire":
        return _acquire(claim, now)
    if move == "complete":
        return _complete(claim, outcome, now)
    if move == "extend":
        return _extend(claim, now)
    return Update(_RELEASE, _HELD, _holder(claim))


def _acquire(claim: Claim, now: int) -> Update:
    values = {
        ":inprogress": {"S": INPROGRESS},
        ":owner": {"S": claim.owner},
        ":fingerprint": {"S": claim.fingerprint},
        ":seconds": _n(now // 1_000),
        ":none": {"S": "-"},
        ":zero": _n(0),
        ":one": _n(1),
        ":seed": _n(now - 1),
        **_lease(claim, now),
    }
    if not claim.takeover:
        return Update(f"{_ACQUIRE} REMOVE #data, #result, #digest, #in_progress_expiration", _STARTABLE, values)
    values[":lapsed"] = _n(now - SKEW_MS)
    expression = f"{_ACQUIRE}{_TAKEN_AT} REMOVE #data, #result, #digest"
    return Update(expression, f"{_STARTABLE} OR ({_ABANDONED})", values)


def _extend(claim: Claim, now: int) -> Update:
    expression = _EXTEND + (_TAKEN_AT if claim.takeover else " REMOVE #in_progress_expiration")
    return Update(expression, _HELD, _holder(claim) | _lease(claim, now))


def _complete(claim: Claim, outcome: Outcome, now: int) -> Update:
    values = _holder(claim) | {":expiration": _expiration(claim, now)}
    if outcome.kind == "ok" and is_json(outcome.result):
        values |= {
            ":status": {"S": COMPLETED},
            ":data": {"S": outcome.result.decode()},
            ":digest": {"S": sha256(outcome.result).hexdigest()},
        }
        return Update(_COMPLETE, _HELD, values)
    status = next(status for status, kind in OWN_STATUS.items() if kind == outcome.kind)
    values |= {":status": {"S": status}, ":result": {"B": outcome.result}}
    return Update(_COMPLETE_OTHERWISE, _HELD, values)


def _holder(claim: Claim) -> dict[str, Any]:
    """The values of ``_HELD``."""
    return {
        ":inprogress": {"S": INPROGRESS},
        ":owner": {"S": claim.owner},
        ":gen": _n(claim.gen),
        ":zero": _n(0),
    }


def _lease(claim: Claim, now: int) -> dict[str, Any]:
    lease_until = now + claim.lease_ms
    values = {":lease_until": _n(lease_until), ":expiration": _expiration(claim, now)}
    return values | ({":taken_at": _n(lease_until + SKEW_MS)} if claim.takeover else {})


def _expiration(claim: Claim, now: int) -> Mapping[str, str]:
    return _n((now + claim.retention_ms) // 1_000)


def _n(number: int) -> dict[str, str]:
    return {"N": str(number)}
