"""Whatever is logged: one line, valid JSON, no exception to the caller, nothing else of the line lost."""

import enum
import json
import math
import uuid
from collections import OrderedDict, UserDict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, RootModel, SecretStr

from lambdaframe.logging.configuration import Configuration, Settings
from lambdaframe.logging.loggers import Logger
from lambdaframe.logging.processors import Entry
from tests.logging.written import Written


class Colour(enum.Enum):
    RED = "red"


class Number(enum.IntEnum):
    ONE = 1


class Item(BaseModel):
    sku: str
    count: int = 1
    password: SecretStr = SecretStr("hunter2")


@dataclass
class Order:
    id: int
    items: list[Item]


class Point(NamedTuple):
    x: Any
    y: Any


class Broken:
    def __repr__(self) -> str:
        raise RuntimeError("no repr")


class Liar:
    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(f"no {name}")


class BrokenMapping(UserDict[str, int]):
    def __iter__(self) -> Iterator[str]:
        raise RuntimeError("no keys")


class BrokenModel:
    def model_dump(self, **options: Any) -> Any:
        raise RuntimeError("no dump")


class BrokenNumber(int):
    def __index__(self) -> int:
        raise RuntimeError("no index")

    __str__ = __int__ = __repr__ = __index__  # type: ignore[assignment]  # as broken as can be


class Text(str):
    __slots__ = ()

    def __str__(self) -> str:
        raise RuntimeError("no str")


def cyclic() -> Any:
    value: dict[str, Any] = {"a": [1]}
    value["a"].append(value)
    return value


def deep() -> Any:
    value: Any = "bottom"
    for _ in range(100_000):
        value = [value]
    return value


def entangled() -> Any:
    nodes: list[list[Any]] = [[] for _ in range(30)]
    for node in nodes:
        node.extend(nodes)
    return nodes


def record(**fields: Any) -> Written:
    stream = Written()
    Logger(Configuration(Settings(renderer="json", stream=stream))).info("hello", before=1, **fields, after=2)
    return stream


def shown(value: Any) -> Any:
    stream = record(value=value)
    assert len(stream.writes) == 1
    assert stream.getvalue().count("\n") == 1
    line = stream.line
    assert (line["message"], line["before"], line["after"]) == ("hello", 1, 2)
    assert "logging_error" not in line
    return line["value"]


VALUES: list[tuple[Any, Any]] = [
    ('line\nbreak "quoted"', 'line\nbreak "quoted"'),
    ("nul\x00 and escape\x1b[31m", "nul\x00 and escape\x1b[31m"),
    ("lone \ud800 surrogate", "lone \\ud800 surrogate"),
    ({"\udfff": "\ud800"}, {"\\udfff": "\\ud800"}),
    (math.nan, None),
    ([math.inf, -math.inf], [None, None]),
    (2**64 - 1, 2**64 - 1),
    (2**64, "18446744073709551616"),
    (-(2**63) - 1, "-9223372036854775809"),
    (1 << 100_000, "<integer of 100001 bits>"),
    ({3}, [3]),
    (frozenset({3}), [3]),
    (deque([1, 2]), [1, 2]),
    ((1, (2, 3)), [1, [2, 3]]),
    (b"bytes \xff", "bytes \\xff"),
    (bytearray(b"ab"), "ab"),
    (memoryview(b"ab"), "ab"),
    (Decimal("1.10"), "1.10"),
    (datetime(2026, 1, 2, 3, 4, 5, 678000, UTC), "2026-01-02T03:04:05.678000+00:00"),
    (date(2026, 1, 2), "2026-01-02"),
    (timedelta(seconds=1.5), 1.5),
    (uuid.UUID(int=0), "00000000-0000-0000-0000-000000000000"),
    (PurePosixPath("/tmp/x"), "/tmp/x"),
    (Colour.RED, "red"),
    (Number.ONE, 1),
    (Item(sku="a"), {"sku": "a", "count": 1, "password": "*****"}),
    (RootModel[list[int]]([1, 2]), [1, 2]),
    (Order(7, [Item(sku="a")]), {"id": 7, "items": [{"sku": "a", "count": 1, "password": "*****"}]}),
    (Order, "<class 'tests.logging.test_values.Order'>"),
    (Point(1, 2), {"x": 1, "y": 2}),
    (OrderedDict(a=1), {"a": 1}),
    ({1: "a", None: "b", b"c": "d", (1, 2): "e"}, {"1": "a", "None": "b", "c": "d", "(1, 2)": "e"}),
    (ValueError("bad"), "ValueError('bad')"),
    (Text("sub"), "sub"),
    (Broken(), "<unreadable Broken>"),
    ([Broken(), 1], ["<unreadable Broken>", 1]),
    ({Broken(): 1}, {"<unreadable Broken>": 1}),
    (Liar(), "<unreadable Liar>"),
    (BrokenMapping(a=1), "<unreadable BrokenMapping>"),
    (BrokenModel(), "<unreadable BrokenModel>"),
    (BrokenNumber(7), 7),
    (cyclic(), {"a": [1, "<cyclic dict>"]}),
]


