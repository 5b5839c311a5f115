"""Requests to arguments. What FastAPI makes of the same request is the measure, where it can be."""

import dataclasses
import enum
import ipaddress
import uuid
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, NewType, TypeVar

import annotated_types
import pydantic
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Json,
    SecretStr,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)
from typing_extensions import TypeAliasType, TypedDict

from lambdaframe.errors import ConfigurationError, HTTPException, RequestValidationError
from lambdaframe.http.binding.binder import Binder, Bound
from lambdaframe.http.binding.parameters import Body, Cookie, Depends, FieldOptions, Header, Query
from lambdaframe.http.binding.parameters import Path as InPath
from lambdaframe.http.binding.reading import read_dependant
from tests.http.peer import NOTHING, Asked, Make, Marks, bind, json_body, ours, theirs


class Colour(enum.Enum):
    RED = "red"


class Filter(BaseModel):
    limit: int = pydantic.Field(10, gt=0)
    tags: list[str] = []
    order_by: Literal["created", "updated"] = "created"


class StrictFilter(Filter):
    model_config = ConfigDict(extra="forbid")


class OpenFilter(Filter):
    model_config = ConfigDict(extra="allow")


class Aliased(BaseModel):
    model_config = ConfigDict(populate_by_name=True)
    page: int = pydantic.Field(1, alias="pageNumber")
    size: int = pydantic.Field(5, validation_alias=AliasChoices("size", "pageSize"))
    sort: list[int] = pydantic.Field([], validation_alias="sortKeys")


class CommonHeaders(BaseModel):
    x_token: str
    if_modified_since: str | None = None
    x_tag: list[str] = []


class KeyHeaders(BaseModel):
    api_key: str
    my_key: str = pydantic.Field("", alias="own_key")


class ByName(BaseModel):
    model_config = ConfigDict(validate_by_alias=False, validate_by_name=True)
    page: int = pydantic.Field(1, alias="pageNumber")
    sort: list[int] = pydantic.Field([], alias="sortKeys")


class Session(BaseModel):
    session_id: int
    tracker: str | None = None


class StrictSession(Session):
    model_config = ConfigDict(extra="forbid")


class Item(BaseModel):
    name: str
    price: float = pydantic.Field(gt=0)


class User(BaseModel):
    username: str


Sku = NewType("Sku", str)


def one_of_each(m: Marks) -> Callable[..., Any]:
    def handler(
        text: str = "", number: int = 1, real: float = 1.0, flag: bool = False, maybe: int | None = None
    ) -> None: ...

    return handler


def required(m: Marks) -> Callable[..., Any]:
    def handler(
        text: str, number: int, x_token: Annotated[str, m.Header()], key: Annotated[str, m.Cookie()]
    ) -> None: ...

    return handler


def constrained(m: Marks) -> Callable[..., Any]:
    def handler(
        number: Annotated[int, m.Query(ge=1, le=10, multiple_of=2)] = 2,
        name: Annotated[str | None, m.Query(min_length=2, max_length=4, pattern="^a", alias="item-name")] = None,
        real: Annotated[float, m.Query(gt=0, allow_inf_nan=False)] = 1,
        price: Annotated[Decimal, m.Query(max_digits=4, decimal_places=2)] = Decimal(1),
        strict: Annotated[int, m.Query(strict=True)] = 1,
        marked: Annotated[int, annotated_types.Gt(0)] = 1,
        code: Annotated[str, StringConstraints(to_upper=True)] = "",
        small: pydantic.NegativeInt = -1,
    ) -> None: ...

    return handler


def lists(m: Marks) -> Callable[..., Any]:
    def handler(
        q: Annotated[list[int], m.Query()],
        tags: Annotated[set[str] | None, m.Query(max_length=2)] = None,
        pair: Annotated[tuple[int, int], m.Query()] = (1, 2),
        plain: str = "",
    ) -> None: ...

    return handler


