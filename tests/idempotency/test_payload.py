"""What identifies a call: keys and fingerprints from arguments, JMESPath expressions and functions."""

import builtins
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from lambdaframe.errors import ConfigurationError
from lambdaframe.idempotency import (
    IdempotencyKeyError,
    IdempotencyMismatchError,
    MemoryStore,
    current_lease,
    idempotent,
)
from lambdaframe.idempotency.expressions import as_json, expression, is_missing
from lambdaframe.idempotency.payload import Arguments, Payload
from lambdaframe.idempotency.store import Naming


class Order(BaseModel):
    id: int
    sku: str
    tags: list[str] = []


@dataclass
class User:
    name: str
    score: Decimal = Decimal(1)


def key_of(function: Any, key: Any, *args: Any, required: bool = True, **kwargs: Any) -> str | None:
    return Payload("name", "operation", function, key, (), required=required).read(args, kwargs)[0]


# Keys


@pytest.mark.parametrize("missing", [None, ""])
async def test_a_missing_key_is_an_error_or_an_ordinary_call(missing: str | None) -> None:
    runs: list[str | None] = []

    async def create(key: str | None) -> None:
        runs.append(key)

    with pytest.raises(IdempotencyKeyError, match=r"create: the idempotency key \(argument 'key'\) is missing"):
        await idempotent(key="key", store="memory://")(create)(missing)
    optional = idempotent(key="key", store="memory://", required=False)(create)
    await optional(missing)
    await optional(missing)
    assert runs == [missing, missing]


async def test_switched_off_nobody_asks_for_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMBDAFRAME_IDEMPOTENCY_DISABLED", "1")

    @idempotent(key="key", store="memory://")
    async def create(key: str | None) -> bool:
        return current_lease().fencing_token > 0

    assert await create(None)


async def test_falsy_keys_are_keys_and_types_are_told_apart() -> None:
    runs: list[Any] = []

    @idempotent(key="key", store="memory://")
    async def create(key: Any) -> None:
        runs.append(key)

    keys: list[Any] = [0, "0", False, UUID(int=1), [1, "a"], {}, 2**63, User("a"), Order(id=1, sku="a")]
    for key in (*keys, *keys):
        await create(key)
    assert runs == keys


async def place(order: Order, user: User | None = None, *, note: str | None = None) -> None: ...


ORDER = Order(id=7, sku="TE", tags=["a", "b"])


def id_of(order: Order, user: User, note: str | None = None) -> int:
    return order.id


KEYS: list[tuple[Any, Any]] = [
    ("order.id", 7),
    ("[order.sku, user.name]", ["TE", "u"]),
    ("[order.sku, note]", ["TE", None]),
    ("{o: order.id, u: user.score}", {"o": 7, "u": "1"}),
    ("order.tags[0]", "a"),
    ("order.tags[?@ != 'a'] | [0]", "b"),
    ("join('-', order.tags)", "a-b"),
    ("note || user.name", "u"),
    ("length(@)", 3),
    ("keys(@)", ["note", "order", "user"]),
    ("*.name | [0]", "u"),
    ("'constant'", "constant"),
    (id_of, 7),
    ("order", ORDER),
    ('"order"', ORDER),
    ("user", User("u")),
]


@pytest.mark.parametrize(("key", "value"), KEYS)
def test_a_key_is_what_the_expression_gives(key: Any, value: Any) -> None:
    def constant(*args: Any, **kwargs: Any) -> Any:
        return value

    assert key_of(place, key, ORDER, user=User("u")) == key_of(place, constant, ORDER, User("u"))


@pytest.mark.parametrize(
    "key", ["note", "[note]", "[note, user]", "{a: note}", "order.tags[5]", "order.tags[?@ == 'x']"]
)
def test_nothing_but_nulls_is_no_key(key: str) -> None:
    assert key_of(place, key, ORDER, required=False) is None
    with pytest.raises(IdempotencyKeyError, match="is missing"):
        key_of(place, key, ORDER)


def test_an_expression_without_a_result_is_a_bad_key_not_an_ordinary_call() -> None:
    with pytest.raises(IdempotencyKeyError, match=r"name: 'length\(note\)' has no result for this payload"):
        key_of(place, "length(note)", ORDER, required=False)


def test_an_expression_reads_no_argument_but_its_own() -> None:
    async def create(order: Order, session: object) -> None: ...

    assert key_of(create, "order.id", ORDER, object()) == key_of(create, "order.id", ORDER, session=None)
    with pytest.raises(ConfigurationError, match=r"serializable: object"):
        key_of(create, "length(@)", ORDER, object())


