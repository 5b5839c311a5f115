"""``@idempotent``: keys, payloads, and results that come back as what they were."""

import asyncio
import pickle
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, ClassVar, assert_type

import pytest
from pydantic import BaseModel, ConfigDict, Field, computed_field

from lambdaframe.errors import ConfigurationError, HTTPException
from lambdaframe.idempotency import MemoryStore, Replay, ResultOmittedError, idempotent
from lambdaframe.idempotency.keys import storage_key


class Order(BaseModel):
    """Hard to bring back: aliases both ways, nothing extra, a field that is only written."""

    model_config = ConfigDict(extra="forbid")

    order_id: int = Field(alias="orderId")
    placed: datetime

    @computed_field
    def label(self) -> str:
        return f"#{self.order_id}"


@dataclass
class Point:
    x: int
    tags: tuple[str, ...] = ()


NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


async def test_one_run_for_each_key() -> None:
    runs: list[str] = []

    @idempotent(key="order_id", store="memory://")
    async def create(order_id: str, *, note: str = "") -> dict[str, str]:
        """Create it."""
        runs.append(order_id)
        return {"z": order_id, "a": note}

    first = await create("1", note="n")
    assert await create(note="n", order_id="1") == first
    assert list((await create("1", note="n")).items()) == [("z", "1"), ("a", "n")]
    await create("2")
    assert runs == ["1", "2"]
    assert (create.__name__, create.__doc__) == ("create", "Create it.")


async def test_functions_of_one_store_do_not_share_keys() -> None:
    store = MemoryStore()

    @idempotent(key="key", store=store)
    async def one(key: str) -> str:
        return "one"

    @idempotent(key="key", store=store)
    async def two(key: str) -> str:
        return "two"

    assert [await one("k"), await two("k"), await one("k")] == ["one", "two", "one"]


async def test_methods_compare_what_they_are_given_not_their_object() -> None:
    def order_id(service: object, order: Order) -> int:
        return order.order_id

    class Service:
        runs = 0

        @idempotent(key=order_id, store="memory://")
        async def place(self, order: Order) -> int:
            Service.runs += 1
            return order.order_id

    for _ in range(2):
        assert await Service().place(Order(orderId=7, placed=NOON)) == 7
    assert Service.runs == 1


REPLAYED: list[tuple[Any, Any]] = [
    (Order, Order(orderId=7, placed=NOON)),
    (list[Order] | None, [Order(orderId=7, placed=NOON)]),
    (Point, Point(1, ("a",))),
    (tuple[int, bytes], (1, b"\xff")),
    (datetime, NOON),
    (None, None),
    (Any, {"b": [1, 2.5, None, True, ""], "a": {}}),
]


@pytest.mark.parametrize(("annotation", "result"), REPLAYED, ids=lambda value: getattr(value, "__name__", None))
async def test_a_replay_has_the_annotated_type(annotation: Any, result: Any) -> None:
    async def create(key: str) -> Any:
        return result

    create.__annotations__["return"] = annotation
    once = idempotent(key="key", store="memory://")(create)
    assert await once("k") is result
    replayed = await once("k")
    assert replayed == result
    assert type(replayed) is type(result)


async def test_a_result_that_would_come_back_as_another_is_done_all_the_same() -> None:
    runs: list[str] = []
    store = MemoryStore()

    @idempotent(key="key", store=store)
    async def create(key: str) -> str | datetime:
        runs.append(key)
        return NOON

    assert await create("k") == NOON
    with pytest.raises(ResultOmittedError, match="another member of the annotated union"):
        await create("k")
    assert (runs, store.counters.omitted) == (["k"], 1)


class Later:
    """Forward references to what is defined below them."""

    @idempotent(key="key", store="memory://")
    async def create(self, key: str, missing: "OnlyForTypeCheckers | None" = None) -> "list[Late]":  # type: ignore[name-defined]  # noqa: F821  # pyright: ignore  -- that is the test
        return [Late(key)]


@dataclass
class Late:
    key: str


async def test_only_the_return_annotation_has_to_resolve() -> None:
    later: Any = Later()
    assert await later.create("k") == await later.create("k") == [Late("k")]


class Pickled:
    """A codec of one's own."""

    def encode(self, value: Any) -> bytes:
        return pickle.dumps(value)

    def decode(self, data: bytes) -> Any:
        return pickle.loads(data)