def typed(m: Marks) -> Callable[..., Any]:
    def handler(
        colour: Colour = Colour.RED,
        kind: Literal["a", "b"] = "a",
        key: uuid.UUID | None = None,
        at: datetime | None = None,
        day: date | None = None,
        clock: time | None = None,
        span: timedelta | None = None,
        price: Decimal | None = None,
        where: Path | None = None,
        address: ipaddress.IPv4Address | None = None,
        secret: SecretStr | None = None,
        url: pydantic.HttpUrl | None = None,
        sku: Sku = Sku(""),
        either: int | str = 0,
    ) -> None: ...

    return handler


def in_path(m: Marks) -> Callable[..., Any]:
    def handler(number: Annotated[int, m.Path(ge=1)], colour: Colour) -> None: ...

    return handler


def headers(m: Marks) -> Callable[..., Any]:
    def handler(
        x_token: Annotated[list[str], m.Header()] = [],  # noqa: B006  it is copied
        user_agent: Annotated[str | None, m.Header()] = None,
        as_is: Annotated[str | None, m.Header(convert_underscores=False)] = None,
        number: Annotated[int, m.Header(alias="X-Number")] = 0,
    ) -> None: ...

    return handler


def cookies(m: Marks) -> Callable[..., Any]:
    def handler(session: Annotated[str, m.Cookie()], count: Annotated[int, m.Cookie(ge=0)] = 0) -> None: ...

    return handler


def query_model(m: Marks) -> Callable[..., Any]:
    def handler(wanted: Annotated[Filter, m.Query()]) -> None: ...

    return handler


def strict_model(m: Marks) -> Callable[..., Any]:
    def handler(wanted: Annotated[StrictFilter, m.Query()]) -> None: ...

    return handler


def open_model(m: Marks) -> Callable[..., Any]:
    def handler(wanted: Annotated[OpenFilter, m.Query()]) -> None: ...

    return handler


def optional_model(m: Marks) -> Callable[..., Any]:
    def handler(wanted: Annotated[Filter | None, m.Query()] = None) -> None: ...

    return handler


def nullable_model(m: Marks) -> Callable[..., Any]:
    def handler(wanted: Annotated[Filter | None, m.Query()]) -> None: ...

    return handler


def model_by_name(m: Marks) -> Callable[..., Any]:
    def handler(page: Annotated[ByName, m.Query()]) -> None: ...

    return handler


def aliased_model(m: Marks) -> Callable[..., Any]:
    def handler(page: Annotated[Aliased, m.Query()]) -> None: ...

    return handler


def header_model(m: Marks) -> Callable[..., Any]:
    def handler(common: Annotated[CommonHeaders, m.Header()]) -> None: ...

    return handler


def aliased_header_model(m: Marks) -> Callable[..., Any]:
    def handler(keys: Annotated[KeyHeaders, m.Header()]) -> None: ...

    return handler


def strict_cookie_model(m: Marks) -> Callable[..., Any]:
    def handler(session: Annotated[StrictSession, m.Cookie()]) -> None: ...

    return handler


def cookie_model(m: Marks) -> Callable[..., Any]:
    def handler(session: Annotated[Session, m.Cookie()]) -> None: ...

    return handler


def single_body(m: Marks) -> Callable[..., Any]:
    def handler(item: Item) -> None: ...

    return handler


def constrained_body(m: Marks) -> Callable[..., Any]:
    def handler(names: Annotated[list[str], m.Body(min_length=2)]) -> None: ...

    return handler


def scalar_body(m: Marks) -> Callable[..., Any]:
    def handler(number: Annotated[int, m.Body(gt=3)]) -> None: ...

    return handler


def bytes_body(m: Marks) -> Callable[..., Any]:
    def handler(data: Annotated[bytes, m.Body()]) -> None: ...

    return handler


def optional_body(m: Marks) -> Callable[..., Any]:
    def handler(item: Item | None = None) -> None: ...

    return handler


def several(m: Marks) -> Callable[..., Any]:
    def handler(
        item: Item,
        user: User,
        importance: Annotated[int, m.Body(gt=0)],
        note: Annotated[str, m.Body(alias="noteText")] = "none",
        tags: Annotated[list[str], m.Body()] = ["x"],  # noqa: B006  it is copied
    ) -> None: ...

    return handler


