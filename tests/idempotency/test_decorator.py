"""``@idempotent``: keys, payloads, and results that come back as what they were."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypedDict
from uuid import UUID

import pytest
from pydantic import BaseModel, ConfigDict, Field, computed_field

from lambdaframe.errors import ConfigurationError, HTTPException
from lambdaframe.idempotency import (
    IdempotencyKeyError,
    IdempotencyMismatchError,
    MemoryStore,
    ResultOmittedError,
    idempotent,
)


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


class Row(TypedDict):
    id: int


NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
UUID_1 = UUID(int=1)


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


ANNOTATIONS: list[tuple[Any, Any]] = [
    (Order, Order(orderId=7, placed=NOON)),
    (Order | None, Order(orderId=7, placed=NOON)),
    (Order | None, None),
    (list[Order], [Order(orderId=7, placed=NOON)]),
    (Point, Point(1, ("a",))),
    (tuple[int, str], (1, "a")),
    (dict[int, str], {1: "a"}),
    (datetime, NOON),
    (UUID, UUID_1),
    (Row, {"id": 1}),
    (dict[str, list[int | None]], {"a": [1, None]}),
    (Any, {"b": [1, 2.5, None, True, ""], "a": {}}),
    (None, None),
]


@pytest.mark.parametrize(("annotation", "result"), ANNOTATIONS, ids=lambda value: getattr(value, "__name__", None))
async def test_a_replay_has_the_annotated_type(annotation: Any, result: Any) -> None:
    async def create(key: str) -> Any:
        return result

    create.__annotations__["return"] = annotation
    once = idempotent(key="key", store="memory://")(create)
    assert await once("k") is result
    replayed = await once("k")
    assert replayed == result
    assert type(replayed) is type(result)


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


async def test_falsy_keys_are_keys_and_types_are_told_apart() -> None:
    runs: list[Any] = []

    @idempotent(key="key", store="memory://")
    async def create(key: Any) -> None:
        runs.append(key)

    for key in (0, "0", False, UUID_1, [1, "a"], 0, "0", False, UUID_1, [1, "a"]):
        await create(key)
    assert runs == [0, "0", False, UUID_1, [1, "a"]]


async def test_the_payload_is_all_arguments_unless_said_otherwise() -> None:
    async def create(key: str, amount: int = 1, trace: object = None) -> int:
        return amount

    everything = idempotent(key="key", store="memory://")(create)
    await everything("k", 1)
    assert await everything("k") == 1
    with pytest.raises(IdempotencyMismatchError):
        await everything("k", 2)

    def amount_only(key: str, amount: int, trace: object) -> int:
        return amount

    for chosen in (("key", "amount"), amount_only):
        some = idempotent(key="key", store="memory://", fingerprint=chosen)(create)
        assert await some("k", 1, object()) == await some("k", 1, object()) == 1
        with pytest.raises(IdempotencyMismatchError):
            await some("k", 2, object())


async def test_arguments_that_can_t_be_compared_are_named_before_anything_runs() -> None:
    @idempotent(key="key", store="memory://")
    async def create(key: str, session: object) -> None:
        pytest.fail("ran")

    with pytest.raises(ConfigurationError, match=r"serializable: object.*fingerprint=\('order',\)"):
        await create("k", object())


# Mistakes found at registration


async def create(order: int) -> None: ...


def blocking(order: int) -> None: ...


def register(function: Any, options: dict[str, Any]) -> None:
    everything: dict[str, Any] = {"store": "memory://", **options}
    idempotent(**everything)(function)


@pytest.mark.parametrize(
    ("function", "options", "said"),
    [
        (create, {"key": "id"}, r"create has no argument 'id'; it takes \['order'\]"),
        (create, {"key": "order", "fingerprint": ("id",)}, "has no argument 'id'"),
        (create, {"key": "order", "fingerprint": "order"}, r"a tuple of arguments' names: \('order',\)"),
        (create, {"key": "order", "ttl": 1}, "ttl=1 s is too short"),
        (create, {"key": "order", "store": "redis://x"}, "names no store"),
        (create, {"key": "order", "final_errors": (404,)}, "final_errors takes exception classes"),
        (blocking, {"key": "order"}, "write 'async def'"),
    ],
)
def test_mistakes_are_found_at_registration(function: Any, options: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        register(function, options)


async def test_an_unknown_annotation_is_found_before_anything_runs() -> None:
    async def create(key: str) -> "Unknown":  # type: ignore[name-defined]  # noqa: F821  # pyright: ignore  -- that is the test
        pytest.fail("ran")

    with pytest.raises(ConfigurationError, match="Unknown"):
        await idempotent(key="key", store="memory://")(create)("k")  # pyright: ignore[reportUnknownArgumentType]
