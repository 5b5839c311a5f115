"""The id that all lines of one piece of work share, across services: where it comes from and how it is passed on.

async with httpx.AsyncClient() as client:
    await client.get(url, headers=outgoing_headers())
"""

import sys
from collections.abc import Mapping
from typing import Any

from lambdaframe.invocation import current, current_record


def correlation_id() -> str | None:
    """Of the record in work, else of the request or event; None outside an invocation. See ``Invocation`` and
    ``Record`` for where it comes from."""
    record = current_record.get()
    if record is not None:
        return record.correlation_id
    invocation = current.get(None)
    return None if invocation is None else invocation.correlation_id


def trace_carrier() -> Mapping[str, str]:
    """The trace headers that came with the record in work, else with the request: lower-case names; empty without."""
    record = current_record.get()
    if record is not None:
        return record.carrier
    invocation = current.get(None)
    return {} if invocation is None else invocation.carrier


def outgoing_headers() -> dict[str, str]:
    """Headers for a call to another service, so that its lines and spans belong to the same work.

    ``x-request-id`` is the correlation id. ``traceparent``, ``tracestate`` and ``x-amzn-trace-id`` go on as they came;
    inside a span of OpenTelemetry's, its propagators write them. Empty outside an invocation.
    """
    own = correlation_id()
    if own is None:
        return {}
    carrier = trace_carrier()
    passed = {name: carrier[name] for name in ("traceparent", "tracestate", "x-amzn-trace-id") if name in carrier}
    return {"x-request-id": own, **passed, **_of_the_span()}


def _of_the_span() -> dict[str, str]:
    if "opentelemetry.trace" not in sys.modules:  # who has not loaded it has no span
        return {}
    from opentelemetry import propagate

    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    return carrier


def outgoing_attributes() -> dict[str, Any]:
    """The same as ``MessageAttributes`` of SQS and SNS, which take ten at most."""
    return {name: {"DataType": "String", "StringValue": value} for name, value in outgoing_headers().items()}