def embedded(m: Marks) -> Callable[..., Any]:
    def handler(item: Annotated[Item, m.Body(embed=True)]) -> None: ...

    return handler


def all_optional(m: Marks) -> Callable[..., Any]:
    def handler(a: Annotated[int, m.Body()] = 1, b: Annotated[int, m.Body()] = 2) -> None: ...

    return handler


COOKIE = "cookie"
GOOD_ITEM = {"name": "n", "price": 2}

CASES: list[tuple[Make, Asked]] = [
    *(
        (one_of_each, Asked(query))
        for query in (
            "",
            "text=a&number=5&real=2.5&flag=yes&maybe=3",
            "text=&number=&real=&flag=&maybe=",
            "number=1&number=2",
            "text=a%20b+c%2B&text=%E4%B8%AD",
            "text=%FF%FEa",
            "text=\xff",
            "text",
            "number=x&real=y&flag=z&maybe=w",
            "number=%205%20&real=+1.5&flag=ON",
            "number=%2B5&real=1e3&maybe=-7",
            "text=a;number=3",
            "unknown=1",
            "number=" + "9" * 4301,
            "flag=%20true",
        )
    ),
    (required, Asked()),
    (required, Asked("text=a&number=1", [("x-token", "t"), ("cookie", "key=k")])),
    *(
        (constrained, Asked(query))
        for query in (
            "number=4&item-name=abc&real=2&price=12.34&marked=2&code=ab&small=-4",
            "number=0",
            "number=3",
            "number=11&item-name=b&real=0&price=12.345&strict=1&marked=0&small=5",
            "item-name=a",
            "item-name=abcde",
            "name=abc",
            "real=inf",
            "price=x",
        )
    ),
    *(
        (lists, Asked(query))
        for query in (
            "",
            "q=1&q=2",
            "q=1&q=x&q=y",
            "q=1&tags=a&tags=b&tags=a",
            "q=1&tags=a&tags=b&tags=c",
            "q=1&pair=3",
            "q=1&pair=3&pair=4&plain=a&plain=b",
            "q=",
            "q=1,2",
        )
    ),
    *(
        (typed, Asked(query))
        for query in (
            (
                "colour=red&kind=b&key=6f9619ff-8b86-d011-b42d-00cf4fc964ff&at=2026-01-02T03:04:05Z&day=2026-01-02&clock=03:04"
                "&span=PT1H&price=1.50&where=/a/b&address=10.0.0.1&secret=s&url=https://example.com/a&sku=x&either=5"
            ),
            "colour=blue&kind=c&key=x&at=x&day=x&clock=x&span=x&price=x&address=x&url=x&either=abc",
        )
    ),
    (in_path, Asked(path={"number": "5", "colour": "red"})),
    (in_path, Asked(path={"number": "0", "colour": "blue"})),
    (in_path, Asked(path={"number": "a b", "colour": "red"})),
    (headers, Asked(headers=[("X-Token", "a"), ("x-token", "b, c"), ("User-Agent", "caf\xe9"), ("as_is", "1")])),
    (headers, Asked(headers=[("X-Number", "5"), ("X-Number", "6"), ("as-is", "1")])),
    (cookies, Asked()),
    (cookies, Asked(headers=[(COOKIE, 'session="a b"; count=5; count=6; lone')])),
    (cookies, Asked(headers=[(COOKIE, 'session="a\\"\\073\\054"; count=-1')])),
    (cookies, Asked(headers=[(COOKIE, "session=a=b; count=x")])),
    (cookies, Asked(headers=[(COOKIE, "session=")])),
    *(
        (make, Asked(query))
        for make in (query_model, strict_model, open_model, optional_model)
        for query in (
            "",
            "limit=5&tags=a&tags=b",
            "limit=0&order_by=x",
            "limit=1&limit=2",
            "other=1&other=2&tags=a",
            "tool=x",
            "tags=",
        )
    ),
    *(
        (aliased_model, Asked(query))
        for query in (
            "",
            "pageNumber=3&size=2",
            "page=4&pageSize=7",
            "sort=1&sort=2",
            "sortKeys=1&sortKeys=2",
            "pageNumber=x&pageSize=y",
        )
    ),
    (header_model, Asked(headers=[("X-Token", "t"), ("x-tag", "a"), ("x-tag", "b"), ("If-Modified-Since", "now")])),
    (header_model, Asked(headers=[("x_token", "t")])),
    (header_model, Asked(headers=[("x-token", "t"), ("x-token", "u")])),
    (aliased_header_model, Asked(headers=[("api-key", "a"), ("own_key", "b")])),
    (aliased_header_model, Asked(headers=[("api_key", "a"), ("own-key", "b")])),
    (nullable_model, Asked()),
    (nullable_model, Asked("limit=3")),
    (model_by_name, Asked("pageNumber=2")),
    (model_by_name, Asked("page=2&pageNumber=3&sort=1&sortKeys=2")),
    (strict_cookie_model, Asked(headers=[(COOKIE, "session_id=5; ;")])),
    (strict_cookie_model, Asked(headers=[(COOKIE, "session_id=5; lone")])),
    (cookie_model, Asked(headers=[(COOKIE, "session_id=5; tracker=x; more=y")])),
    (cookie_model, Asked(headers=[(COOKIE, "session_id=x")])),
    (cookie_model, Asked()),
    (single_body, json_body(GOOD_ITEM)),
    (single_body, json_body({"name": "n"})),
    (single_body, json_body({"name": 5, "price": -1, "other": 1})),
    (single_body, Asked()),
    (constrained_body, json_body(["a", "b"])),
    (constrained_body, json_body(["a"])),
    (constrained_body, json_body(["a", 5])),
    (scalar_body, json_body(5)),
    (scalar_body, json_body("5")),
    (scalar_body, json_body(3)),
    (scalar_body, json_body("x")),
    (scalar_body, Asked()),
    (bytes_body, json_body("text")),
    (bytes_body, json_body(5)),
    (optional_body, Asked()),
    (optional_body, json_body(b"null")),
    (optional_body, json_body({"name": "n", "price": "x"})),
    (several, json_body({"item": GOOD_ITEM, "user": {"username": "u"}, "importance": 1})),
    (
        several,
        json_body({"item": GOOD_ITEM, "user": {"username": "u"}, "importance": 1, "noteText": "x", "tags": [], "z": 1}),
    ),
    (several, json_body({"item": {"name": "n"}, "user": {}, "importance": 0})),
    (several, json_body({})),
    (several, json_body([1])),
    (several, json_body(b"null")),
    (several, Asked()),
    (embedded, json_body({"item": GOOD_ITEM})),
    (embedded, json_body(GOOD_ITEM)),
    (embedded, json_body({"item": {"name": "n", "price": 0}})),
    (all_optional, Asked()),
    (all_optional, json_body({})),
    (all_optional, json_body({"b": 7})),
    (all_optional, json_body({"b": None, "a": "x"})),
]


