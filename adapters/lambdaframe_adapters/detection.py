"""Which source an event is from. The predicates are disjoint: the order of the list decides nothing but the cost."""

from collections.abc import Mapping
from typing import Any, Final

from lambdaframe.errors import UnknownEventError
from lambdaframe_adapters import (
    alb,
    dynamodb,
    empty_batch,
    function_url,
    http_api,
    http_api_v1,
    kinesis,
    rest_api,
    sqs,
)
from lambdaframe_adapters._json import ARRAY, OBJECT
from lambdaframe_adapters.sources import Source

_ALL: Final[tuple[Source, ...]] = (
    http_api,
    sqs,
    rest_api,
    function_url,
    alb,
    kinesis,
    dynamodb,
    http_api_v1,
    empty_batch,
)

SOURCES: Final[Mapping[str, Source]] = {source.name: source for source in _ALL}
"""Every source by its name."""


def detect(event: Any) -> Source:
    """The one source that made this event.

    Raises UnknownEventError, with the keys that were seen, for any other JSON value.
    """
    for source in _ALL:
        if source.matches(event):
            return source
    raise UnknownEventError(event, _reason(event))


def _reason(event: Any) -> str | None:
    """What the event was nearly: a payload version or a record source that is not known."""
    if not isinstance(event, OBJECT):
        return None
    if isinstance(event.get("requestContext"), OBJECT) and event.get("version") not in (None, "1.0", "2.0"):
        return f"The payload format version {str(event['version'])[:40]!r} is not known, only '1.0' and '2.0' are"
    records = event.get("Records")
    if isinstance(records, ARRAY) and records and isinstance(records[0], OBJECT):
        seen = records[0].get("eventSource", records[0].get("EventSource"))
        return f"Records of {str(seen)[:40]!r} have no source here" if seen else None
    return None
