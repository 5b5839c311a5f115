"""Names of records: what Powertools' own code computes, for whatever data."""

import json
import warnings
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum, StrEnum
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

import jmespath
import pytest
from aws_lambda_powertools.utilities.data_classes import SQSEvent
from aws_lambda_powertools.utilities.idempotency import IdempotencyConfig
from aws_lambda_powertools.utilities.idempotency.base import IdempotencyHandler
from aws_lambda_powertools.utilities.idempotency.persistence.base import BasePersistenceLayer
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, computed_field

from lambdaframe.errors import ConfigurationError, IdempotencyKeyError
from lambdaframe.idempotency.store import Naming
from lambdaframe.idempotency.stores.dynamodb import DynamoDBStore
from lambdaframe.idempotency.stores.powertools_layout import PowertoolsLayout


class Layer(BasePersistenceLayer):
    """Powertools' own names, without a database."""

    def _get_record(self, idempotency_key: str) -> Any: ...

    def _put_record(self, data_record: Any) -> None: ...

    def _update_record(self, data_record: Any) -> None: ...

    def _delete_record(self, data_record: Any) -> None: ...


new_layer: Any = Layer


def place() -> None: ...


OPERATION = f"{place.__module__}.{place.__qualname__}"


def their_key(data: Any, *, prefix: str | None = None, **config: Any) -> str | None:
    handler: Any = IdempotencyHandler(place, data, IdempotencyConfig(**config), new_layer(), key_prefix=prefix)
    with warnings.catch_warnings(action="ignore"):
        key: str | None = handler.persistence_store._get_hashed_idempotency_key(handler.data)
        return key


def their_validation(data: Any, expression: str, **config: Any) -> str:
    options = IdempotencyConfig(payload_validation_jmespath=expression, **config)
    handler: Any = IdempotencyHandler(place, data, options, new_layer())
    text: str = handler.persistence_store._get_hashed_payload(handler.data)
    return text


def our_key_or_error(data: Any) -> str:
    return PowertoolsLayout().key_for(OPERATION, data)


@dataclass
class Line:
    sku: str
    price: Decimal
    tags: tuple[str, ...] = ()


class Size(Enum):
    SMALL = "s"


class Grade(StrEnum):
    A = "a"


class Model(BaseModel):
    order_id: int = Field(alias="orderId")
    placed: datetime
    lines: list[Line] = Field(default_factory=list)

    @computed_field
    def label(self) -> str:
        return f"#{self.order_id}"


@dataclass
class Nested:
    line: Line
    model: Model
    extra: dict[str, Any] = field(default_factory=dict)


NOON = datetime(2026, 1, 2, 12, 30, tzinfo=UTC)
LINE = Line("TE-0042", Decimal("1.10"), ("a", "b"))
MODEL = Model(orderId=7, placed=NOON, lines=[LINE])

JSON_KEYS = st.text(max_size=8)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.text(alphabet=st.characters(min_codepoint=0xD800, max_codepoint=0xDFFF), max_size=2)
    | st.decimals()
)
RICHER = (
    SCALARS
    | st.datetimes(timezones=st.none() | st.just(UTC))
    | st.dates()
    | st.times()
    | st.uuids()
    | st.sampled_from([Size.SMALL, Grade.A, PurePosixPath("a/b"), LINE, MODEL])
)
DATA = st.recursive(
    RICHER, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(JSON_KEYS, inner, max_size=4), max_leaves=12
)


def our_key(data: Any, **options: Any) -> str | None:
    """None where the layout says that there is no key."""
    try:
        return PowertoolsLayout(**options).key_for(OPERATION, data)
    except IdempotencyKeyError:
        return None


@given(DATA)
def test_the_key_of_any_data_is_theirs(data: Any) -> None:
    assert our_key(data) == their_key(data)


@given(DATA, st.sampled_from(["sha256", "sha1", "blake2b", "sha3_512"]), st.none() | st.text(min_size=1, max_size=9))
def test_so_it_is_with_another_hash_function_and_prefix(data: Any, hash_function: str, prefix: str | None) -> None:
    expected = their_key(data, hash_function=hash_function, prefix=prefix)
    assert our_key(data, hash_function=hash_function, key_prefix=prefix) == expected


@given(DATA)
def test_the_fingerprint_of_any_payload_is_theirs(data: Any) -> None:
    ours = PowertoolsLayout().fingerprint_for({"amount": data})
    assert ours == their_validation({"order": {"amount": data}}, "order")


