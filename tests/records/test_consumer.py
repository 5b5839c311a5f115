"""Registering consumers: what is taken, what is refused with which advice, and who gets a stream."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

from lambdaframe.errors import ConfigurationError, NoConsumerError
from lambdaframe.invocation import Invocation, current
from lambdaframe.records.change import Change
from lambdaframe.records.consumer import Consumer, Consumers
from lambdaframe.records.record import Record
from tests.records.streams import Stream, record

if TYPE_CHECKING:
    from decimal import Decimal


class Order(BaseModel):
    id: int


async def consume_nothing(record: Record) -> None: ...


def register(function: Callable[..., Any], **options: Any) -> Consumer:
    return Consumers().add("sqs", "orders", function, **options)


async def arguments(function: Callable[..., Any], body: Any = '{"id": 1}') -> Any:
    """What the function returns for one record with this body."""
    stream = await Stream([record("1", body)]).through(register(function))
    assert stream.done == ["1"], stream.answers
    return stream.results["1"]


# What a consumer may take


async def test_nothing() -> None:
    async def tick() -> str:
        return "tick"

    assert await arguments(tick) == "tick"


async def test_the_record() -> None:
    async def consume(record: Record) -> Any:
        return record.id

    assert await arguments(consume) == "1"


async def test_the_payload() -> None:
    async def consume(order: Order) -> Any:
        return order

    assert await arguments(consume) == Order(id=1)


@pytest.mark.parametrize("first", ["record", "payload"])
async def test_both_in_either_order(first: str) -> None:
    async def record_first(record: Record, order: Order) -> Any:
        return record.id, order

    async def payload_first(order: Order, record: Record) -> Any:
        return record.id, order

    assert await arguments(record_first if first == "record" else payload_first) == ("1", Order(id=1))


async def test_the_payload_without_an_annotation() -> None:
    names: dict[str, Any] = {"Record": Record}
    exec("async def consume(order, record: Record): return order", names)

    assert await arguments(names["consume"]) == {"id": 1}


async def test_keyword_only_arguments() -> None:
    async def consume(order: Order, *, record: Record, invocation: Invocation) -> Any:
        return order.id, record.id, invocation.request_id

    token = current.set(Invocation(request_id="abc"))
    try:
        assert await arguments(consume) == (1, "1", "abc")
    finally:
        current.reset(token)


async def test_a_sync_function_with_keyword_only_arguments() -> None:
    def consume(*, order: Order, record: Record) -> Any:
        return order.id, record.id

    assert await arguments(consume) == (1, "1")


async def test_a_method_a_partial_and_a_callable_object() -> None:
    class Service:
        async def consume(self, order: Order) -> Any:
            return order.id

        async def __call__(self, order: Order) -> Any:
            return order.id + 1

    async def with_client(order: Order, client: str) -> Any:
        return order.id, client

    assert await arguments(Service().consume) == 1
    assert await arguments(Service()) == 2
    assert await arguments(functools.partial(with_client, client="the client")) == (1, "the client")


async def test_a_decorated_function_is_read_through_its_wrapper() -> None:
    def decorated(function: Any) -> Any:
        @functools.wraps(function)
        async def wrapper(*args: Any, **kwargs: Any) -> Any:
            return await function(*args, **kwargs), "wrapped"

        return wrapper

    @decorated
    async def consume(order: Order, record: Record) -> Any:
        return order.id

    assert await arguments(consume) == (1, "wrapped")


async def test_annotations_that_are_strings_know_the_types_around_the_function() -> None:
    class Local(BaseModel):
        id: int

    def inner() -> Consumer:
        async def consume(order: Local, record: Record) -> Any:
            return order

        return register(consume)

    consumer = inner()
    stream = await Stream([record("1", '{"id": 1}')]).through(consumer)
    assert stream.results["1"] == Local(id=1)


async def test_so_they_do_through_a_decorator() -> None:
    class Local(BaseModel):
        id: int

    def decorated(function: Any) -> Any:
        @functools.wraps(function)
        async def wrapper(*args: Any, **kwargs: Any) -> Any:
            return await function(*args, **kwargs)

        return wrapper

    @decorated
    async def consume(order: Local) -> Any:
        return order

    assert await arguments(consume) == Local(id=1)


async def test_types_local_to_the_function_for_a_change() -> None:
    class Local(BaseModel):
        id: int

    async def consume(change: Change[Local]) -> Any:
        return change.new

    body = {"operation": "INSERT", "keys": {}, "old": None, "new": {"id": 1}}
    assert await arguments(consume, body) == Local(id=1)


# What is refused


async def generator(order: Order) -> AsyncIterator[int]:
    yield 1


def sync_generator(order: Order) -> Iterator[int]:
    yield 1


async def two_payloads(order: Order, customer: dict[str, Any], record: Record) -> None: ...


untyped: dict[str, Any] = {}
exec("async def two_without_annotation(a, b): ...", untyped)


async def star(*orders: Order) -> None: ...


async def double_star(order: Order, **rest: Any) -> None: ...


async def unknown_name(order: Decimal) -> None: ...


class Plain: ...


async def not_validatable(order: Plain) -> None: ...


async def optional_record(record: Record | Plain) -> None: ...


@pytest.mark.parametrize(
    ("function", "advice"),
    [
        (generator, "Use 'return'"),
        (sync_generator, "Use 'return'"),
        (two_payloads, "takes 2 payloads: order, customer. Take one"),
        (untyped["two_without_annotation"], "takes 2 payloads: a, b. Take one"),
        (star, "write each argument out"),
        (double_star, "write each argument out"),
        (unknown_name, "'Decimal' is not defined. Define or import the type at module level"),
        (not_validatable, "'order' can't be validated"),
        (optional_record, "'record' can't be validated"),
    ],
)
def test_a_function_that_cant_be_a_consumer_is_refused(function: Callable[..., Any], advice: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        register(function)
    assert advice in str(caught.value)
    assert function.__name__ in str(caught.value)


@pytest.mark.parametrize("concurrency", [0, -1, 1.5, "10", None, True])
def test_a_concurrency_that_is_no_positive_number_is_refused(concurrency: Any) -> None:
    with pytest.raises(ConfigurationError, match="must be an int of 1 or more"):
        register(consume_nothing, concurrency=concurrency)


def test_unknown_options_are_refused_by_name() -> None:
    with pytest.raises(ConfigurationError, match="no option 'batch_size', 'retries'"):
        register(consume_nothing, retries=3, batch_size=10)


def test_a_type_that_turns_out_wrong_when_it_is_built_is_found_by_warm() -> None:
    class Incomplete(BaseModel):
        other: Nowhere  # type: ignore[name-defined]  # noqa: F821  that is what is tested

    consumers = Consumers()

    async def consume(order: Incomplete) -> None: ...

    consumers.add("sqs", None, consume)
    with pytest.raises(ConfigurationError, match="'order' can't be validated"):
        consumers.warm()


def test_warm_builds_what_can_be_built() -> None:
    consumers = Consumers()

    async def one(orders: list[Order]) -> None: ...
    async def two(text: str) -> None: ...

    consumers.add("sqs", "one", one)
    consumers.add("sqs", "two", two)
    consumers.warm()


# Who gets a stream


@pytest.fixture
def consumers() -> Consumers:
    consumers = Consumers()
    for source, name in [("sqs", "orders"), ("sqs", None), ("kinesis", "clicks")]:
        consumers.add(source, name, consume_nothing)
    return consumers


@pytest.mark.parametrize(
    ("source", "name", "found"),
    [
        ("sqs", "orders", ("sqs", "orders")),
        ("sqs", "others", ("sqs", None)),
        ("sqs", None, ("sqs", None)),
        ("kinesis", "clicks", ("kinesis", "clicks")),
    ],
)
def test_the_exact_name_comes_before_the_nameless_one(
    consumers: Consumers, source: str, name: str | None, found: tuple[str, str | None]
) -> None:
    consumer = consumers.find(source, name)
    assert (consumer.source, consumer.name) == found


@pytest.mark.parametrize(("source", "name"), [("kinesis", "others"), ("dynamodb", "orders"), ("kinesis", None)])
def test_a_stream_without_a_consumer_is_an_error_that_names_those_there_are(
    consumers: Consumers, source: str, name: str | None
) -> None:
    with pytest.raises(NoConsumerError) as caught:
        consumers.find(source, name)
    text = str(caught.value)
    assert source in text
    assert repr(name) in text
    assert "sqs 'orders'" in text
    assert "sqs (any)" in text
    assert "kinesis 'clicks'" in text


@pytest.mark.parametrize("name", ["orders", None])
def test_two_consumers_for_one_stream_are_refused(consumers: Consumers, name: str | None) -> None:
    async def another(record: Record) -> None: ...

    with pytest.raises(ConfigurationError, match="consume_nothing") as caught:
        consumers.add("sqs", name, another)
    assert "another" in str(caught.value)
    assert consumers.find("sqs", name).function is consume_nothing
