"""``metrics``: the object that applications measure with."""

import math
import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from lambdaframe.errors import ConfigurationError
from lambdaframe.logging import get_logger, write_line
from lambdaframe.logging.values import text
from lambdaframe.metrics.collector import Collector, collector, dimensions
from lambdaframe.metrics.emf import LONGEST_NAME, LONGEST_VALUE, MOST_DIMENSIONS, Dimensions, Measurement
from lambdaframe.metrics.units import UNITS, Resolution, Unit

_log = get_logger("lambdaframe.metrics")


class Settings(NamedTuple):
    """``namespace``: of CloudWatch. ``dimensions``: of every metric. ``disabled``: nothing is written."""

    namespace: str
    dimensions: Mapping[str, str]
    disabled: bool


def from_environment(env: Mapping[str, str]) -> Settings:
    """LAMBDAFRAME_METRICS_NAMESPACE or POWERTOOLS_METRICS_NAMESPACE; LAMBDAFRAME_SERVICE or POWERTOOLS_SERVICE_NAME,
    which is the dimension ``service``; LAMBDAFRAME_METRICS_DISABLED or POWERTOOLS_METRICS_DISABLED."""

    def first(name: str, *more: str) -> str:
        return next((env[each] for each in (f"LAMBDAFRAME_{name}", *more) if env.get(each)), "")

    service = first("SERVICE", "POWERTOOLS_SERVICE_NAME")
    disabled = first("METRICS_DISABLED", "POWERTOOLS_METRICS_DISABLED").lower() in {"1", "true", "yes", "on", "y", "t"}
    return Settings(
        first("METRICS_NAMESPACE", "POWERTOOLS_METRICS_NAMESPACE") or "lambdaframe",
        {"service": service} if service else {},
        disabled,
    )


class Metrics:
    """Measures. Nothing here raises but ``configure``: what can't be a metric is logged, with its value.

    Inside a request, batch or event measurements are collected and written when it ends, however it ends; elsewhere
    each is written at once.
    """

    __slots__ = ("settings",)

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def configure(
        self,
        *,
        namespace: str | None = None,
        dimensions: Mapping[str, str] | None = None,
        disabled: bool | None = None,
    ) -> None:
        """Change where metrics go, from the next one on. What is not given stays as it is. Raises ConfigurationError
        for a namespace that CloudWatch does not take."""
        if namespace is not None and (not 1 <= len(namespace) <= 255 or namespace.startswith("AWS/")):
            raise ConfigurationError(f"A namespace has 1 to 255 characters and does not start with AWS/: {namespace!r}")
        given: dict[str, Any] = {"namespace": namespace, "dimensions": dimensions, "disabled": disabled}
        self.settings = self.settings._replace(**{name: it for name, it in given.items() if it is not None})

    def add(
        self,
        name: str,
        value: float = 1,
        *,
        unit: Unit = "Count",
        resolution: Resolution = 60,
        dimensions: Mapping[str, str] | None = None,
        namespace: str | None = None,
    ) -> None:
        """Measure once. ``dimensions`` come on top of the configured and the bound ones. ``resolution``: seconds."""
        settings = self.settings
        if settings.disabled:
            return
        where = self._dimensions(dimensions)
        number = _number(value)
        if fault := _fault(name, number, unit, resolution, where):
            _log.error("Not a metric", metric=text(name), value=text(value), unit=text(unit), reason=fault)
            return
        measured = Measurement(namespace or settings.namespace, where, name, unit, resolution, number)
        kept = collector.get() or Collector()
        kept.add(measured)
        if kept.full or kept is not collector.get():
            write(kept)

    def bind(self, **named: str) -> None:
        """Add dimensions to what the current request or record measures from here on."""
        dimensions.set({**dimensions.get(), **named})

    @contextmanager
    def bound(self, **named: str) -> Generator[None]:
        """Dimensions of what is measured inside the block."""
        before = dimensions.get()
        dimensions.set({**before, **named})
        try:
            yield
        finally:
            dimensions.set(before)

    def annotate(self, **properties: Any) -> None:
        """Put properties into the lines of the current request's metrics: to be searched for, not to be counted by.
        Nothing outside of one."""
        kept = collector.get()
        if kept is not None:
            kept.properties = {**kept.properties, **properties}

    def flush(self) -> None:
        """Write what was measured so far in the current request."""
        kept = collector.get()
        if kept is not None:
            write(kept)

    def _dimensions(self, own: Mapping[str, str] | None) -> Dimensions:
        named = {**self.settings.dimensions, **dimensions.get(), **(own or {})}
        found = tuple([(text(name), text(value)[:LONGEST_VALUE]) for name, value in named.items() if text(value)])
        if len(found) > MOST_DIMENSIONS:
            _log.warning("More dimensions than CloudWatch takes", dimensions=len(found), limit=MOST_DIMENSIONS)
        return found

    def __repr__(self) -> str:
        return f"<Metrics {self.settings.namespace}>"


def write(kept: Collector) -> None:
    """Write a collector's lines where log lines go."""
    for line in kept.take():
        write_line(line)


def _number(value: Any) -> float:
    """The value as JSON and CloudWatch know it; NaN for what is no number."""
    try:
        return value if type(value) is int and abs(value) < 2**53 else float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan


def _fault(name: Any, value: float, unit: Any, resolution: Any, where: Dimensions) -> str | None:
    if not isinstance(name, str) or not 1 <= len(name) <= LONGEST_NAME or not name.isascii():
        return f"a name is 1 to {LONGEST_NAME} ASCII characters"
    if name == "_aws" or any(known == name for known, _ in where):
        return "the name is taken, by a dimension or by the format itself"
    if not math.isfinite(value):
        return "a value is a finite number"
    if unit not in UNITS:
        return "CloudWatch has no such unit"
    return None if resolution in (1, 60) else "a resolution is 1 or 60 seconds"


metrics = Metrics(from_environment(os.environ))
"""The process's metrics."""