def test_keyword_arguments_are_arguments() -> None:
    async def create(*parts: int, **fields: Any) -> None: ...

    assert key_of(create, "id", 1, 2, id=7) == key_of(create, "fields_id", fields_id=7)
    assert key_of(create, "order.id", order=ORDER) == key_of(create, "id", id=7)
    assert key_of(create, "parts[1]", 1, 7) == key_of(create, "id", id=7)
    assert key_of(create, "id", required=False) is None


def test_arguments_that_make_no_key_are_named() -> None:
    async def create(key: object) -> None: ...

    with pytest.raises(ConfigurationError, match=r"can't be a key \(.*object.*\); give a function"):
        key_of(create, "key", object())


# Fingerprints


async def test_the_payload_is_all_arguments_unless_said_otherwise() -> None:
    async def create(key: str, amount: int = 1, trace: object = None) -> int:
        return amount

    everything = idempotent(key="key", store="memory://")(create)
    await everything("k", 1)
    assert await everything("k") == await everything(amount=1, key="k") == 1
    with pytest.raises(IdempotencyMismatchError):
        await everything("k", 2)

    def amount_only(key: str, amount: int, trace: object) -> int:
        return amount

    chosen: list[Any] = [("key", "amount"), ["amount"], amount_only, "amount", "[key, amount]", "{a: amount}"]
    for fingerprint in chosen:
        some = idempotent(key="key", store="memory://", fingerprint=fingerprint)(create)
        assert await some("k", 1, object()) == await some("k", 1, object()) == 1
        with pytest.raises(IdempotencyMismatchError):
            await some("k", 2, object())


async def test_a_part_of_a_model_may_be_compared() -> None:
    runs: list[Order] = []

    @idempotent(key="order.id", fingerprint="[order.id, order.sku]", store="memory://")
    async def create(order: Order) -> None:
        runs.append(order)

    await create(Order(id=1, sku="a", tags=["x"]))
    await create(Order(id=1, sku="a", tags=["y"]))
    assert len(runs) == 1
    with pytest.raises(IdempotencyMismatchError):
        await create(Order(id=1, sku="b"))


async def test_arguments_that_can_t_be_compared_are_named_before_anything_runs() -> None:
    @idempotent(key="key", store="memory://")
    async def create(key: str, session: object) -> None:
        pytest.fail("ran")

    with pytest.raises(ConfigurationError, match=r"serializable: object.*fingerprint=\('order',\)"):
        await create("k", object())


async def test_wrong_arguments_are_a_type_error_and_no_record() -> None:
    store = MemoryStore()

    @idempotent(key="key", store=store)
    async def create(key: str, amount: int) -> None: ...

    wrong: Any = create
    for args, kwargs in (((), {}), (("k",), {}), (("k", 1, 2), {}), (("k", 1), {"key": "k"}), (("k", 1), {"x": 1})):
        with pytest.raises(TypeError, match="argument"):
            await wrong(*args, **kwargs)
    assert store.counters.acquired == 0


# The store's own names


class ByName:
    """Names of another library."""

    def key_for(self, operation: str, data: Any) -> str:
        if data == "none":
            raise IdempotencyKeyError("no key there")
        if isinstance(data, bytes):
            raise TypeError("bytes")
        return f"{operation}#{data}"

    def fingerprint_for(self, payload: Any) -> str:
        if payload == b"":
            raise TypeError("bytes")
        return f"of {payload}"


class NamingStore(MemoryStore):
    naming: Naming = ByName()

    def only(self) -> tuple[str, str]:
        ((key, entry),) = self._entries.items()
        return key, entry.fingerprint


async def test_a_store_may_name_its_records() -> None:
    store = NamingStore()

    @idempotent(key="order.id", fingerprint="order.sku", store=store, operation="main.place", required=False)
    async def place(order: dict[str, Any]) -> int:
        return len(order)

    await place({"id": 7, "sku": "a"})
    await place({"id": "none", "sku": "a"})
    assert store.only() == ("main.place#7", "of a")


def test_what_has_no_name_there_is_told() -> None:
    async def create(key: Any, rest: Any = None) -> None: ...

    payload = Payload("name", "operation", create, "key", ("rest",), ByName())
    assert payload.read(("k",), {}) == ("operation#k", "of {'rest': None}")
    with pytest.raises(ConfigurationError, match="can't be a key"):
        payload.read((b"",), {})
    with pytest.raises(ConfigurationError, match="can't be compared"):
        Payload("name", "operation", create, "key", "rest", ByName()).read(("k", b""), {})