async def test_a_codec_of_one_s_own_writes_and_reads_the_results() -> None:
    @idempotent(key="key", store="memory://", codec=Pickled(), final_errors=(LookupError,))
    async def create(key: str) -> complex:
        if key == "error":
            raise LookupError("none")
        return 1 + 2j

    assert await create("k") == await create("k") == 1 + 2j
    for _ in range(2):
        with pytest.raises(LookupError, match="none"):
            await create("error")


class Broken:
    """It writes what is no bytes, or raises, or can't read what it wrote."""

    def __init__(self, written: Any) -> None:
        self.written = written

    def encode(self, value: Any) -> bytes:
        if isinstance(self.written, Exception):
            raise self.written
        written: bytes = self.written
        return written

    def decode(self, data: bytes) -> Any:
        raise EOFError("too short")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("text", r"not kept: .*encode\(\) gave str, not bytes"),
        (OSError("disk full"), "not kept: .*disk full"),
        (b"x", "does not fit this code: too short"),
    ],
)
async def test_a_broken_codec_never_repeats_the_effect(written: Any, said: str) -> None:
    runs: list[str] = []

    @idempotent(key="key", store="memory://", codec=Broken(written))
    async def create(key: str) -> str:
        runs.append(key)
        return "fine"

    assert await create("k") == "fine"
    with pytest.raises(ResultOmittedError, match=said):
        await create("k")
    assert runs == ["k"]


async def test_http_errors_may_be_final() -> None:
    @idempotent(key="key", store="memory://", final_errors=(HTTPException,))
    async def create(key: str) -> None:
        raise HTTPException(402, "no money", headers={"x-balance": "0"})

    for _ in range(2):
        with pytest.raises(HTTPException) as caught:
            await create("k")
        assert (caught.value.status_code, caught.value.detail) == (402, "no money")
        assert caught.value.headers == {"x-balance": "0"}
        assert type(caught.value) is HTTPException


async def test_subclasses_of_final_errors_are_final() -> None:
    runs: list[str] = []

    @idempotent(key="key", store="memory://", final_errors=(LookupError,))
    async def find(key: str) -> None:
        runs.append(key)
        raise KeyError("it")

    for _ in range(2):
        with pytest.raises(KeyError, match="it"):
            await find("k")
    assert runs == ["k"]


async def test_a_final_error_that_is_no_json_is_not_run_again() -> None:
    runs: list[str] = []

    @idempotent(key="key", store="memory://", final_errors=(ValueError,))
    async def create(key: str) -> None:
        runs.append(key)
        raise ValueError(object())

    with pytest.raises(ValueError, match="object"):
        await create("k")
    with pytest.raises(ResultOmittedError):
        await create("k")
    assert runs == ["k"]


async def test_a_result_of_older_code_is_not_made_again() -> None:
    async def create(key: str) -> Any:
        return {"old": 1}

    once = idempotent(key="key", store=(store := MemoryStore()))(create)
    await once("k")
    create.__annotations__["return"] = Order
    newer = idempotent(key="key", store=store)(create)
    with pytest.raises(ResultOmittedError, match="does not fit this code"):
        await newer("k")


# Replays


async def test_a_hook_is_told_of_replays_and_gives_the_result() -> None:
    told: list[Replay] = []

    def hook(result: dict[str, Any], replay: Replay) -> dict[str, Any]:
        told.append(replay)
        return {**result, "replayed": True}

    async def slow_hook(result: dict[str, Any], replay: Replay) -> dict[str, Any]:
        return hook(result, replay)

    for on_replay in (hook, slow_hook):
        told.clear()

        @idempotent(key="key", store="memory://", on_replay=on_replay, operation="orders.create")
        async def create(key: str) -> dict[str, Any]:
            return {"id": key}

        assert await create("k") == {"id": "k"}
        assert not told
        assert await create("k") == {"id": "k", "replayed": True}
        assert await create("k") == {"id": "k", "replayed": True}
        assert [(replay.operation, replay.kind) for replay in told] == [("orders.create", "ok")] * 2
        assert told[0].key == storage_key("", "orders.create", None, '"k"')


async def test_a_hook_is_told_of_final_errors_which_are_raised() -> None:
    told: list[Any] = []

    def hook(result: Any, replay: Replay) -> str:
        told.append((result, replay.kind))
        return "no error"

    @idempotent(key="key", store="memory://", on_replay=hook, final_errors=(LookupError,))
    async def find(key: str) -> str:
        raise KeyError(key)

    with pytest.raises(KeyError, match="k"):
        await find("k")
    assert not told
    with pytest.raises(KeyError, match="k") as caught:
        await find("k")
    assert told == [(caught.value, "error")]


