"""The embedded metric format, against its JSON schema and its limits."""

import json
import math
from collections.abc import Iterable
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdaframe.metrics.emf import MOST_DIMENSIONS, MOST_METRICS, MOST_VALUES, Measurement, lines
from lambdaframe.metrics.units import UNITS

SCHEMA: dict[str, Any] = {
    # As the specification writes it, with the limits that it says in words.
    "type": "object",
    "required": ["_aws"],
    "properties": {
        "_aws": {
            "type": "object",
            "required": ["Timestamp", "CloudWatchMetrics"],
            "properties": {
                "Timestamp": {"type": "integer"},
                "CloudWatchMetrics": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["Namespace", "Dimensions", "Metrics"],
                        "properties": {
                            "Namespace": {"type": "string", "minLength": 1, "maxLength": 1024},
                            "Dimensions": {
                                "type": "array",
                                "minItems": 1,
                                "items": {
                                    "type": "array",
                                    "maxItems": MOST_DIMENSIONS,
                                    "items": {"type": "string", "minLength": 1, "maxLength": 250},
                                },
                            },
                            "Metrics": {
                                "type": "array",
                                "maxItems": MOST_METRICS,
                                "items": {
                                    "type": "object",
                                    "required": ["Name"],
                                    "properties": {
                                        "Name": {"type": "string", "minLength": 1, "maxLength": 1024},
                                        "Unit": {"enum": sorted(UNITS)},
                                        "StorageResolution": {"enum": [1, 60]},
                                    },
                                },
                            },
                        },
                    },
                },
            },
        }
    },
}
"""https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html"""

names = st.text("abcXYZ_", min_size=1, max_size=8)
measurements = st.builds(
    Measurement,
    namespace=st.sampled_from(["Shop", "Other"]),
    dimensions=st.dictionaries(names.map("dimension_{}".format), st.text(min_size=1, max_size=5), max_size=4).map(
        lambda named: tuple(named.items())
    ),
    name=names,
    unit=st.sampled_from(sorted(UNITS)),
    resolution=st.sampled_from([1, 60]),
    value=st.one_of(st.integers(-(2**52), 2**52), st.floats(allow_nan=False, allow_infinity=False)),
)


def values_of(line: dict[str, Any]) -> Iterable[Measurement]:
    """What CloudWatch reads out of a line."""
    jsonschema.validate(line, SCHEMA)
    for directive in line["_aws"]["CloudWatchMetrics"]:
        [dimension_set] = directive["Dimensions"]
        dimensions = tuple((name, line[name]) for name in dimension_set)
        seen = [metric["Name"] for metric in directive["Metrics"]]
        assert len(seen) == len(set(seen))
        for metric in directive["Metrics"]:
            found = line[metric["Name"]]
            values: list[Any] = found if hasattr(found, "append") else [found]
            assert 1 <= len(values) <= MOST_VALUES
            for value in values:
                resolution = metric.get("StorageResolution", 60)
                yield Measurement(directive["Namespace"], dimensions, metric["Name"], metric["Unit"], resolution, value)


@given(st.lists(measurements, max_size=60), st.dictionaries(names, st.text(max_size=5), max_size=3))
def test_everything_measured_is_read_again(measured: list[Measurement], properties: dict[str, str]) -> None:
    written = [json.loads(line) for line in lines(measured, 1_700_000_000_000, properties)]
    found = [value for line in written for value in values_of(line)]
    assert sorted(map(repr, found)) == sorted(map(repr, measured))


@pytest.mark.parametrize("count", [1, 100, 101, 250])
def test_many_values_and_many_metrics_go_into_further_lines(count: int) -> None:
    values = [Measurement("Shop", (), "Latency", "Milliseconds", 60, at) for at in range(count)]
    assert len(list(lines(values, 0, {}))) == math.ceil(count / MOST_VALUES)
    metrics = [Measurement("Shop", (), f"Metric{at}", "Count", 60, 1) for at in range(count)]
    assert len(list(lines(metrics, 0, {}))) == math.ceil(count / MOST_METRICS)


def test_one_name_in_two_units_goes_into_two_lines() -> None:
    measured = [Measurement("Shop", (), "Size", unit, 60, 1) for unit in ("Bytes", "Count")]
    assert len(list(lines(measured, 0, {}))) == 2


def test_dimensions_beyond_the_limit_stay_as_properties() -> None:
    dimensions = tuple((f"d{at}", "x") for at in range(MOST_DIMENSIONS + 3))
    [line] = map(json.loads, lines([Measurement("Shop", dimensions, "Orders", "Count", 60, 1)], 0, {}))
    assert len(line["_aws"]["CloudWatchMetrics"][0]["Dimensions"][0]) == MOST_DIMENSIONS
    assert line[f"d{MOST_DIMENSIONS + 2}"] == "x"


def test_a_line_to_the_letter() -> None:
    measured = [
        Measurement("Shop", (("service", "orders"),), "OrdersPlaced", "Count", 60, 1),
        Measurement("Shop", (("service", "orders"),), "Latency", "Milliseconds", 1, 1.5),
        Measurement("Shop", (("service", "orders"),), "Latency", "Milliseconds", 1, 2.5),
    ]
    [line] = lines(measured, 1_700_000_000_000, {"order_id": 7})
    assert line == (
        b'{"_aws":{"Timestamp":1700000000000,"CloudWatchMetrics":[{"Namespace":"Shop","Dimensions":[["service"]],'
        b'"Metrics":[{"Name":"OrdersPlaced","Unit":"Count"},{"Name":"Latency","Unit":"Milliseconds",'
        b'"StorageResolution":1}]}]},"order_id":7,"service":"orders","OrdersPlaced":1,"Latency":[1.5,2.5]}'
    )
