"""Bodies and the types that consumers ask for."""

import dataclasses
import enum
import subprocess
import sys
import typing
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Generic, Literal, NamedTuple, TypeVar
from uuid import UUID

import pydantic
import pydantic.dataclasses
import pytest
from typing_extensions import TypedDict

from lambdaframe.errors import ConfigurationError, PoisonRecordError
from lambdaframe.records.change import Change
from lambdaframe.records.payload import reader
from lambdaframe.records.record import Record, RecordFields
from lambdaframe.signature import EMPTY
from tests.records.streams import record

T = TypeVar("T")


class Order(pydantic.BaseModel):
    id: int
    sku: str = "none"


class Cancellation(pydantic.BaseModel):
    kind: Literal["cancelled"]


class Shipment(pydantic.BaseModel):
    kind: Literal["shipped"]


@dataclasses.dataclass
class Point:
    x: int
    y: int


@pydantic.dataclasses.dataclass
class StrictPoint:
    x: int


@dataclasses.dataclass
class Envelope(Generic[T]):
    content: T


class Movie(TypedDict):
    title: str


class NotUnderstood(typing.TypedDict):
    title: str


class Pair(NamedTuple):
    left: int
    right: str


class Colour(enum.Enum):
    RED = "red"


Route = Annotated[Cancellation | Shipment, pydantic.Field(discriminator="kind")]