@pytest.mark.parametrize(("make", "asked"), CASES, ids=lambda value: getattr(value, "__name__", None))
def test_a_request_means_what_it_means_to_fastapi(make: Make, asked: Asked) -> None:
    assert ours(make, asked) == theirs(make, asked)


# Where we differ, and where FastAPI has nothing to compare with


def errors(function: Callable[..., Any], asked: Asked = NOTHING) -> list[tuple[list[Any], str]]:
    """Locations and types."""
    with pytest.raises(RequestValidationError) as caught:
        bind(function, asked)
    return [(error["loc"], error["type"]) for error in caught.value.errors()]


@pytest.mark.parametrize("document", [[1], "text", None, 5])
def test_a_body_that_is_no_object_is_named_as_json_names_it(document: Any) -> None:
    """FastAPI, which validates what Python's json made of it, speaks of "a dictionary or an object to extract from"."""
    assert ours(single_body, json_body(document)) == [(["body"], "model_type", "Input should be an object")]


def test_a_body_is_validated_as_json_so_strict_models_take_what_json_can_say() -> None:
    class Strict(BaseModel):
        model_config = ConfigDict(strict=True)
        day: date
        colour: Colour

    def handler(strict: Strict) -> None: ...

    assert bind(handler, json_body({"day": "2026-01-02", "colour": "red"})) == {
        "strict": Strict(day=date(2026, 1, 2), colour=Colour.RED)
    }


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/xml", "multipart/form-data", "application/jsonx", ""]
)
@pytest.mark.parametrize("make", [single_body, several])
def test_a_body_that_is_not_called_json_is_refused(make: Make, content_type: str) -> None:
    asked = Asked(headers=[("content-type", content_type)] if content_type else [], body=b"{}")
    with pytest.raises(HTTPException) as caught:
        ours(make, asked)
    assert caught.value.status_code == 415
    assert "content-type: application/json" in caught.value.detail


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "APPLICATION/JSON", "application/vnd.api+json"]
)
def test_kinds_of_json(content_type: str) -> None:
    asked = Asked(headers=[("Content-Type", content_type)], body=b'{"name": "n", "price": 1}')
    assert ours(single_body, asked) == {"item": Item(name="n", price=1)}