@given(st.dictionaries(st.sampled_from("abcd"), st.none() | st.integers(0, 2) | st.lists(st.integers()) | st.text()))
@pytest.mark.parametrize("expression", ["a", "[a, b]", "{a: a, c: c}", "[a, b][0]", "b[*]", "[a, [b, c]]"])
def test_what_an_expression_extracts_has_their_key(expression: str, data: dict[str, Any]) -> None:
    found = jmespath.search(expression, data)
    expected = their_key(data, event_key_jmespath=expression)
    assert our_key(found) == expected


ARGUMENTS = {
    "dataclass": LINE,
    "nested dataclass": Nested(LINE, MODEL, {"at": NOON}),
    "model": MODEL,
    "event object": SQSEvent({"Records": [{"body": "é"}]}),
    "text": "8e03978e",
    "empty text": "",
    "zero": 0,
    "false": False,
    "decimal zero": Decimal(0),
    "not a number": Decimal("NaN"),
    "nothing": None,
    "empty list": [],
    "list of nulls": [None, None],
    "tuple of nulls": (None,),
    "null and zero": [None, 0],
    "empty dict": {},
    "dict of nulls": {"a": None},
    "numbers as keys": {10: 1, 9: 2, 1.5: 3, True: 4},
    "date": {"on": date(2026, 1, 2), "at": time(12, 30), "when": NOON, "id": UUID(int=7)},
}


@pytest.mark.parametrize("data", ARGUMENTS.values(), ids=ARGUMENTS)
@pytest.mark.parametrize("lambda_name", [None, "orders-prod", ""])
def test_arguments_as_they_are(data: Any, lambda_name: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_LAMBDA_FUNCTION_NAME", raising=False)
    if lambda_name is not None:
        monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", lambda_name)
    ours, theirs = our_key(data), their_key(data)
    assert ours == theirs
    assert ours is None or ours.startswith(f"{'test-func' if lambda_name is None else lambda_name}.{OPERATION}#")


def test_a_key_as_it_stands_in_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "orders")
    key = PowertoolsLayout().key_for("app.place", {"b": 1, "a": ["é", None]})
    assert key == "orders.app.place#8f16cc5ab413a2ee36ce4c95bb2a7e42"


def test_the_code_may_have_moved_to_another_lambda_function(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "orders")
    theirs = their_key("7")
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "monolith")
    assert PowertoolsLayout("orders").key_for(OPERATION, "7") == theirs != PowertoolsLayout().key_for(OPERATION, "7")


@pytest.mark.parametrize("data", [{"a": object()}, b"bytes", {"a": {1, 2}}, {"a": 1, 1: 2}, 1j])
def test_what_has_no_key_there_has_none_here(data: Any) -> None:
    for key in (their_key, our_key_or_error):
        with pytest.raises(TypeError):
            key(data)


def test_a_payload_that_they_could_not_hash_is_compared_all_the_same() -> None:
    layout = PowertoolsLayout()
    ours = [layout.fingerprint_for({"body": body}) for body in (b"one", b"one", b"two", {"s"})]
    assert ours[0] == ours[1]
    assert len({*ours}) == 3
    with pytest.raises(TypeError):
        layout.fingerprint_for({"socket": object()})


def test_recursion_is_refused_as_they_do() -> None:
    data: list[Any] = []
    data.append(data)
    for key in (their_key, our_key_or_error):
        with pytest.raises((ValueError, RecursionError)):
            key(data)


def test_the_store_tells_how_records_are_named() -> None:
    assert isinstance(DynamoDBStore("idempotency", layout="powertools").naming, Naming)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"hash_function": "md6"}, "hash_function='md6' is none"),
        ({"hash_function": "shake_128"}, "hash_function='shake_128' is none"),
        ({"sort_key_attr": "id"}, r"\['id'\] are given twice"),
        ({"status_attr": "owner"}, r"\['owner'\] are given twice or ours"),
    ],
)
def test_mistakes_are_found_at_once(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        PowertoolsLayout(**options)


def test_json_numbers_keep_their_text() -> None:
    """The hash is that of a text: one of another JSON library would not do."""
    assert our_key({"a": 1e16}) == their_key({"a": 1e16}) != our_key(json.loads('{"a": 10000000000000000}'))