# Operations


async def test_code_may_move_when_its_operation_is_named() -> None:
    store = MemoryStore()

    async def old(key: str) -> str:
        return "old"

    async def new(key: str) -> str:
        return "new"

    assert await idempotent(key="key", store=store, operation="orders.create")(old)("k") == "old"
    assert await idempotent(key="key", store=store, operation="orders.create")(new)("k") == "old"
    assert await idempotent(key="key", store=store)(new)("k") == "new"


class Shop:
    """Each kind of method, the decorator next to the function."""

    runs: ClassVar[list[str]] = []

    @idempotent(key="key", store="memory://")
    async def buy(self, key: str) -> str:
        self.runs.append(f"buy {key}")
        return key

    @classmethod
    @idempotent(key="key", store="memory://")
    async def open(cls, key: str) -> str:
        cls.runs.append(f"open {key}")
        return cls.__name__

    @staticmethod
    @idempotent(key="key", store="memory://")
    async def close(key: str) -> str:
        Shop.runs.append(f"close {key}")
        return key


async def test_every_kind_of_method() -> None:
    Shop.runs.clear()
    for _ in range(2):
        assert await Shop().buy("a") == "a"
        assert await Shop.open("b") == "Shop"
        assert await Shop().close(key="c") == "c"
    once = idempotent(key="key", store="memory://")(Shop().buy)
    assert await once("d") == await once("d") == "d"
    assert Shop.runs == ["buy a", "open b", "close c", "buy d"]


async def test_type_checkers_see_the_function_that_was_decorated() -> None:
    @idempotent(key="key", store="memory://")
    def sync(key: str, amount: int = 1) -> list[int]:
        return [amount]

    assert_type(await Shop().buy("types"), str)
    assert_type(await Shop.open(key="types"), str)
    assert_type(await asyncio.to_thread(sync, "types", amount=2), list[int])


# Mistakes found at registration


async def create(order: int) -> None: ...


async def endless(order: int) -> AsyncIterator[int]:
    yield order


def lazy(order: int) -> Iterator[int]:
    yield order


def sync(order: int) -> None: ...


async def slow_hook(result: Any, replay: Replay) -> Any: ...


anything: Any = sync


def register(function: Any, options: dict[str, Any]) -> None:
    everything: dict[str, Any] = {"key": "order", "store": "memory://", **options}
    idempotent(**everything)(function)


MISTAKES: list[tuple[Any, dict[str, Any], str]] = [
    (create, {"ttl": 1}, "ttl=1 s is too short"),
    (create, {"store": "mongo://x"}, "names no store"),
    (create, {"final_errors": (404,)}, "final_errors takes exception classes"),
    (create, {"operation": ""}, "operation= is a name"),
    (create, {"codec": Pickled}, r"an object with encode\(\) and decode\(\)"),
    (create, {"codec": object()}, r"an object with encode\(\) and decode\(\)"),
    (create, {"on_replay": "hook"}, "on_replay= is a function"),
    (sync, {"on_replay": slow_hook}, "write 'def', not 'async def'"),
    (endless, {}, "is a generator.*in a list and return that"),
    (lazy, {}, "is a generator.*in a list and return that"),
    (classmethod(anything), {}, "put @idempotent below @classmethod"),
    (staticmethod(anything), {}, "put @idempotent below @staticmethod"),
    (property(anything), {}, "put @idempotent below @property"),
    (Order, {}, "is no function: write 'def'"),
    (partial(sync, order=1), {}, "is no function: write 'def'"),
    (7, {}, "is no function: write 'def'"),
]


@pytest.mark.parametrize(("function", "options", "said"), MISTAKES)
def test_mistakes_are_found_at_registration(function: Any, options: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        register(function, options)


async def test_an_unknown_annotation_is_found_before_anything_runs() -> None:
    async def create(key: str) -> "Unknown":  # type: ignore[name-defined]  # noqa: F821  # pyright: ignore  -- that is the test
        pytest.fail("ran")

    with pytest.raises(ConfigurationError, match="Unknown"):
        await idempotent(key="key", store="memory://")(create)("k")  # pyright: ignore[reportUnknownArgumentType]
