"""What an application has registered, as rows: its routes and its consumers."""

from collections.abc import Sequence
from typing import NamedTuple

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
            options: dict[str, object] = {"idempotent": True} if each.options.get("idempotent") else {}
            name = describe(each.function)
            listed.extend(Row("http", f"{method} {each.path}", name, options) for method in each.methods)
        else:
            listed.append(Row("mount", each.path or "/", type(each.app).__name__, {}))
    listed.extend(_row(consumer, consumer.name or "(any)") for consumer in app._known_consumers().all())  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    registry = app._registry  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    if registry is not None:
        listed.extend(_row(handler.consumer, handler.title) for _, handler in registry.handlers.all())
    return listed


def _row(consumer: Consumer, what: str) -> Row:
    given = consumer.options
    options: dict[str, object] = {"concurrency": given.concurrency}
    options |= {name: True for name in ("batch", "idempotent") if getattr(given, name)}
    if given.order is not None:
        options["order"] = given.order
    return Row(consumer.source, what, consumer.label, options)


def consumer_of(app: App, source: str, name: str) -> Consumer:
    """The one that takes what comes from there. Raises NoConsumerError, which names those there are."""
    return app._known_consumers().find(source, name)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


def table(listed: Sequence[Row]) -> list[str]:
    """Lines of text in columns."""
    cells = [[row.kind, row.what, row.function, _said(row.options)] for row in listed]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]


def _said(options: dict[str, object]) -> str:
    return ", ".join(name if value is True else f"{name}={value}" for name, value in options.items())
