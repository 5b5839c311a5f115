"""What a handler returns, as JSON or as a response: beside FastAPI, which is asked the same, and where we differ."""

import dataclasses
import enum
import ipaddress
import json
import re
import uuid
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from http import HTTPStatus
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any, Generic, Literal, NamedTuple, TypeVar

import orjson
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AnyUrl, BaseModel, ConfigDict, Field, RootModel, SecretStr, computed_field
from pydantic.dataclasses import dataclass as pydantic_dataclass
from starlette.responses import (
    FileResponse,
    HTMLResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.responses import JSONResponse as StarletteJSONResponse
from starlette.testclient import TestClient
from typing_extensions import TypedDict

from lambdaframe.errors import ConfigurationError, ResponseValidationError
from lambdaframe.http.answers.json_response import JSONResponse
from lambdaframe.http.answers.responses import encode_json, to_jsonable
from lambdaframe.http.answers.results import Encoder, Rendering, Respond, rendering_for
from lambdaframe.http.answers.sse import EventSourceResponse
from lambdaframe.signature import EMPTY

T = TypeVar("T")


class User(BaseModel):
    name: str
    full_name: str | None = Field(default=None, serialization_alias="fullName")
    tags: list[str] = []


class Stored(User):
    password: str = "secret"


class Owned(BaseModel):
    owner: User
    others: list[User] = []


class Page(BaseModel, Generic[T]):
    items: list[T]


class Area(BaseModel):
    side: int

    @computed_field
    def size(self) -> int:
        return self.side**2


class Names(RootModel[list[str]]):
    pass


class Picky(BaseModel):
    model_config = ConfigDict(revalidate_instances="always")
    age: int


@dataclasses.dataclass
class Point:
    x: int
    y: float = 0.5


@dataclasses.dataclass
class NamedPoint(Point):
    label: str = "secret"


@pydantic_dataclass
class Checked:
    x: int


class Row(TypedDict):
    id: int
    at: date


class Pair(NamedTuple):
    left: int
    right: str


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    LOW = 1


class Cat(BaseModel):
    kind: Literal["cat"] = "cat"
    lives: int = 9


class Dog(BaseModel):
    kind: Literal["dog"] = "dog"


Pet = Annotated[Cat | Dog, Field(discriminator="kind")]
UTC_NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
STORED = Stored(name="ada", full_name="Ada L")
UNSET = User(name="ada")


def encoder(returns: Any = EMPTY, serializer: Any = None, **options: Any) -> Encoder:
    encode = rendering_for(options, returns, serializer).encode  # type: ignore[arg-type]  # any options, also wrong ones
    assert encode is not None
    return encode


def responder(kind: Any, returns: Any = EMPTY, **options: Any) -> Respond:
    respond = rendering_for({"response_class": kind, **options}, returns, None).respond  # type: ignore[typeddict-item]
    assert respond is not None
    return respond


def fastapi(value: Any, returns: Any = EMPTY, **options: Any) -> Any:
    """What FastAPI sends for this result, decoded; an exception where it fails."""

    def handler() -> Any:
        return value

    if returns is EMPTY:
        del handler.__annotations__["return"]
    else:
        handler.__annotations__["return"] = returns
    app = FastAPI()
    app.get("/", **options)(handler)
    response = TestClient(app, raise_server_exceptions=False).get("/")
    return json.loads(response.content) if response.status_code == 200 else response.status_code


# As FastAPI

FITTING: list[tuple[Any, Any]] = [
    (User, STORED),
    (User, {"name": "ada", "password": "secret"}),
    (User, SimpleNamespace(name="ada", full_name=None, tags=["a"], password="secret")),
    (list[User], [STORED, {"name": "bob", "password": "secret"}]),
    (dict[str, User], {"a": STORED}),
    (tuple[User, int], (STORED, "7")),
    (set[int], {3}),
    (User | None, None),
    (User | None, STORED),
    (User | Point, Point(1)),
    (int | str, "7"),
    (str | User, "ada"),
    (Pet, {"kind": "dog", "lives": 9}),
    (list[Pet], [Cat(), Dog()]),
    (Owned, {"owner": STORED, "others": [STORED]}),
    (Page[User], {"items": [STORED]}),
    (Page[User], Page[User](items=[STORED])),
    (Names, ["a"]),
    (Area, Area(side=3)),
    (Area, {"side": 3}),
    (Point, NamedPoint(1)),
    (Point, {"x": "1", "label": "secret"}),
    (list[Point], [NamedPoint(1)]),
    (Checked, Checked(x=1)),
    (Checked, {"x": "1"}),
    (Row, {"id": "1", "at": "2024-05-01", "secret": 1}),
    (Pair, Pair(1, "a")),
    (Colour, Colour.RED),
    (Colour, "red"),
    (Level, Level.LOW),
    (Literal["a", 1], "a"),
    (Annotated[int, Field(gt=0)], 1),
    (str, "ada"),
    (int, 7),
    (int, "7"),
    (float, 1),
    (float, 1.5),
    (float, float("nan")),
    (bool, True),
    (bool, "yes"),
    (bytes, b"text"),
    (datetime, UTC_NOON),
    (datetime, "2024-05-01T12:00:00Z"),
    (timedelta, timedelta(hours=1)),
    (Decimal, Decimal("1.10")),
    (uuid.UUID, uuid.UUID(int=7)),
    (Path, Path("/a")),
    (SecretStr, SecretStr("x")),
    (dict[int, str], {1: "a"}),
    (dict[str, Any], {"a": [1, None, {"b": True}]}),
    (list[Any], [1, "a", None]),
    (dict, {"a": 1}),
    (Any, {"user": STORED}),
    (None, None),
    (None, {"a": 1}),
    (EMPTY, None),
    (EMPTY, {"a": [STORED, Point(1)], "b": Colour.RED, "c": {"d"}, 5: uuid.UUID(int=1)}),
    (EMPTY, [STORED]),
    (EMPTY, (1, 2)),
    (EMPTY, deque([1])),
    (EMPTY, Pair(1, "a")),
    (EMPTY, [b"text", Path("/a"), ipaddress.ip_address("::1"), re.compile("a"), SecretStr("x"), AnyUrl("http://a/b")]),
    (EMPTY, [date(2024, 5, 1), datetime(2024, 5, 1), time(1, 2), 2**70, -(2**63), OrderedDict(a=1)]),
    (EMPTY, {"user": {"name": "Zoë", "n": 1.5}, "none": None}),
]


@pytest.mark.parametrize(("returns", "value"), FITTING)
def test_the_json_is_that_of_fastapi(returns: Any, value: Any) -> None:
    assert orjson.loads(encoder(returns)(value)) == fastapi(value, returns)


UNFITTING: list[tuple[Any, Any]] = [
    (User, {"full_name": "Ada"}),
    (User, None),
    (User, "ada"),
    (list[User], [STORED, {}]),
    (list[User], STORED),
    (int, "seven"),
    (str, 7),
    (int | str, None),
    (Literal["a"], "b"),
    (Pet, {"kind": "cow"}),
    (Annotated[int, Field(gt=0)], 0),
    (Point, {"y": 1}),
    (Row, {"id": 1}),
    (dict[str, int], {"a": "b"}),
    (Picky, Picky.model_construct(age="young")),
    (bytes, b"\xff"),
    (EMPTY, object()),
    (EMPTY, [b"\xff"]),
    (EMPTY, {"a": {"b": object()}}),
]


@pytest.mark.parametrize(("returns", "value"), UNFITTING)
def test_what_does_not_fit_is_an_error_as_in_fastapi(returns: Any, value: Any) -> None:
    with pytest.raises(ResponseValidationError):
        encoder(returns)(value)
    assert fastapi(value, returns) == 500


OPTIONS: list[tuple[Any, Any, dict[str, Any]]] = [
    (User, STORED, {"response_model_by_alias": False}),
    (User, UNSET, {"response_model_exclude_unset": True}),
    (User, User(name="ada", full_name=None), {"response_model_exclude_unset": True}),
    (User, {"name": "ada", "tags": []}, {"response_model_exclude_unset": True}),
    (User, User(name="ada", full_name=None), {"response_model_exclude_defaults": True}),
    (User, UNSET, {"response_model_exclude_none": True}),
    (User, STORED, {"response_model_include": {"name"}}),
    (User, STORED, {"response_model_include": ["name", "tags"]}),
    (User, STORED, {"response_model_exclude": {"tags"}}),
    (User, STORED, {"response_model_exclude": ("tags",)}),
    (Owned, Owned(owner=STORED, others=[STORED]), {"response_model_exclude": {"owner": {"tags"}, "others": {0}}}),
    (Owned, Owned(owner=STORED), {"response_model_include": {"owner": {"name"}}}),
    (list[User], [UNSET, STORED], {"response_model_exclude_unset": True}),
    (list[User], [UNSET], {"response_model_exclude": {"__all__": {"tags"}}}),
    (dict[str, Any], {"a": 1, "b": 2}, {"response_model_include": {"a"}}),
    (User | None, None, {"response_model_exclude_none": True}),
    (str, "ada", {"response_model_exclude_none": True}),
    (EMPTY, STORED, {"response_model": User}),
    (dict, STORED, {"response_model": User}),
    (dict, {"name": "ada", "password": "secret"}, {"response_model": User}),
    (EMPTY, [STORED], {"response_model": list[User]}),
    (Stored, STORED, {"response_model": User, "response_model_exclude_unset": True}),
    (list[int], "no list", {"response_model": None}),
    (User, {"anything": 1}, {"response_model": None}),
    (User, STORED, {"response_class": StarletteJSONResponse}),
    (EMPTY, {"a": 1}, {"response_class": StarletteJSONResponse}),
    (User, STORED, {"status_code": None}),
]


@pytest.mark.parametrize(("returns", "value", "options"), OPTIONS)
def test_response_options_mean_what_they_mean_in_fastapi(returns: Any, value: Any, options: dict[str, Any]) -> None:
    assert orjson.loads(encoder(returns, **options)(value)) == fastapi(value, returns, **options)


# Where we differ


@pytest.mark.parametrize(
    ("kind", "value", "ours", "theirs"),
    [
        (Decimal, Decimal("1.10"), "1.10", 1.1),
        (timedelta, timedelta(minutes=90), "PT1H30M", 5400.0),
        (datetime, UTC_NOON, "2024-05-01T12:00:00Z", "2024-05-01T12:00:00+00:00"),
        (time, time(1, 2, tzinfo=UTC), "01:02:00Z", "01:02:00+00:00"),
        (list[float], [float("inf"), float("nan")], [None, None], 500),
    ],
)
def test_what_is_not_declared_has_the_form_it_has_when_declared(kind: Any, value: Any, ours: Any, theirs: Any) -> None:
    """FastAPI writes these in another way where no type is declared."""
    assert orjson.loads(encoder()(value)) == ours
    assert orjson.loads(encoder(kind)(value)) == ours == fastapi(value, kind)
    assert fastapi(value) == theirs


def test_options_hold_without_a_declared_type() -> None:
    assert encoder(response_model_exclude_unset=True)([UNSET]) == b'[{"name":"ada"}]'
    assert encoder(response_model=None, response_model_by_alias=False)(STORED).startswith(b'{"name":"ada","full_name"')


@pytest.mark.parametrize("returns", [Response | dict, User | PlainTextResponse | None, JSONResponse])
def test_an_annotation_that_names_a_response_promises_nothing(returns: Any) -> None:
    assert encoder(returns)({"anything": 1}) == b'{"anything":1}'


# encode_json


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({date(2024, 5, 1): 1, 1.5: 2, True: 3, Colour.RED: 4}, b'{"2024-05-01":1,"1.5":2,"true":3,"red":4}'),
        ({Decimal("1.0"): 1, ("a", 1): 2}, b'{"1.0":1,"a,1":2}'),
        ((number for number in [1, 2]), b"[1,2]"),
        ({"a": (number for number in [1, 2]), 7: 1}, b'{"a":[1,2],"7":1}'),
        ([Decimal(1), (Decimal(n) for n in "23")], b'["1",["2","3"]]'),
        ([Pair(1, "a"), {2: Pair(3, "b")}], b'[[1,"a"],{"2":[3,"b"]}]'),
        ({"big": 2**64, "user": Cat()}, b'{"big":18446744073709551616,"user":{"kind":"cat","lives":9}}'),
        (Area(side=2), b'{"side":2,"size":4}'),
        (complex(1, 2), b'"1+2j"'),
    ],
)
def test_encode_json(value: Any, expected: bytes) -> None:
    assert encode_json(value) == expected


