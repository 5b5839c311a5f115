"""Direct invocation, a Step Functions task among them: any JSON value that is of no other source.

It is not detected: an application says that it takes such values, see ``admission``.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-sync.html
https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html
"""

from collections.abc import Iterator
from typing import Any, Final

from lambdaframe.events.record import EventFields, EventRecord
from lambdaframe.records.record import Record, RecordFields
from lambdaframe.types import LambdaContext, Scope
from lambdaframe_adapters import _events
from lambdaframe_adapters._json import OBJECT

name: Final = "invoke"
kind: Final = "events"


def matches(event: Any) -> bool:
    """Any JSON value that is no request: what has a ``requestContext`` is of a gateway."""
    return not (isinstance(event, OBJECT) and isinstance(event.get("requestContext"), OBJECT))


def identities(event: Any) -> tuple[str, ...]:
    """None: the event is whatever the caller sent."""
    return ()


def scope(event: Any, context: LambdaContext | None) -> Scope:
    """The ``records`` scope; see ``sources.EventSource``."""
    return _events.scope(event, context, name)


def records(event: Any) -> Iterator[Record]:
    """One record, the value itself. It has no id: callers send none."""
    yield EventRecord("invoke", event, _FIELDS, _EVENT)


def _itself(event: Any) -> Any:
    return event


def _whole(event: Any, payload: Any) -> Any:
    return payload


_FIELDS: Final = RecordFields(source=name, body=_itself)
_EVENT: Final = EventFields(facts=_itself, whole=_whole)