@pytest.mark.parametrize(
    "body", [b"{", b"[" * 200_000, b'{"name": "\xff"}', b"nul", b"{} {}", b'{"a": "\\ud800"}', b"\x00"]
)
@pytest.mark.parametrize("make", [single_body, several, scalar_body, constrained_body])
def test_what_is_no_json_is_a_400(make: Make, body: bytes) -> None:
    with pytest.raises(HTTPException) as caught:
        ours(make, json_body(body))
    assert caught.value.status_code == 400


@pytest.mark.parametrize("body", [b"[" * 200_000, b"{"])
def test_what_is_no_json_is_a_400_where_anything_is_taken(body: bytes) -> None:
    def handler(document: Annotated[Any, Body()]) -> None: ...

    assert bind(handler, json_body({"a": [1]})) == {"document": {"a": [1]}}
    with pytest.raises(HTTPException) as caught:
        bind(handler, json_body(body))
    assert caught.value.status_code == 400


def test_json_inside_of_json_is_an_error_of_its_own_place() -> None:
    class Outer(BaseModel):
        inner: Json[list[int]]

    def handler(outer: Outer) -> None: ...

    assert errors(handler, json_body({"inner": "{"})) == [(["body", "inner"], "json_invalid")]


def test_another_media_type_is_taken_as_it_is() -> None:
    def text(note: Annotated[str, Body(media_type="text/plain", max_length=5)]) -> None: ...
    def data(note: Annotated[bytes, Body(media_type="application/pdf")]) -> None: ...
    def model(item: Annotated[Item, Body(media_type="application/x-item")]) -> None: ...

    def plain(kind: str, body: bytes) -> Asked:
        return Asked(headers=[("content-type", kind)], body=body)

    assert bind(text, plain("text/plain; charset=utf-8", "né".encode())) == {"note": "né"}
    assert bind(text, json_body("abc")) == {"note": "abc"}
    assert errors(text, plain("text/plain", b"too long")) == [(["body"], "string_too_long")]
    assert bind(data, plain("application/pdf", b"\xff\x00")) == {"note": b"\xff\x00"}
    assert bind(model, plain("application/x-item", b'{"name": "n", "price": 1}')) == {"item": Item(name="n", price=1)}
    refused: list[tuple[Callable[..., Any], Asked, int]] = [
        (text, plain("text/plain", b"\xff"), 400),
        (text, plain("text/html", b"a"), 415),
        (model, plain("application/x-item", b"name: n"), 400),
    ]
    for function, asked, status in refused:
        with pytest.raises(HTTPException) as caught:
            bind(function, asked)
        assert caught.value.status_code == status