# Mistakes found at registration


async def slow_key(order: Order) -> int:
    return order.id


@pytest.mark.parametrize(
    ("key", "fingerprint", "said"),
    [
        ("id", None, r"name has no argument 'id'; it takes \['order', 'user', 'note'\]"),
        ("ordr.id", None, r"name has no argument 'ordr' \(in 'ordr.id'\); it takes"),
        ("[order.id, usr]", None, r"no argument 'usr' \(in"),
        ("self.id", None, "no argument 'self'"),
        ("order.", None, r"'order.' is no JMESPath expression: .*column 6"),
        ("order-id", None, "'order-id' is no JMESPath expression"),
        ("", None, "'' is no JMESPath expression"),
        ("powertools_json(order).id", None, r"has no function powertools_json\(\).*a Python function instead"),
        ("order", "id", "no argument 'id'"),
        ("order", ("id",), "no argument 'id'"),
        ("order", "user[", "is no JMESPath expression"),
        (slow_key, None, "key= takes a plain function, not an async one"),
        ("order", slow_key, "fingerprint= takes a plain function, not an async one"),
        (7, None, "key= is an argument's name, a JMESPath expression or a function, not 7"),
        (("order", "user"), None, r"key= .*, not \('order', 'user'\)"),
        (None, None, "key= .*, not None"),
        ("order", 7, "fingerprint= .*, not 7"),
    ],
)
def test_mistakes_are_found_at_registration(key: Any, fingerprint: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        Payload("name", "operation", place, key, fingerprint)


def test_a_missing_jmespath_is_told_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("jmespath"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ConfigurationError, match=r"install lambdaframe\[jmespath\], or give a function"):
        Payload("name", "operation", place, "order.id", None)
    assert key_of(place, "order", ORDER)


# Arguments by name


def method(self: object, a: int, b: int = 2, *, c: int = 3) -> Any:
    return {"a": a, "b": b, "c": c}


def variable(a: int, /, b: int = 2, *c: int, **d: int) -> Any:
    return {"a": a, "b": b, "c": c, **d}


@pytest.mark.parametrize(("function", "names"), [(method, "abcdx"), (variable, "bcdx")])
@given(args=st.lists(st.integers(), max_size=5), data=st.data())
def test_arguments_are_those_that_the_function_gets(
    function: Any, names: str, args: list[int], data: st.DataObject
) -> None:
    kwargs = data.draw(st.dictionaries(st.sampled_from(names), st.integers()))
    arguments = Arguments("name", function)
    try:
        wanted = function(*args, **kwargs)
    except TypeError:
        with pytest.raises(TypeError):
            arguments.bind(tuple(args), kwargs)
    else:
        assert arguments.bind(tuple(args), kwargs) == wanted


# Expressions


@pytest.mark.parametrize(
    ("text", "roots"),
    [
        ("a.b", {"a"}),
        ("a.[b, c]", {"a"}),
        ("[a, b.c]", {"a", "b"}),
        ("a[?b == 'x'].c | [0]", {"a"}),
        ("sort_by(a, &b)", {"a"}),
        ("a || b && !c", {"a", "b", "c"}),
        ("a[].b[*].c", {"a"}),
        ("a[0:2].b", {"a"}),
        ("a.*.b", {"a"}),
        ("{x: a, y: `1`}", {"a"}),
        ("`1`", set[str]()),
        ("@", None),
        ("*.a", None),
        ("[a, length(@)]", None),
    ],
)
def test_an_expression_tells_what_it_reads(text: str, roots: set[str] | None) -> None:
    assert expression("name", text).roots == roots


@pytest.mark.parametrize(
    ("result", "missing"),
    [
        (None, True),
        ("", True),
        ([], True),
        ([None, ""], True),
        ({}, True),
        ({"a": None}, True),
        (0, False),
        (False, False),
        ([None, 0], False),
        ({"a": None, "b": False}, False),
    ],
)
def test_what_names_nothing(result: Any, missing: bool) -> None:
    assert is_missing(result) is missing


def test_values_as_expressions_read_them() -> None:
    assert as_json({"order": ORDER, "user": User("u")}) == {
        "order": {"id": 7, "sku": "TE", "tags": ["a", "b"]},
        "user": {"name": "u", "score": "1"},
    }