ROWS: list[tuple[Any, Any, Any]] = [
    (EMPTY, '{"id": 1}', {"id": 1}),
    (EMPTY, b"[1]", [1]),
    (Any, "7", 7),
    (object, "null", None),
    (str, '{"id": 1}', '{"id": 1}'),
    (str, "grüße".encode(), "grüße"),
    (str, "", ""),
    (bytes, b"\xff\x00", b"\xff\x00"),
    (bytes, "grüße", "grüße".encode()),
    (dict, '{"id": 1}', {"id": 1}),
    (dict[str, Any], b'{"id": 1}', {"id": 1}),
    (Mapping[str, Any], '{"id": 1}', {"id": 1}),
    (list, "[1, 2]", [1, 2]),
    (list[Any], "[]", []),
    (dict[str, int], '{"id": 1}', {"id": 1}),
    (list[Order], '[{"id": 1}]', [Order(id=1)]),
    (int, "7", 7),
    (bool, "true", True),
    (Order, '{"id": "1", "sku": "x"}', Order(id=1, sku="x")),
    (Order, b'{"id": 1}', Order(id=1)),
    (Order | None, "null", None),
    (Order | int, "3", 3),
    (Route, '{"kind": "shipped"}', Shipment(kind="shipped")),
    (Point, '{"x": 1, "y": 2}', Point(1, 2)),
    (StrictPoint, '{"x": 1}', StrictPoint(1)),
    (Envelope[Order], '{"content": {"id": 1}}', Envelope(Order(id=1))),
    (Movie, '{"title": "Alien"}', {"title": "Alien"}),
    (Pair, '[1, "b"]', Pair(1, "b")),
    (Colour, '"red"', Colour.RED),
    (datetime, '"2026-01-02T03:04:05Z"', datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
    (Decimal, '"1.10"', Decimal("1.10")),
    (UUID, '"00000000-0000-0000-0000-000000000001"', UUID(int=1)),
    (Literal["a", "b"], '"a"', "a"),
    (tuple[int, ...], "[1, 2]", (1, 2)),
    (Annotated[str, pydantic.Field(min_length=2)], "text, not JSON", "text, not JSON"),
    (Annotated[bytes, pydantic.Field(max_length=2)], b"\xff", b"\xff"),
    (Annotated[int, {"anything": []}], "1", 1),
]


@pytest.mark.parametrize(("annotation", "body", "expected"), ROWS, ids=lambda value: repr(value)[:40])
def test_a_body_becomes_the_annotated_type(annotation: Any, body: Any, expected: Any) -> None:
    value = reader(annotation, "argument")(record("1", body))
    assert value == expected
    assert type(value) is type(expected)


CHANGE = {"operation": "MODIFY", "keys": {"id": 1}, "old": {"id": Decimal(1)}, "new": {"id": Decimal(2)}}


@pytest.mark.parametrize("annotation", [EMPTY, Any, dict, dict[str, Any], Mapping[str, Any]])
def test_a_value_of_the_sources_own_is_passed_as_it_is(annotation: Any) -> None:
    assert reader(annotation, "argument")(record("1", CHANGE)) is CHANGE


@pytest.mark.parametrize("annotation", [Change, Change[Any], Change[dict[str, Any]]])
def test_a_change_with_plain_images(annotation: Any) -> None:
    change = reader(annotation, "argument")(record("1", CHANGE))
    assert change == Change("MODIFY", {"id": 1}, {"id": Decimal(1)}, {"id": Decimal(2)})


def test_a_change_with_validated_images() -> None:
    change = reader(Change[Order], "argument")(record("1", CHANGE))
    assert change == Change("MODIFY", {"id": 1}, Order(id=1), Order(id=2))


def test_the_missing_image_of_a_change_is_none() -> None:
    change = reader(Change[Order], "argument")(
        record("1", {"operation": "INSERT", "keys": {"id": 1}, "old": None, "new": {"id": 1}})
    )
    assert change == Change("INSERT", {"id": 1}, None, Order(id=1))


def test_a_change_as_json() -> None:
    body = '{"operation": "REMOVE", "keys": {"id": 1}, "old": {"id": 1}}'
    assert reader(Change[Order], "argument")(record("1", body)) == Change("REMOVE", {"id": 1}, Order(id=1))


POISON: list[tuple[Any, Any, str]] = [
    (EMPTY, "{", "not JSON"),
    (EMPTY, "", "not JSON"),
    (EMPTY, "[" * 200_000, "not JSON"),
    (EMPTY, b"\xff", "not JSON"),
    (EMPTY, '"\ud800"', "not JSON"),
    (dict, "[]", "a list, not an object"),
    (dict, "null", "a NoneType, not an object"),
    (list, "{}", "a dict, not an array"),
    (str, b"ab\xff", "not UTF-8: invalid start byte at byte 2"),
    (str, CHANGE, "a dict, not text"),
    (bytes, CHANGE, "a dict, not bytes"),
    (bytes, "\ud800", "can't be written as UTF-8"),
    (Order, "{", "not JSON"),
    (Order, "", "not JSON"),
    (Order, "[" * 200_000, "not JSON"),
    (Order, b'{"id": \xff}', "not JSON"),
    (Order, '{"id": 1, "sku": "\ud800"}', "does not fit"),
    (Order, '{"id": "secret"}', "does not fit: id: Input should be a valid integer"),
    (Order, '{"id": "secret", "sku": 1}', "(and 1 more)"),
    (Order, "[]", "does not fit: Input should be an object"),
    (list[Order], '[{"id": 1}, {}]', "does not fit: 1.id: Field required"),
    (Route, '{"kind": "lost"}', "does not fit"),
    (Annotated[str, pydantic.Field(min_length=2)], b"\xff", "not UTF-8"),
    (Annotated[str, pydantic.Field(min_length=2)], "x", "does not fit: String should have at least 2 characters"),
    (Change, {"operation": "INSERT", "surprise": 1}, "not a change"),
    (Change, "[]", "not an object"),
    (Change[Order], {**CHANGE, "new": {"id": "secret"}}, "does not fit: new.id"),
    (Change[Order], {**CHANGE, "operation": "TRUNCATE"}, "does not fit: operation"),
]


@pytest.mark.parametrize(("annotation", "body", "reason"), POISON, ids=lambda value: repr(value)[:40])
def test_a_body_that_does_not_fit_is_poison_with_a_short_reason(annotation: Any, body: Any, reason: str) -> None:
    with pytest.raises(PoisonRecordError) as caught:
        reader(annotation, "argument")(record("1", body))
    text = str(caught.value)
    assert reason in text
    assert text.startswith("The body ")
    assert len(text) < 250
    assert "secret" not in text, "a reason goes to the log, a body does not"
    assert caught.value.__cause__ is None


def test_a_body_that_cant_be_read_is_poison_for_every_type() -> None:
    def unreadable(raw: Any) -> Any:
        raise PoisonRecordError("The data is not base64")

    for annotation in [EMPTY, str, bytes, dict, list, Order, Change, Change[Order]]:
        with pytest.raises(PoisonRecordError, match="not base64"):
            reader(annotation, "argument")(Record("1", {}, RecordFields("test", unreadable)))


def test_an_error_of_a_validator_itself_is_not_poison() -> None:
    """A bug in the application looks like one: with its own trace."""

    def broken(value: int) -> int:
        raise KeyError("bug")

    with pytest.raises(KeyError, match="bug"):
        reader(Annotated[int, pydantic.AfterValidator(broken)], "argument")(record("1", "1"))


class Plain:
    """Nothing a validator could know."""


@dataclasses.dataclass
class HoldsPlain:
    plain: Plain


@dataclasses.dataclass
class Node:
    children: "list[Node]"


@pytest.mark.parametrize(
    "annotation",
    [
        Plain,
        list[Plain],
        Order | Plain,
        dict[str, Plain],
        HoldsPlain,
        memoryview,
        "Nowhere",
        list[HoldsPlain],
        [int],
        {},
    ],
)
def test_a_type_that_cant_be_validated_is_refused_at_once(annotation: Any) -> None:
    with pytest.raises(ConfigurationError, match="f: 'order' can't be validated") as caught:
        reader(annotation, "f: 'order'")
    assert "Take a pydantic model" in str(caught.value)


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="from Python 3.12 on pydantic takes typing's TypedDict")
def test_the_typed_dict_of_typing_is_refused_with_the_advice_to_take_another() -> None:
    with pytest.raises(ConfigurationError, match=r"use `typing_extensions\.TypedDict`"):
        reader(NotUnderstood, "argument")


def test_recursive_types_are_understood() -> None:
    assert reader(Node, "argument")(record("1", '{"children": [{"children": []}]}')) == Node([Node([])])


class Custom:
    """A class that tells pydantic how it is validated."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(lambda value: "custom")


def test_a_class_with_a_schema_of_its_own() -> None:
    assert reader(Custom, "argument")(record("1", "1")) == "custom"


PROGRAM = """
import sys
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from typing_extensions import TypedDict
from lambdaframe.records.payload import Typed, reader
from lambdaframe.records.change import Change
from lambdaframe.records.record import Record, RecordFields

@dataclass
class Point:
    x: int
    at: datetime | None = None

class Movie(TypedDict):
    points: list[Point]

fields = RecordFields("test", lambda raw: raw["body"])
for annotation in [str, bytes, dict, list, Any, Change, dict[str, Any], Point, Movie, list[Movie], Change[Movie]]:
    read = reader(annotation, "argument")
    if not isinstance(read, Typed):
        try:
            read(Record("1", {"body": "{}"}, fields))
        except Exception:
            pass
assert "pydantic" not in sys.modules, "loaded for nothing"
reader(Point, "argument")(Record("1", {"body": '{"x": 1}'}, fields))
assert "pydantic" in sys.modules
"""


def test_pydantic_is_imported_by_the_first_record_that_needs_it() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