def test_aliases_are_used_wherever_a_model_stands() -> None:
    expected: dict[str, Any] = {"name": "ada", "fullName": "Ada L", "tags": [], "password": "secret"}
    for value in ([STORED], {1: STORED}, [STORED, 2**64], (one for one in [STORED]), deque([STORED])):
        text = encode_json(value).decode()
        assert expected in [orjson.loads(found) for found in re.findall(r"{[^{}]+}", text)], text


@pytest.mark.parametrize("value", [object(), {"a": [object()]}, "\ud800", {1: "\udc00"}, b"\xff", lambda: 1])
def test_what_is_no_json_is_an_error(value: Any) -> None:
    with pytest.raises(ResponseValidationError, match="no JSON"):
        encode_json(value)
    with pytest.raises(ResponseValidationError, match="no JSON"):
        encode_json(to_jsonable([value]))


def test_what_contains_itself_is_an_error() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(ResponseValidationError, match="no JSON"):
        encode_json(value)


keys = st.text() | st.integers() | st.booleans() | st.dates() | st.uuids()
leaves = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.decimals() | st.datetimes() | st.uuids()
)
values = st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(keys, inner) | st.tuples(inner, inner))


@given(values)
def test_encode_json_and_to_jsonable_agree(value: Any) -> None:
    encoded = encode_json(value)
    assert orjson.loads(encoded) == orjson.loads(encode_json(to_jsonable(value)))


