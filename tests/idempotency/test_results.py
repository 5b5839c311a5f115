"""Results as JSON and back: of the annotated type, equal, or not kept at all."""

import math
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, NamedTuple, NewType, NotRequired, TypeVar
from uuid import UUID

import pydantic.dataclasses
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, RootModel, computed_field
from typing_extensions import TypedDict

from lambdaframe.errors import ConfigurationError
from lambdaframe.idempotency.results import AnnotatedJSON, is_plain, to_json

T = TypeVar("T")
OrderId = NewType("OrderId", int)


class Color(Enum):
    RED = "red"
    BLUE = 2


class Level(IntEnum):
    LOW = 1


class Point(NamedTuple):
    x: int
    when: datetime


@dataclass
class Line:
    """All that a dataclass may have."""

    sku: str
    price: Decimal
    seal: bytes = b""
    _hidden: int = 0


@dataclass
class Sum:
    parts: list[Decimal]
    total: Decimal = field(init=False)

    def __post_init__(self) -> None:
        self.total = sum(self.parts, Decimal(0))


@dataclass(frozen=True, slots=True)
class Small:
    tags: frozenset[str]


@dataclass
class Box(Generic[T]):
    value: T


@pydantic.dataclasses.dataclass
class Parcel:
    weight: float
    label: str = Field(alias="parcelLabel", default="")


class Order(BaseModel):
    """Hard to bring back: aliases both ways, nothing extra, a field that is only written."""

    model_config = ConfigDict(extra="forbid")

    order_id: int = Field(alias="orderId")
    lines: list[Line] = []
    note: bytes = b""

    @computed_field
    def label(self) -> str:
        return f"#{self.order_id}"


class Refund(BaseModel):
    order_id: int
    cents: Decimal
    rate: float = 1.0


class Page(BaseModel, Generic[T]):
    items: list[T]
    next: "Page[T] | None" = None


class Skus(RootModel[list[str]]):
    pass


class Row(TypedDict):
    id: int
    note: NotRequired[str]


class Event(TypedDict):
    at: datetime
    body: bytes


NOON = datetime(2026, 1, 2, 12, 30, 15, 123456, tzinfo=UTC)
ORDER = Order(orderId=7, lines=[Line("TE", Decimal("1.10"), b"\xc3\xa9")], note=b"n")

RESULTS: list[tuple[Any, Any]] = [
    (None, None),
    (int, 0),
    (str, ""),
    (bool, False),
    (float, 1e300),
    (list[int], []),
    (dict[str, Any], {}),
    (dict[str, list[int | None]], {"z": [1, None], "a": []}),
    (Any, {"b": [1, 2.5, None, True, "é\x00"], "a": {}}),
    (Literal["a", "b"], "a"),
    (Row, {"id": 1}),
    (Event, {"at": NOON, "body": b"\xff\x00"}),
    (list[Event], [{"at": NOON, "body": b""}]),
    (bytes, b"\xff\x00"),
    (bytes | None, b""),
    (Decimal, Decimal("1.10")),
    (datetime, NOON),
    (datetime, NOON.replace(tzinfo=None)),
    (date, NOON.date()),
    (time, NOON.time()),
    (timedelta, -timedelta(days=1, microseconds=3)),
    (UUID, UUID(int=1)),
    (Color, Color.BLUE),
    (list[Color | Level], [Color.RED, Level.LOW]),
    (tuple[int, str], (1, "a")),
    (tuple[int, ...], ()),
    (tuple[()], ()),
    (set[int], {1}),
    (frozenset[str], frozenset("a")),
    (deque[int], deque([1])),
    (Point, Point(1, NOON)),
    (list[Point], [Point(1, NOON)]),
    (dict[int, Point], {1: Point(2, NOON)}),
    (dict[UUID, date], {UUID(int=1): NOON.date()}),
    (IPv4Address, IPv4Address("127.0.0.1")),
    (Path, Path("/a")),
    (Line, Line("TE", Decimal("1.10"), b"\xff", 5)),
    (Sum, Sum([Decimal("1.1"), Decimal(2)])),
    (Small, Small(frozenset("a"))),
    (Box[datetime], Box(NOON)),
    (Box[Order], Box(ORDER)),
    (Parcel, Parcel(1.5, parcelLabel="p")),  # pyright: ignore  -- pydantic's alias
    (Order, ORDER),
    (Order | None, ORDER),
    (Order | None, None),
    (Order | Refund, Refund(order_id=7, cents=Decimal("1.50"))),
    (list[Order | Refund | None], [ORDER, None, Refund(order_id=7, cents=Decimal(1))]),
    (Page[Order], Page[Order](items=[ORDER], next=Page[Order](items=[]))),
    (Skus, Skus(["a"])),
    (OrderId, OrderId(7)),
    (Annotated[datetime, "when"], NOON),
    (datetime | int, 7),
    (datetime | str, NOON),
    (datetime | str, "soon"),
    (datetime | bytes | int, NOON),
    (Mapping[str, Sequence[datetime]], {"a": [NOON]}),
]


