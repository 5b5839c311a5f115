"""Ids that travel with a request or a record: read from what came with it, never trusted to be well-formed.

A carrier is a mapping from lower-case header names to text: ``traceparent``, ``tracestate`` and ``baggage``
(https://www.w3.org/TR/trace-context/), ``x-amzn-trace-id``
(https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader), and the ids that
services agree on among themselves.
"""

import re
from collections.abc import Iterable, Mapping

OWN_IDS = ("x-request-id", "x-correlation-id", "correlation_id", "correlation-id")
"""Where a caller says which id its work goes by, the first one that is well-formed."""

TRACES = ("traceparent", "tracestate", "baggage", "x-amzn-trace-id")

_NAMES = frozenset((*OWN_IDS, *TRACES))
_BYTES = {name.encode(): name for name in _NAMES}

# Compiled when they are first needed: a cold start has no time for it.
_ID = r"[!-~]{1,128}"
_TRACEPARENT = r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?"
_ROOT = r"(?:^|;)\s*Root=(1-[0-9a-f]{8}-[0-9a-f]{24})(?:;|$)"


def carrier_of_headers(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """The carrier among ASGI headers; of one that comes twice, the first."""
    found: dict[str, str] = {}
    for name, value in headers:
        if name in _BYTES:
            found.setdefault(_BYTES[name], value.decode("latin-1"))
    return found


def carrier_of(attributes: Mapping[str, object]) -> dict[str, str]:
    """The carrier among a message's attributes: names in any case, texts or UTF-8."""
    found: dict[str, str] = {}
    for name, value in attributes.items():
        lowered = name.lower()
        if lowered in _NAMES:
            if isinstance(value, bytes):
                value = value.decode("utf-8", "replace")
            if isinstance(value, str):
                found.setdefault(lowered, value)
    return found


def own_id(carrier: Mapping[str, str]) -> str | None:
    """What the caller calls its work: 1 to 128 visible ASCII characters, or None."""
    for name in OWN_IDS:
        value = carrier.get(name)
        if value is not None and re.fullmatch(_ID, value):
            return value
    return None


def trace_id(carrier: Mapping[str, str]) -> str | None:
    """The id of the trace: W3C's, 32 hexadecimal digits, or X-Ray's root (``1-…-…``); None where there is neither."""
    parent, header = carrier.get("traceparent"), carrier.get("x-amzn-trace-id")
    known = None if parent is None else re.fullmatch(_TRACEPARENT, parent)
    if known:
        return known[1]
    return None if header is None else xray_root(header)


def xray_root(header: str) -> str | None:
    """``Root`` of an X-Ray trace header, or None."""
    found = re.search(_ROOT, header)
    return found[1] if found else None