# Serializers


def test_a_serializer_gets_fitting_python_values() -> None:
    seen: list[Any] = []

    def serializer(value: Any) -> bytes:
        seen.append(value)
        return b"its own"

    class Invoice(BaseModel):
        total: Decimal = Field(serialization_alias="sum")
        at: datetime

    declared = encoder(Invoice, serializer)
    assert declared({"total": "1.10", "at": UTC_NOON.isoformat(), "secret": 1}) == b"its own"
    encoder(list[Invoice], serializer, response_model_exclude={"__all__": {"at"}})(
        [Invoice(total=Decimal(1), at=UTC_NOON)]
    )
    encoder(EMPTY, serializer)({"any": STORED})
    encoder(dict, serializer)({"a": Decimal(1)})
    encoder(str, serializer)("text")
    assert seen == [
        {"sum": Decimal("1.10"), "at": UTC_NOON},
        [{"sum": Decimal(1)}],
        {"any": STORED},
        {"a": Decimal(1)},
        "text",
    ]
    with pytest.raises(ResponseValidationError, match="does not fit"):
        declared({})


def test_a_serializer_returns_bytes() -> None:
    serializer: Any = json.dumps
    with pytest.raises(ResponseValidationError, match="returned str, not bytes"):
        encoder(EMPTY, serializer)({})


