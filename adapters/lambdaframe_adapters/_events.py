"""Shared pure code of the sources of single events."""

from datetime import UTC, datetime
from typing import Any, Final

from lambdaframe.types import Event, LambdaContext, Scope
from lambdaframe_adapters._json import ARRAY, OBJECT

_TELLTALES: Final = frozenset(
    {"requestContext", "Records", "records", "awslogs", "detail-type", "Event", "rawPath", "raw_path"}
)


def tells_only(event: Any, key: str) -> bool:
    """Whether of the keys that tell sources apart the event has no other than this one."""
    return all(found == key or found not in event for found in _TELLTALES)


def first_record(event: Any) -> Any:
    """The first of a list of records, if it is an object; else None."""
    if not isinstance(event, OBJECT) or "requestContext" in event:
        return None
    records = event.get("Records")
    if not isinstance(records, ARRAY) or not records or not isinstance(records[0], OBJECT):
        return None
    return records[0]


def scope(event: Event, context: LambdaContext | None, source: str, arn: str | None = None) -> Scope:
    """The ``records`` scope of a source whose records find their handlers one by one: it has no name."""
    return {
        "type": "records",
        "asgi": {"version": "3.0"},
        "source": source,
        "name": None,
        "arn": arn,
        "order": "none",
        "extensions": {"lambda": {"event": event, "context": context}},
    }


def instant(text: Any) -> datetime | None:
    """An aware datetime, in UTC, of a time as AWS's JSON has it (``2026-01-31T12:00:00.000Z``); None for anything
    else."""
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None
