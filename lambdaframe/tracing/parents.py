"""Whose child a span is: the trace context that came with a request, a record or Lambda's own environment.

What the configured propagators read (OTEL_PROPAGATORS; W3C without) wins over X-Ray's header, which is read here so
that no further package is needed: https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
"""

import os
import re
from collections.abc import Mapping

from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

_FIELDS = re.compile(r"(Root|Parent|Sampled)=([^;]*)")
_ROOT = re.compile(r"1-([0-9a-f]{8})-([0-9a-f]{24})")
_PARENT = re.compile(r"[0-9a-f]{16}")


def context_of(carrier: Mapping[str, str]) -> SpanContext | None:
    """The remote span that a carrier names, or None."""
    found = trace.get_current_span(propagate.extract(carrier, context=Context())).get_span_context()
    return found if found.is_valid else xray_context(carrier.get("x-amzn-trace-id", ""))


def lambda_context(env: Mapping[str, str] = os.environ) -> SpanContext | None:
    """The span of this invocation that Lambda itself has told X-Ray of, with active tracing; None without."""
    return xray_context(env.get("_X_AMZN_TRACE_ID", ""))


def xray_context(header: str) -> SpanContext | None:
    """The span that an X-Ray trace header names, or None."""
    fields = dict(_FIELDS.findall(header))
    root, parent = _ROOT.fullmatch(fields.get("Root", "")), fields.get("Parent", "")
    if root is None or not _PARENT.fullmatch(parent):
        return None
    flags = TraceFlags.SAMPLED if fields.get("Sampled") == "1" else TraceFlags.DEFAULT
    found = SpanContext(int(root[1] + root[2], 16), int(parent, 16), is_remote=True, trace_flags=TraceFlags(flags))
    return found if found.is_valid else None


def parent_of(carrier: Mapping[str, str]) -> Context | None:
    """The context that a span for this carrier starts in. None, the current one, inside a span: somebody outside, such
    as AWS's own layer, has read the carrier already."""
    if trace.get_current_span().get_span_context().is_valid:
        return None
    found = context_of(carrier) or lambda_context()
    return None if found is None else trace.set_span_in_context(NonRecordingSpan(found))