@pytest.mark.parametrize(("value", "expected"), VALUES, ids=[type(value).__name__ for value, _ in VALUES])
def test_values(value: Any, expected: Any) -> None:
    assert shown(value) == expected


def test_too_deep() -> None:
    assert json.dumps(shown(deep())) == "[" * 32 + '"<list nested too deeply>"' + "]" * 32


@pytest.mark.parametrize("make", [entangled, lambda: list(range(1_000_000)), lambda: dict.fromkeys(range(1_000_000))])
def test_too_many(make: Callable[[], Any]) -> None:
    assert len(json.dumps(shown(make()))) < 1_000_000


@pytest.mark.parametrize("message", [None, 7, {"a": Decimal(1)}, Broken(), "\ud800", b"x", ValueError("x"), [cyclic()]])
def test_a_message_may_be_anything(message: Any) -> None:
    stream = Written()
    Logger(Configuration(Settings(renderer="json", stream=stream))).error(message, a=1)
    assert stream.line["a"] == 1


def test_an_exception_that_cannot_be_described() -> None:
    class HostileError(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no str")

        def __getattribute__(self, name: str) -> Any:
            raise RuntimeError(f"no {name}")

    stream = record(exc_info=HostileError())
    assert stream.line["exception_name"] == "HostileError"
    assert stream.line["after"] == 2


scalars: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())
    | st.text(st.characters(categories=["Cs", "Cc", "L"]))
    | st.binary()
    | st.decimals()
    | st.datetimes()
    | st.timedeltas()
    | st.uuids()
    | st.complex_numbers()
    | st.sampled_from([Colour.RED, Order, ...])
    | st.builds(Broken)
    | st.builds(Liar)
    | st.builds(BrokenMapping)
    | st.builds(BrokenModel)
    | st.builds(cyclic)
)
keys = st.text(st.characters()) | st.integers() | st.binary() | st.none() | st.builds(Broken)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner) | st.dictionaries(keys, inner) | st.tuples(inner, inner) | st.builds(Point, inner, inner)
    ),
    max_leaves=20,
)


@given(message=values, fields=st.dictionaries(st.text(st.characters()), values, max_size=5), bound=values)
def test_anything_gives_one_valid_line(message: Any, fields: dict[str, Any], bound: Any) -> None:
    stream = Written()
    log = Logger(Configuration(Settings(renderer="json", stream=stream)), bound=bound)
    log.info(message, **fields)
    assert len(stream.writes) == 1
    assert stream.getvalue().count("\n") == 1
    assert stream.getvalue().encode()
    line = stream.line
    assert list(line)[:5] == ["level", "location", "message", "timestamp", "service"]
    for key in fields:
        assert key.encode("utf-8", "backslashreplace").decode() in line
    assert ("logging_error" in line) == ("logging_error" in fields)


@given(message=values)
def test_the_console_shows_anything_on_one_line(message: Any) -> None:
    stream = Written()
    Logger(Configuration(Settings(renderer="console", stream=stream))).info(message, value=message)
    assert len(stream.writes) == 1
    [line, nothing] = stream.getvalue().split("\n")
    assert line.isprintable()
    assert nothing == ""


@given(fields=st.dictionaries(st.sampled_from("abcdefgh"), values, max_size=5))
def test_the_short_way_and_the_long_way_give_the_same_line(fields: dict[str, Any]) -> None:
    def line(*processors: Any) -> dict[str, Any]:
        stream = Written()
        Logger(Configuration(Settings(renderer="json", stream=stream, processors=processors))).info("hello", **fields)
        return {**stream.line, "timestamp": ""}

    def same(entry: Entry) -> Entry:
        return entry

    assert line() == line(same)