# Response classes


class Shouting(PlainTextResponse):
    media_type = "text/shout"

    def render(self, content: Any) -> bytes:
        return str(content).upper().encode()


class Wrapped(JSONResponse):
    media_type = "application/vnd.api+json"

    def render(self, content: Any) -> bytes:
        return super().render({"data": content})


@pytest.mark.parametrize(
    ("kind", "returns", "value", "body", "media_type"),
    [
        (PlainTextResponse, EMPTY, "hi", b"hi", "text/plain; charset=utf-8"),
        (PlainTextResponse, str, "hi", b"hi", "text/plain; charset=utf-8"),
        (HTMLResponse, EMPTY, "<p>", b"<p>", "text/html; charset=utf-8"),
        (HTMLResponse, str | None, None, b"", "text/html; charset=utf-8"),
        (Response, EMPTY, b"\x89PNG", b"\x89PNG", None),
        (Shouting, User, STORED, b"{'NAME': 'ADA', 'FULLNAME': 'ADA L', 'TAGS': []}", "text/shout; charset=utf-8"),
        (Shouting, EMPTY, [Decimal("1.1")], b"['1.1']", "text/shout; charset=utf-8"),
        (Wrapped, User, STORED, b'{"data":{"name":"ada","fullName":"Ada L","tags":[]}}', "application/vnd.api+json"),
        (Wrapped, EMPTY, {UTC_NOON}, b'{"data":["2024-05-01T12:00:00Z"]}', "application/vnd.api+json"),
        (Wrapped, EMPTY, "text", b'{"data":"text"}', "application/vnd.api+json"),
    ],
)
def test_a_response_class_gets_the_result(
    kind: Any, returns: Any, value: Any, body: bytes, media_type: str | None
) -> None:
    response = responder(kind, returns)(value, None)
    assert type(response) is kind
    assert (response.status_code, response.body) == (200, body)
    assert response.headers.get("content-type") == media_type
    assert responder(kind, returns)(value, 202).status_code == 202


