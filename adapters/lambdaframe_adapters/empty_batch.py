"""A batch without records. It does not tell whose it is, and there is nothing to do: an empty success."""

from collections.abc import Collection, Iterator
from typing import Any, Final

from lambdaframe.records.record import Record
from lambdaframe.types import Event, LambdaContext, Scope
from lambdaframe_adapters._json import OBJECT

name: Final = "empty_batch"
kind: Final = "records"


def matches(event: Any) -> bool:
    """``{"Records": []}``."""
    return isinstance(event, OBJECT) and event.get("Records") == [] and "requestContext" not in event


def identities(event: Event) -> tuple[str, ...]:
    """None: there is no record to tell."""
    return ()


def scope(event: Event, context: LambdaContext | None) -> Scope:
    """A ``records`` scope of no source in particular; the entry point need not run the app for it."""
    return {
        "type": "records",
        "asgi": {"version": "3.0"},
        "source": name,
        "name": None,
        "arn": None,
        "order": "none",
        "extensions": {"lambda": {"event": event, "context": context}},
    }


def records(event: Event) -> Iterator[Record]:
    """No record."""
    return iter(())


def failures(event: Event, not_done: Collection[str], received: int) -> dict[str, Any]:
    """The whole success."""
    return {"batchItemFailures": []}