def test_defaults_are_made_for_each_request() -> None:
    made: list[int] = []

    def count() -> list[int]:
        made.append(len(made))
        return made[:]

    def handler(
        q: Annotated[list[int], Query()] = [1],  # noqa: B006
        settings: Annotated[dict[str, list[int]], Body()] = {"a": []},  # noqa: B006
        *,
        counted: Annotated[list[int], Query(default_factory=count)],
        other: Annotated[list[int], Body(default_factory=count)],
    ) -> None: ...

    binder = Binder([read_dependant(handler, ()).fields])
    first = binder.one(Asked().scope, None)
    assert first == {"q": [1], "settings": {"a": []}, "counted": [0], "other": [0, 1]}
    first["q"].append(2)
    first["settings"]["a"].append(2)
    assert binder.one(Asked().scope, None) == {
        "q": [1],
        "settings": {"a": []},
        "counted": [0, 1, 2],
        "other": [0, 1, 2, 3],
    }


@dataclasses.dataclass
class Page:
    number: int = 1
    tags: list[str] = dataclasses.field(default_factory=list)
    token: Annotated[str, pydantic.Field(alias="pageToken")] = ""


class Area(TypedDict, total=False):
    near: int
    names: list[str]


def test_dataclasses_and_typed_dicts_take_parameters_too() -> None:
    def handler(page: Annotated[Page, Query()], area: Annotated[Area, Header()]) -> None: ...

    asked = Asked("number=2&tags=a&tags=b&pageToken=t", [("near", "5"), ("names", "x"), ("names", "y")])
    assert bind(handler, asked) == {"page": Page(2, ["a", "b"], "t"), "area": {"near": 5, "names": ["x", "y"]}}
    assert errors(handler, Asked("number=x", [("near", "y")])) == [
        (["query", "number"], "int_parsing"),
        (["header", "near"], "int_parsing"),
    ]


def test_what_another_argument_takes_is_no_extra_of_a_model() -> None:
    def dependency(verbose: bool = False) -> None: ...
    def handler(
        wanted: Annotated[StrictFilter, Query()], q: str = "", nothing: Annotated[None, Depends(dependency)] = None
    ) -> None: ...

    groups = [one.fields for one in read_dependant(handler, ()).flat()]
    bound = Binder(groups).bind(Asked("limit=3&q=x&verbose=1").scope, None, None)
    assert bound == Bound([{"verbose": True}, {"q": "x", "wanted": StrictFilter(limit=3)}], [[], []], None)
    bound = Binder(groups).bind(Asked("limit=3&other=x&verbose=?").scope, None, None)
    assert [[(error["loc"], error["type"]) for error in wrong] for wrong in bound.errors] == [
        [(["query", "verbose"], "bool_parsing")],
        [(["query", "other"], "extra_forbidden")],
    ]


Limit = TypeAliasType("Limit", Annotated[int, annotated_types.Gt(0)])
Tags = TypeAliasType("Tags", list[str])
T = TypeVar("T")
Several = TypeAliasType("Several", list[T], type_params=(T,))
Wanted = TypeAliasType("Wanted", Filter)
Thing = TypeAliasType("Thing", Item)


def test_type_aliases_are_seen_through() -> None:
    """Those of PEP 695, which ``type Limit = …`` makes since Python 3.12."""

    def handler(
        limit: Limit,
        tags: Annotated[Tags, Query()],
        numbers: Annotated[Several[int] | None, Query()],
        wanted: Annotated[Wanted, Query()],
        item: Thing,
    ) -> None: ...

    asked = json_body(GOOD_ITEM)._replace(query="limit=3&tags=a&tags=b&numbers=1&numbers=2&order_by=updated")
    assert bind(handler, asked) == {
        "limit": 3,
        "tags": ["a", "b"],
        "numbers": [1, 2],
        "wanted": Filter(limit=3, tags=["a", "b"], order_by="updated"),
        "item": Item(name="n", price=2),
    }
    assert errors(handler, asked._replace(query="limit=0&tags=a&numbers=x"))[0] == (["query", "limit"], "greater_than")


def test_json_in_a_parameter() -> None:
    def handler(
        q: Annotated[Json[list[int]], Query()], item: Annotated[Json[Item] | None, Header()] = None
    ) -> None: ...

    asked = Asked("q=[1,2]", [("item", '{"name": "n", "price": 1}')])
    assert bind(handler, asked) == {"q": [1, 2], "item": Item(name="n", price=1)}
    assert errors(handler, Asked("q=[1,")) == [(["query", "q"], "json_invalid")]


