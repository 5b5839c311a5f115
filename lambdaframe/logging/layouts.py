"""Whose names a line's keys have. A layout is a function from an entry (see ``processors``) to what is written.

``powertools``: as it is. ``aws``: as Lambda's own JSON lines. ``ecs``: Elastic Common Schema. ``otel``: the log data
model of OpenTelemetry.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html
https://www.elastic.co/guide/en/ecs/current/ecs-field-reference.html
https://opentelemetry.io/docs/specs/otel/logs/data-model/
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from lambdaframe.logging.processors import Entry, Layout, LayoutName

_AWS: Mapping[str, str] = {
    "function_request_id": "requestId",
    "exception_name": "errorType",
    "function_arn": "functionArn",
    "function_name": "functionName",
}
_ECS: Mapping[str, str] = {
    "service": "service.name",
    "logger": "log.logger",
    "function_name": "faas.name",
    "function_arn": "faas.id",
    "function_request_id": "faas.execution",
    "cold_start": "faas.coldstart",
    "trace_id": "trace.id",
    "span_id": "span.id",
    "exception_name": "error.type",
    "exception": "error.stack_trace",
    "method": "http.request.method",
    "status": "http.response.status_code",
    "route": "http.route",
}
_RESOURCE: Mapping[str, str] = {
    "service": "service.name",
    "function_name": "faas.name",
    "function_arn": "cloud.resource_id",
    "function_memory_size": "faas.max_memory",
}
_OTEL: Mapping[str, str] = {
    "location": "code.function.name",
    "function_request_id": "faas.invocation_id",
    "cold_start": "faas.coldstart",
    "exception_name": "exception.type",
    "exception": "exception.stacktrace",
    "method": "http.request.method",
    "status": "http.response.status_code",
    "route": "http.route",
}
_SEVERITIES: Mapping[str, int] = {
    "TRACE": 1,
    "DEBUG": 5,
    "INFO": 9,
    "WARNING": 13,
    "WARN": 13,
    "ERROR": 17,
    "CRITICAL": 21,
    "FATAL": 21,
}


def rfc3339(seconds: Any) -> Any:
    """``2026-01-02T03:04:05.678Z``; what is no number as it is."""
    if type(seconds) is not float:
        return seconds
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def aws(entry: Entry) -> Entry:
    """``timestamp``, ``level``, ``message``, ``requestId`` first, as awslambdaric writes them."""
    head = {
        "timestamp": rfc3339(entry.pop("timestamp", None)),
        "level": entry.pop("level", None),
        "message": entry.pop("message", None),
    }
    trace: Any = entry.pop("stack_trace", None)
    line = {**head, **{_AWS.get(key, key): value for key, value in entry.items()}}
    if trace is not None:
        line["errorMessage"] = trace["value"]
        line["stackTrace"] = str(line.pop("exception", "")).splitlines()
    return line


def ecs(entry: Entry) -> Entry:
    """Names with dots; keys that the schema does not know stand under ``labels``, as it wants them."""
    location = str(entry.pop("location", "")).rpartition(":")
    line: Entry = {
        "@timestamp": rfc3339(entry.pop("timestamp", None)),
        "log.level": str(entry.pop("level", "")).lower(),
        "message": entry.pop("message", None),
        "ecs.version": "8.11.0",
        "log.origin": {"function": location[0], "file.line": int(location[2]) if location[2].isdecimal() else None},
    }
    trace: Any = entry.pop("stack_trace", None)
    if trace is not None:
        line["error.message"] = trace["value"]
    labels: Entry = {}
    for key, value in entry.items():
        if key in _ECS:
            line[_ECS[key]] = value
        else:
            labels[key] = value
    return {**line, "labels": labels} if labels else line


def otel(entry: Entry) -> Entry:
    """``Timestamp`` in nanoseconds, ``SeverityText``, ``Body``, ``Resource`` and ``Attributes``."""
    seconds, level = entry.pop("timestamp", None), entry.pop("level", None)
    line: Entry = {
        "Timestamp": round(seconds * 1_000) * 1_000_000 if type(seconds) is float else seconds,
        "SeverityText": level,
        "SeverityNumber": _SEVERITIES.get(str(level), 9),
        "Body": entry.pop("message", None),
    }
    for name, key in (("TraceId", "trace_id"), ("SpanId", "span_id")):
        if key in entry:
            line[name] = entry.pop(key)
    trace: Any = entry.pop("stack_trace", None)
    if trace is not None:
        entry["exception.message"] = trace["value"]
    if "logger" in entry:
        line["InstrumentationScope"] = {"Name": entry.pop("logger")}
    line["Resource"] = {_RESOURCE[key]: entry.pop(key) for key in list(entry) if key in _RESOURCE}
    line["Attributes"] = {_OTEL.get(key, key): value for key, value in entry.items()}
    return line


LAYOUTS: Mapping[LayoutName, Layout | None] = {"powertools": None, "aws": aws, "ecs": ecs, "otel": otel}
