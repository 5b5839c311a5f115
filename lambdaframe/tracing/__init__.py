"""Traces by OpenTelemetry, where it is installed: ``App(tracing=True)``, extra ``[otel]``.

The framework makes spans with OpenTelemetry's API; which spans are kept and where they go is the SDK's, a layer's or an
agent's business: https://opentelemetry.io/docs/languages/python/. Without ``tracing`` nothing of it is imported.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lambdaframe.tracing.spans import Tracing, record_spans
    from lambdaframe.tracing.store import traced_store

_HOME = {
    "Tracing": "lambdaframe.tracing.spans",
    "record_spans": "lambdaframe.tracing.spans",
    "traced_store": "lambdaframe.tracing.store",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


__all__ = ["Tracing", "record_spans", "traced_store"]