class Cat(BaseModel):
    kind: Literal["cat"]


class Dog(BaseModel):
    kind: Literal["dog"]
    barks: int


@pytest.mark.parametrize("embed", [False, True])
def test_a_discriminator_chooses_the_model(*, embed: bool) -> None:
    def handler(pet: Annotated[Cat | Dog, Body(discriminator="kind", embed=embed)]) -> None: ...

    def asked(pet: Any) -> Asked:
        return json_body({"pet": pet} if embed else pet)

    where = ["body", "pet"] if embed else ["body"]
    assert bind(handler, asked({"kind": "dog", "barks": 1})) == {"pet": Dog(kind="dog", barks=1)}
    assert errors(handler, asked({"kind": "dog"})) == [([*where, "dog", "barks"], "missing")]
    assert errors(handler, asked({"kind": "cow"})) == [(where, "union_tag_invalid")]


# Several functions in one request


def test_a_body_is_distributed_to_the_functions_that_take_it() -> None:
    def dependency(user: User, importance: Annotated[int, Body(gt=0)] = 1) -> None: ...
    def handler(user: User, item: Item, nothing: Annotated[None, Depends(dependency)]) -> None: ...

    binder = Binder([one.fields for one in read_dependant(handler, ()).flat()])
    bound = binder.bind(Asked().scope, None, None)
    assert [[error["loc"] for error in wrong] for wrong in bound.errors] == [
        [["body", "user"]],
        [["body", "user"], ["body", "item"]],
    ]
    asked = json_body({"user": {"username": "u"}, "item": GOOD_ITEM})
    bound = binder.bind(asked.scope, asked.body, None)
    assert bound.arguments == [
        {"user": User(username="u"), "importance": 1},
        {"user": User(username="u"), "item": Item(name="n", price=2)},
    ]
    assert bound.errors == [[], []]
    asked = json_body({"user": {"username": "u"}, "item": {"name": "n"}, "importance": 0})
    bound = binder.bind(asked.scope, asked.body, None)
    assert [[error["loc"] for error in wrong] for wrong in bound.errors] == [
        [["body", "importance"]],
        [["body", "item", "price"]],
    ]


def test_one_body_that_two_functions_take_is_the_whole_document() -> None:
    def dependency(item: Item) -> None: ...
    def other(item: dict[str, Any]) -> None: ...
    def handler(
        item: Item, a: Annotated[None, Depends(dependency)] = None, b: Annotated[None, Depends(other)] = None
    ) -> None: ...

    binder = Binder([one.fields for one in read_dependant(handler, ()).flat()])
    asked = json_body(GOOD_ITEM)
    expected = Item(name="n", price=2)
    assert binder.bind(asked.scope, asked.body, None).arguments == [
        {"item": expected},
        {"item": GOOD_ITEM},
        {"item": expected},
    ]


def test_a_body_that_cannot_be_read_stops_only_those_that_take_it() -> None:
    def dependency(number: int = 1) -> None: ...
    def handler(item: Item, nothing: Annotated[None, Depends(dependency)]) -> None: ...

    binder = Binder([one.fields for one in read_dependant(handler, ()).flat()])
    bound = binder.bind(json_body(b"{").scope, b"{", None)
    assert bound.failure is not None
    assert bound.failure.status_code == 400
    assert [bool(wrong) for wrong in bound.errors] == [False, True]
    assert bound.arguments[0] == {"number": 1}


def test_all_errors_come_in_the_order_of_the_places() -> None:
    def handler(
        item: Item,
        key: Annotated[int, Cookie()],
        x_number: Annotated[int, Header()],
        limit: int,
        tags: Annotated[list[int], Query()],
        number: int,
    ) -> None: ...

    asked = json_body({})._replace(query="limit=x&tags=y", path={"number": "z"})
    assert errors(handler, asked) == [
        (["path", "number"], "int_parsing"),
        (["query", "limit"], "int_parsing"),
        (["query", "tags", 0], "int_parsing"),
        (["header", "x-number"], "missing"),
        (["cookie", "key"], "missing"),
        (["body", "name"], "missing"),
        (["body", "price"], "missing"),
    ]