def test_a_subclass_of_json_response_gets_the_filtered_value_in_json_mode() -> None:
    """Starlette's own rendering, which knows no datetimes, shows that."""

    class Indented(StarletteJSONResponse):
        def render(self, content: Any) -> bytes:
            return json.dumps(content, indent=1).encode()

    got = responder(Indented, list[Row])([{"id": 1, "at": date(2024, 5, 1), "secret": 2}], None).body
    assert json.loads(bytes(got)) == [{"id": 1, "at": "2024-05-01"}]


def test_a_response_class_that_is_told_where_the_content_is() -> None:
    redirect = responder(RedirectResponse, str)
    assert redirect("/new", None).status_code == 307
    assert redirect("/new", 308).status_code == 308
    assert redirect(AnyUrl("http://a/b"), None).headers["location"] == "http://a/b"
    assert isinstance(responder(FileResponse, Path)(Path(__file__), None), FileResponse)
    for kind in (StreamingResponse, EventSourceResponse):
        made = responder(kind, AsyncIterator[str])(iter(["a"]), 201)
        assert (type(made), made.status_code) == (kind, 201)


@pytest.mark.parametrize("status", [204, 205, 304])
def test_a_status_without_content_takes_it_away(status: int) -> None:
    response = responder(PlainTextResponse)("hi", status)
    assert (response.body, response.raw_headers) == (b"", [])
    assert responder(PlainTextResponse, status_code=status)(None, status).raw_headers == []


# Mistakes


class Unknown:
    pass


@pytest.mark.parametrize(
    ("options", "returns", "message"),
    [
        ({"status_code": 99}, EMPTY, "200 to 599"),
        ({"status_code": 101}, EMPTY, "200 to 599"),
        ({"status_code": 600}, EMPTY, "200 to 599"),
        ({"status_code": "200"}, EMPTY, "200 to 599"),
        ({"status_code": True}, EMPTY, "200 to 599"),
        ({"status_code": 204}, User, "no content"),
        ({"status_code": 304, "response_model": dict[str, int]}, EMPTY, "no content"),
        ({"status_code": 204, "response_class": FileResponse}, EMPTY, "no content"),
        ({"response_class": dict}, EMPTY, "class of responses"),
        ({"response_class": "HTMLResponse"}, EMPTY, "class of responses"),
        ({"response_class": Response("hi")}, EMPTY, "class of responses"),
        ({"response_class": StreamingResponse, "response_model": User}, EMPTY, "leave it out"),
        ({}, Unknown, "response_model=None"),
        ({}, list[Unknown], "response_model=None"),
        ({}, dict[str, Unknown | None], "response_model=None"),
        ({}, AsyncIterator[str], "response_model=None"),
        ({"response_model": Unknown}, EMPTY, "response_model=None"),
    ],
)
def test_mistakes_are_found_at_registration(options: dict[str, Any], returns: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        rendering_for(options, returns, None)  # type: ignore[arg-type]  # the mistakes under test


def test_a_mistake_inside_a_known_type_is_found_by_warming_up() -> None:
    made = rendering_for({}, dict[str, "Nowhere"], None)  # type: ignore[name-defined]  # noqa: F821  under test
    with pytest.raises(ConfigurationError, match="Nowhere"):
        made.warm()


@pytest.mark.parametrize(("status", "expected"), [(None, None), (200, 200), (599, 599), (HTTPStatus.CREATED, 201)])
def test_a_status(status: Any, expected: int | None) -> None:
    made: Rendering = rendering_for({"status_code": status}, None, None)
    assert made.status == expected
    assert type(made.status) in {int, type(None)}
