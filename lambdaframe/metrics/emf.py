"""Measurements as lines of CloudWatch's embedded metric format. Pure: measurements in, JSON texts out.

One line holds one set of dimensions, at most 100 metrics of at most 100 values each; what is more goes on in further
lines. A set has at most 30 dimensions: those beyond are kept as plain properties of the line.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

import orjson

from lambdaframe.logging.values import plain

MOST_METRICS = 100
MOST_VALUES = 100
MOST_DIMENSIONS = 30
LONGEST_NAME = 1024
LONGEST_VALUE = 1024
"""Characters of a metric's name, and of a dimension's value."""

Dimensions: TypeAlias = tuple[tuple[str, str], ...]


class Measurement(NamedTuple):
    """One value. ``resolution`` in seconds, 1 or 60."""

    namespace: str
    dimensions: Dimensions
    name: str
    unit: str
    resolution: int
    value: float


_Metric: TypeAlias = tuple[str, str, int]
"""Name, unit, resolution."""


def lines(measurements: Iterable[Measurement], timestamp: int, properties: Mapping[str, Any]) -> Iterator[bytes]:
    """The lines, one JSON object each. ``timestamp``: milliseconds since the epoch. ``properties`` stand in each line,
    to be searched for in the log; dimensions and metrics win over them where names meet."""
    grouped: dict[tuple[str, Dimensions], dict[_Metric, list[float]]] = {}
    for one in measurements:
        metrics = grouped.setdefault((one.namespace, one.dimensions), {})
        metrics.setdefault((one.name, one.unit, one.resolution), []).append(one.value)
    for (namespace, dimensions), metrics in grouped.items():
        for part in _parts(metrics):
            yield _line(namespace, dimensions, part, timestamp, properties)


def _parts(metrics: Mapping[_Metric, list[float]]) -> Iterator[dict[_Metric, list[float]]]:
    """The metrics in parts that fit a line. A name stands once in a line: in another unit it goes into the next."""
    waiting: list[tuple[_Metric, list[float]]] = [
        (metric, values[at : at + MOST_VALUES])
        for metric, values in metrics.items()
        for at in range(0, len(values), MOST_VALUES)
    ]
    while waiting:
        part: dict[_Metric, list[float]] = {}
        names: set[str] = set()
        later: list[tuple[_Metric, list[float]]] = []
        for metric, values in waiting:
            if len(part) == MOST_METRICS or metric[0] in names:
                later.append((metric, values))
            else:
                part[metric] = values
                names.add(metric[0])
        yield part
        waiting = later


def _line(
    namespace: str,
    dimensions: Dimensions,
    metrics: Mapping[_Metric, list[float]],
    timestamp: int,
    properties: Mapping[str, Any],
) -> bytes:
    directive = {
        "Namespace": namespace,
        "Dimensions": [[name for name, _ in dimensions[:MOST_DIMENSIONS]]],
        "Metrics": [
            {"Name": name, "Unit": unit, **({"StorageResolution": 1} if resolution == 1 else {})}
            for name, unit, resolution in metrics
        ],
    }
    line = {
        "_aws": {"Timestamp": timestamp, "CloudWatchMetrics": [directive]},
        **{name: value for name, value in properties.items() if name != "_aws"},
        **dict(dimensions),
        **{name: values[0] if len(values) == 1 else values for (name, _, _), values in metrics.items()},
    }
    try:
        return orjson.dumps(line)
    except TypeError:
        return orjson.dumps(plain(line))