# Mistakes of the application's author


class Unknown:
    """Nothing that pydantic knows."""


@pytest.mark.parametrize(
    "annotation",
    [
        Annotated[Unknown, Query()],
        Annotated[Unknown, Body()],
        Annotated[str, Query(pattern="(")],
        Annotated[int, Body(discriminator="a")],
    ],
)
def test_a_type_that_cannot_be_validated_is_told_by_warm_and_at_the_first_use(annotation: Any) -> None:
    def handler(strange: Any) -> None: ...

    handler.__annotations__["strange"] = annotation
    binder = Binder([read_dependant(handler, ()).fields])
    with pytest.raises(ConfigurationError, match="'strange'"):
        binder.warm()
    asked = json_body(b"1")._replace(query="strange=a")
    with pytest.raises(ConfigurationError, match="'strange'"):
        binder.one(asked.scope, asked.body)


def test_a_member_of_a_body_that_cannot_be_validated_is_named() -> None:
    def handler(good: Annotated[int, Body()], strange: Annotated[Unknown, Body()]) -> None: ...

    with pytest.raises(ConfigurationError, match="'strange'"):
        Binder([read_dependant(handler, ()).fields]).warm()


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (str, FieldOptions(ge=1)),
        (int, FieldOptions(min_length=1)),
        (int, FieldOptions(pattern="a")),
        (float, FieldOptions(max_digits=3)),
        (bool | None, FieldOptions(max_length=3)),
        (int | str, FieldOptions(gt=3)),
        (Annotated[str, annotated_types.Gt(3)], FieldOptions()),
        (Annotated[int, pydantic.Field(max_length=3)], FieldOptions()),
    ],
    ids=str,
)
@pytest.mark.parametrize("mark", [Query, Body, partial(Body, embed=True), Header])
def test_a_constraint_that_means_nothing_is_found_at_registration(mark: Any, kind: Any, options: FieldOptions) -> None:
    def handler(wrong: Any) -> None: ...

    handler.__annotations__["wrong"] = Annotated[kind, mark(**options)]
    with pytest.raises(ConfigurationError, match="'wrong'"):
        Binder([read_dependant(handler, ()).fields])


def test_warm_builds_everything() -> None:
    def handler(
        wanted: Annotated[Filter, Query()], number: Annotated[int, InPath(gt=0)], item: Item, user: User
    ) -> None: ...

    binder = Binder([read_dependant(handler, {"number"}).fields])
    binder.warm()
    asked = json_body({"item": GOOD_ITEM, "user": {"username": "u"}})._replace(query="limit=4", path={"number": "5"})
    assert binder.one(asked.scope, asked.body)["wanted"] == Filter(limit=4)


# The built-in scalars and pydantic

TEXTS = st.one_of(
    st.text(),
    st.text(alphabet="0123456789+-.eE_ \t\n\x1f\xa0"),
    st.integers().map(str),
    st.floats().map(repr),
    st.sampled_from(["true", "False", "ON", "off", "y", "N", "T", "f", "yes", "no", " 1", "0 ", "infinity", "-INF"]),
)


@pytest.mark.parametrize("kind", [str, int, float, bool])
@given(text=TEXTS)
@example(text="9" * 4300)
@example(text="-" + "9" * 4301)
@example(text="\u0663")
@example(text="\x1c5")
@example(text="5\x1f")
@example(text="\u30005\u2009")
def test_a_scalar_is_converted_as_pydantic_converts_it(kind: type, text: str) -> None:
    def handler(value: Any) -> None: ...

    handler.__annotations__["value"] = Annotated[kind, InPath()]
    try:
        expected: Any = repr(TypeAdapter(kind).validate_python(text))
    except ValidationError as exc:
        expected = [(exc.errors()[0]["type"], exc.errors()[0]["msg"])]
    try:
        found: Any = repr(bind(handler, Asked(path={"value": text}))["value"])
    except RequestValidationError as exc:
        found = [(error["type"], error["msg"]) for error in exc.errors()]
    assert found == expected
