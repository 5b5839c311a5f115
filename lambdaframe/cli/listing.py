"""What an application has registered, as rows: its routes and its consumers."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple, cast

from lambdaframe.app import App
from lambdaframe.http.routing.routes import Route
from lambdaframe.records.consumer import Consumer
from lambdaframe.signature import describe


class Row(NamedTuple):
    """``kind``: ``http``, ``mount`` or a source's name. ``what``: a method and path, or a queue's or stream's name."""

    kind: str
    what: str
    function: str
    options: dict[str, object]


def rows(app: App) -> list[Row]:
    """Routes in the order they were written, then consumers in theirs."""
    listed: list[Row] = []
    for each in app.routes:
        if isinstance(each, Route):
            options = _idempotent(each.idempotent)
            name = describe(each.function)
            listed.extend(Row("http", f"{method} {each.path}", name, options) for method in each.methods)
        else:
            listed.append(Row("mount", each.path or "/", type(each.app).__name__, {}))
    listed.extend(_row(consumer, consumer.name or "(any)") for consumer in app.consumers)
    listed.extend(_row(handler.consumer, handler.title) for _, handler in app.event_handlers)
    return listed


def _row(consumer: Consumer, what: str) -> Row:
    given = consumer.options
    options: dict[str, object] = {"concurrency": given.concurrency}
    if given.batch:
        options["batch"] = True
    options |= _idempotent(given.idempotent)
    if given.key is not None:
        options["key"] = _plain(given.key)
    if given.order is not None:
        options["order"] = given.order
    return Row(consumer.source, what, consumer.label, options)


def _idempotent(given: Mapping[str, object] | None) -> dict[str, object]:
    if given is None:
        return {}
    return {"idempotent": {name: _plain(value) for name, value in given.items()} or True}


def _plain(value: Any) -> object:
    """An option as JSON has it: seconds, a function's name, a list."""
    if isinstance(value, timedelta):
        return value.total_seconds()
    if callable(value):
        return describe(value)
    several: Any = value
    return sorted(several) if isinstance(value, Collection) and not isinstance(value, str) else value


def table(listed: Sequence[Row]) -> list[str]:
    """Lines of text in columns."""
    cells = [[row.kind, row.what, row.function, _said(row.options)] for row in listed]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]


def _said(options: Mapping[str, object]) -> str:
    return ", ".join(_option(name, value) for name, value in options.items())


def _option(name: str, value: object) -> str:
    if isinstance(value, Mapping):
        return f"{name}({_said(cast('Mapping[str, object]', value))})"
    return name if value is True else f"{name}={value}"