@pytest.mark.parametrize(("annotation", "value"), RESULTS, ids=[str(annotation) for annotation, _ in RESULTS])
def test_a_result_comes_back_as_it_was(annotation: Any, value: Any) -> None:
    codec = AnnotatedJSON(annotation)
    written = codec.encode(value)
    again = codec.decode(written)
    assert again == value
    assert type(again) is type(value)
    assert codec.encode(again) == written


scalars: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (int, st.integers(-(2**63), 2**63 - 1)),
    (float, st.floats(allow_nan=False, allow_infinity=False)),
    (str, st.text()),
    (bool, st.booleans()),
    (bytes, st.binary()),
    (Decimal, st.decimals(allow_nan=False, allow_infinity=False)),
    (datetime, st.datetimes(timezones=st.none() | st.just(UTC)).map(lambda value: value.replace(fold=0))),
    (date, st.dates()),
    (timedelta, st.timedeltas()),
    (UUID, st.uuids()),
    (Color, st.sampled_from(Color)),
]


def containers(inner: st.SearchStrategy[tuple[Any, st.SearchStrategy[Any]]]) -> st.SearchStrategy[Any]:
    def around(pair: tuple[Any, st.SearchStrategy[Any]]) -> list[tuple[Any, st.SearchStrategy[Any]]]:
        of, values = pair
        return [
            (list[of], st.lists(values, max_size=3)),  # type: ignore[valid-type]
            (tuple[of, ...], st.lists(values, max_size=3).map(tuple)),  # type: ignore[valid-type]
            (dict[str, of], st.dictionaries(st.text(max_size=3), values, max_size=3)),  # type: ignore[valid-type]
            (of | None, st.none() | values),
            (Box[of], values.map(Box)),  # type: ignore[valid-type]
        ]

    return inner.map(around).flatmap(st.sampled_from)


annotated: st.SearchStrategy[Any] = st.recursive(st.sampled_from(scalars), containers, max_leaves=4)


@given(annotated, st.data())
def test_whatever_is_kept_comes_back_equal(pair: tuple[Any, st.SearchStrategy[Any]], data: st.DataObject) -> None:
    annotation, values = pair
    value = data.draw(values)
    codec = AnnotatedJSON(annotation)
    written = codec.encode(value)
    again = codec.decode(written)
    assert again == value
    assert repr(again).replace("TzInfo(0)", "datetime.timezone.utc") == repr(value)
    assert codec.encode(again) == written


def generator() -> Iterator[int]:
    yield 1


@pytest.mark.parametrize(
    ("annotation", "value", "said"),
    [
        (Any, object(), "object"),
        (Any, {"a": [generator()]}, "generator"),
        (Any, "\ud800", "surrogates"),
        (Any, 2**70, "64-bit"),
        (Any, {(1, 2): 3}, "key"),
        (float, math.nan, "NaN"),
        (list[float], [None, math.inf], "infinity"),
        (Box[float], Box(-math.inf), "infinity"),
        (Refund, Refund(order_id=1, cents=Decimal(1), rate=math.nan), "NaN"),
        (Decimal, Decimal("nan"), "Decimal"),
        (datetime | str, NOON.isoformat(), "would come back as datetime"),
        (str | datetime, NOON, "would come back as str"),
        (list[UUID | str], [str(UUID(int=1))], "another member"),
        (dict[str, str | bytes], {"a": b"x"}, "another member"),
    ],
)
def test_what_would_come_back_as_something_else_is_not_kept(annotation: Any, value: Any, said: str) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        AnnotatedJSON(annotation).encode(value)
    assert said in f"{caught.value} {caught.value.__cause__}"


def test_a_null_is_no_nan() -> None:
    value = {"null": None, "days": [NOON, UUID(int=1), Color.RED, {1}, Line("null", Decimal(1)), 1.5], "order": ORDER}
    assert b'"null":null' in to_json(value)


@pytest.mark.parametrize(
    ("annotation", "plain"),
    [
        (Any, True),
        (dict[str, list[int | None]], True),
        (Row, True),
        (list[Row], True),
        (Literal["a", 1], True),
        (Event, False),
        (dict[int, str], False),
        (tuple[int], False),
        (Literal[b"a"], False),
        (Order, False),
    ],
)
def test_plain_json_needs_no_pydantic(annotation: Any, plain: bool) -> None:
    assert is_plain(annotation) is plain


def test_a_typed_dict_that_pydantic_can_t_read_is_found_early() -> None:
    import sys
    import typing

    class Old(typing.TypedDict):
        at: datetime

    if sys.version_info < (3, 12):
        with pytest.raises(ConfigurationError, match="import TypedDict from typing_extensions"):
            AnnotatedJSON(list[Old])
    else:
        assert AnnotatedJSON(list[Old]).decode(b'[{"at": "2026-01-02T12:30:15.123456Z"}]') == [{"at": NOON}]
