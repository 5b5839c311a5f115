"""The AsyncAPI document: its channels, operations and messages, and that every reference leads somewhere."""

import json
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from lambdaframe import App, Record
from lambdaframe.asyncapi.names import operation_ids
from lambdaframe.errors import ConfigurationError
from lambdaframe.events.types import EventBridgeEvent, LogEvent, S3Object, SNSMessage
from lambdaframe.http.openapi.schemas import objects_in
from lambdaframe.records.change import Change
from lambdaframe.records.stream import RecordStream


class Order(BaseModel):
    id: int


class Placed(BaseModel):
    type: Literal["placed"]
    order: Order


class Cancelled(BaseModel):
    type: Literal["cancelled"]


class Sealed(BaseModel):
    what: Annotated[Placed | Cancelled, Field(discriminator="type")]


@dataclass
class Click:
    at: tuple[int, str]


class Row(TypedDict):
    pk: str


Either = Annotated[Placed | Cancelled, Field(discriminator="type")]
ORDER = {"$ref": "#/components/schemas/Order"}


def resolved(document: dict[str, Any], reference: str) -> Any:
    found: Any = document
    for part in reference.removeprefix("#/").split("/"):
        found = found[part.replace("~1", "/").replace("~0", "~")]
    return found


def checked(app: App) -> dict[str, Any]:
    """The document, of which every reference resolves and every operation's messages are its channel's."""
    document = app.asyncapi()
    for each in objects_in(document):
        if isinstance(each.get("$ref"), str):
            resolved(document, each["$ref"])
    for operation in document["operations"].values():
        assert operation["action"] == "receive"
        assert operation["messages"]
        channel = operation["channel"]["$ref"]
        assert all(message["$ref"].startswith(f"{channel}/messages/") for message in operation["messages"])
    assert json.loads(json.dumps(document)) == document
    return document


def one(app: App) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The channel of the only operation, and its messages."""
    document = checked(app)
    ((operation,), (channel,)) = document["operations"].values(), document["channels"].values()
    found = [resolved(document, resolved(document, each["$ref"])["$ref"]) for each in operation["messages"]]
    return channel, found


def consumed(source: str, annotation: Any, name: str | None = "it", **options: Any) -> App:
    app = App()

    async def take(payload: Any) -> None: ...

    take.__annotations__["payload"] = annotation

    getattr(app, source)(name, **options)(take)
    return app


def handled(verb: str, *args: Any, annotation: Any = dict, **options: Any) -> App:
    app = App()

    async def take(payload: Any) -> None: ...

    take.__annotations__["payload"] = annotation

    getattr(app, verb)(*args, **options)(take)
    return app


def test_an_application_without_consumers_has_an_empty_document() -> None:
    app = App(
        title="Shop",
        version="2.0",
        summary="Sells.",
        license_info={"name": "MIT", "identifier": "MIT"},
        contact={"email": "a@b.c"},
    )
    assert app.asyncapi() == {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Shop",
            "version": "2.0",
            "description": "Sells.",
            "license": {"name": "MIT"},
            "contact": {"email": "a@b.c"},
        },
        "defaultContentType": "application/json",
        "channels": {},
        "operations": {},
        "components": {"messages": {}, "schemas": {}},
    }


def test_a_queue() -> None:
    app = App(service="shop")

    @app.sqs("orders.fifo")
    async def fulfil(order: Order, record: Record) -> None:
        """Ship it.

        Or say why not.
        """

    document = checked(app)
    assert document["channels"] == {
        "sqs.orders.fifo": {
            "address": "orders.fifo",
            "tags": [{"name": "sqs"}],
            "bindings": {"sqs": {"queue": {"name": "orders.fifo", "fifoQueue": True}, "bindingVersion": "0.2.0"}},
            "messages": {"Order": {"$ref": "#/components/messages/Order"}},
        }
    }
    assert document["operations"] == {
        "fulfil": {
            "action": "receive",
            "channel": {"$ref": "#/channels/sqs.orders.fifo"},
            "summary": "Ship it.",
            "messages": [{"$ref": "#/channels/sqs.orders.fifo/messages/Order"}],
        }
    }
    assert document["components"]["messages"] == {
        "Order": {"name": "Order", "contentType": "application/json", "payload": ORDER}
    }
    assert document["components"]["schemas"]["Order"]["required"] == ["id"]


@pytest.mark.parametrize(
    ("app", "address", "bindings"),
    [
        (consumed("sqs", Order, None), None, None),
        (consumed("kinesis", Order), "it", None),
        (consumed("dynamodb", Change[Order]), "it", None),
        (consumed("firehose", Order), "it", None),
        (consumed("kafka", Order), "it", {"kafka": {"topic": "it", "bindingVersion": "0.5.0"}}),
        (handled("event", "shop", "Order Placed"), "shop/Order Placed", None),
        (handled("schedule", "nightly"), "nightly", None),
        (handled("schedule"), None, None),
        (
            handled("sns", "news.fifo"),
            "news.fifo",
            {"sns": {"name": "news.fifo", "ordering": {"type": "FIFO"}, "bindingVersion": "0.1.0"}},
        ),
        (
            handled("sns", "arn:aws:sns:eu-west-1:123456789012:news"),
            "arn:aws:sns:eu-west-1:123456789012:news",
            {"sns": {"name": "news", "ordering": {"type": "standard"}, "bindingVersion": "0.1.0"}},
        ),
        (handled("sns"), None, None),
        (handled("s3", "uploads", suffix=".csv", annotation=S3Object), "uploads", None),
        (handled("logs", "/aws/lambda/*", annotation=str), "/aws/lambda/*", None),
        (handled("invoke"), None, None),
    ],
)
def test_channels(app: App, address: str | None, bindings: Any) -> None:
    channel, _ = one(app)
    assert channel["address"] == address
    assert channel.get("bindings") == bindings
    assert "parameters" not in channel


@pytest.mark.parametrize(
    ("app", "address", "parameters"),
    [
        (
            handled("event", "shop", ["Shipped", "Lost"]),
            "shop/{detail-type}",
            {"detail-type": {"enum": ["Shipped", "Lost"]}},
        ),
        (handled("event", "shop"), "shop/{detail-type}", {"detail-type": {}}),
        (handled("event", "shop", "a {brace}"), "shop/{detail-type}", {"detail-type": {"enum": ["a {brace}"]}}),
        (
            handled("event", pattern={"source": [{"prefix": "shop."}], "detail-type": ["Lost"]}),
            "{source}/Lost",
            {"source": {}},
        ),
        (
            handled("event", pattern={"$or": [{"source": ["a"]}, {"source": ["b"]}], "detail-type": ["Lost"]}),
            "{source}/Lost",
            {"source": {"enum": ["a", "b"]}},
        ),
        (
            handled("event", pattern={"$or": [{"source": ["a"]}, {"account": ["b"]}], "detail-type": ["Lost"]}),
            "{source}/Lost",
            {"source": {}},
        ),
    ],
)
def test_what_an_event_may_be_is_a_parameter_of_its_address(app: App, address: str, parameters: Any) -> None:
    channel, _ = one(app)
    assert (channel["address"], channel["parameters"]) == (address, parameters)


STRING = {"type": "string"}


@pytest.mark.parametrize(
    ("app", "content_type", "envelopes", "payload"),
    [
        (consumed("sqs", Annotated[Order, "some note"]), "application/json", None, ORDER),
        (consumed("sqs", RecordStream[Order], batch=True), "application/json", None, ORDER),
        (consumed("sqs", RecordStream, batch=True), "application/json", None, {}),
        (consumed("sqs", Any), "application/json", None, {}),
        (consumed("sqs", object), "application/json", None, {}),
        (consumed("sqs", Record), None, None, None),
        (consumed("sqs", str), "text/plain", None, STRING),
        (consumed("sqs", Annotated[str, Field(min_length=1)]), "text/plain", None, {**STRING, "minLength": 1}),
        (consumed("kafka", str | None), "text/plain", None, {"anyOf": [STRING, {"type": "null"}]}),
        (
            consumed("kinesis", bytes),
            "application/octet-stream",
            None,
            {**STRING, "contentMediaType": "application/octet-stream"},
        ),
        (consumed("kinesis", Click), "application/json", None, {"$ref": "#/components/schemas/Click"}),
        (consumed("sqs", Row), "application/json", None, {"$ref": "#/components/schemas/Row"}),
        (consumed("sqs", Order, unwrap="sns"), "application/json", ["sns"], ORDER),
        (consumed("sqs", str, unwrap="sns"), "text/plain", ["sns"], STRING),
        (consumed("sqs", SNSMessage[Order]), "application/json", ["sns"], ORDER),
        (
            consumed("sqs", EventBridgeEvent[Order], unwrap="sns"),
            "application/json",
            ["sns", "eventbridge"],
            ORDER,
        ),
        (consumed("sqs", list[Order], unwrap="s3"), "application/json", ["s3"], {"type": "array", "items": ORDER}),
        (handled("event", "shop", annotation=EventBridgeEvent[Order]), "application/json", None, ORDER),
        (handled("event", "shop", annotation=EventBridgeEvent), "application/json", None, {}),
        (handled("sns", "news", annotation=SNSMessage[str]), "text/plain", None, STRING),
        (handled("logs", annotation=list[LogEvent]), "text/plain", None, STRING),
        (handled("logs", annotation=LogEvent), "text/plain", None, STRING),
        (handled("logs", annotation=list[Order]), "application/json", None, ORDER),
        (handled("invoke", annotation=str), "application/json", None, STRING),
    ],
)
def test_payloads(app: App, content_type: str | None, envelopes: list[str] | None, payload: Any) -> None:
    _, (message,) = one(app)
    assert message.get("contentType") == content_type
    assert message.get("x-envelopes") == envelopes
    assert message.get("payload") == payload


def test_a_discriminated_union_is_several_messages() -> None:
    _, messages = one(consumed("sqs", Either))
    assert [message["payload"]["$ref"] for message in messages] == [
        "#/components/schemas/Placed",
        "#/components/schemas/Cancelled",
    ]
    assert [message["name"] for message in messages] == ["Placed", "Cancelled"]


def test_inside_a_type_a_union_is_told_apart_by_constants() -> None:
    schemas = checked(consumed("sqs", Sealed))["components"]["schemas"]
    assert list(schemas["Sealed"]["properties"]["what"]) == ["oneOf", "title"]
    assert schemas["Placed"]["properties"]["type"]["const"] == "placed"


def test_tuples_are_written_as_in_draft_07() -> None:
    at = checked(consumed("sqs", Click))["components"]["schemas"]["Click"]["properties"]["at"]
    assert at["items"] == [{"type": "integer"}, {"type": "string"}]
    assert "prefixItems" not in at


def test_names_of_fields_and_defaults_are_left_alone() -> None:
    class Odd(BaseModel):
        discriminator: int
        prefixItems: list[int]  # noqa: N815  it is the keyword's name
        value: Any = {"discriminator": 1}

    schema = checked(consumed("sqs", Odd))["components"]["schemas"]["Odd"]
    assert list(schema["properties"]) == ["discriminator", "prefixItems", "value"]
    assert schema["properties"]["value"]["default"] == {"discriminator": 1}


def test_a_change_has_both_images() -> None:
    document = checked(consumed("dynamodb", Change[Row]))
    (message,) = document["components"]["messages"].values()
    change = resolved(document, message["payload"]["$ref"])
    assert {"$ref": "#/components/schemas/Row"} in change["properties"]["new"]["anyOf"]


@pytest.mark.parametrize(
    ("app", "names"),
    [
        (handled("s3", "uploads", annotation=S3Object), ["S3Record"]),
        (handled("event", "aws.s3", annotation=S3Object), ["S3Detail"]),
        (handled("sns", "news", annotation=SNSMessage[list[S3Object]]), ["S3Notification", "S3Detail.eventbridge"]),
        (consumed("sqs", list[S3Object]), ["S3Notification", "S3Detail.eventbridge"]),
        (consumed("sqs", Any, unwrap="s3"), ["S3Notification", "S3Detail.eventbridge"]),
        (consumed("sqs", SNSMessage[S3Object]), ["S3Notification.sns", "S3Detail.sns.eventbridge"]),
    ],
)
def test_objects_of_s3_come_in_its_own_formats(app: App, names: list[str]) -> None:
    _, messages = one(app)
    assert [message["name"] for message in messages] == names


def test_equal_messages_have_one_name_and_others_their_own() -> None:
    app = App()

    @app.sqs("a")
    async def first(order: Order) -> None: ...

    @app.kinesis("a")
    async def second(order: Order) -> None: ...

    @app.sqs("b")
    async def Order_(order: dict[str, int]) -> None: ...  # noqa: N802  to be named as a type is

    @app.sqs("c", unwrap="sns")
    async def third(order: Order) -> None: ...

    document = checked(app)
    assert list(document["components"]["messages"]) == ["Order", "Order-2", "Order.sns"]
    assert list(document["channels"]) == ["sqs.a", "kinesis.a", "sqs.b", "sqs.c"]


def test_handlers_of_one_place_share_its_channel() -> None:
    app = App()

    @app.s3("uploads", suffix=".csv")
    async def table(found: S3Object) -> None: ...

    @app.s3("uploads", suffix=".png")
    async def picture(found: S3Object) -> None: ...

    document = checked(app)
    assert list(document["channels"]) == ["s3.uploads"]
    assert list(document["channels"]["s3.uploads"]["messages"]) == ["S3Record"]
    assert [each["title"] for each in document["operations"].values()] == [
        "ObjectCreated:* of *.csv in bucket uploads",
        "ObjectCreated:* of *.png in bucket uploads",
    ]


def test_places_whose_keys_would_be_the_same_are_told_apart() -> None:
    app = App()

    @app.event("shop", "Order Placed")
    async def one_way(order: Order) -> None: ...

    @app.event("shop", "Order_Placed")
    async def other_way(order: Order) -> None: ...

    channels = checked(app)["channels"]
    assert {key: channel["address"] for key, channel in channels.items()} == {
        "eventbridge.shop.Order_Placed": "shop/Order Placed",
        "eventbridge.shop.Order_Placed-2": "shop/Order_Placed",
    }


def test_one_function_for_two_queues_is_two_operations() -> None:
    async def take(order: Order) -> None:
        """Takes them."""

    app = App()
    app.sqs("a")(take)
    app.sqs("b")(partial(take))
    operations = checked(app)["operations"]
    assert list(operations) == ["take", "take-2"]
    assert [each["summary"] for each in operations.values()] == ["Takes them."] * 2


@given(st.lists(st.text(min_size=1), max_size=20))
def test_each_operation_has_an_id_of_its_own(labels: list[str]) -> None:
    ids = operation_ids(labels)
    assert len(set(ids)) == len(labels)
    assert all(set(each) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") for each in ids)


def test_functions_of_one_name_are_told_apart_by_their_modules() -> None:
    labels = ["orders.handle", "bills.handle", "orders.ship"]
    assert operation_ids(labels) == ["orders.handle", "bills.handle", "ship"]


def test_a_type_without_a_schema_is_named_with_its_consumer() -> None:
    class Opaque:
        @classmethod
        def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
            from pydantic_core import core_schema

            return core_schema.is_instance_schema(cls)

    with pytest.raises(ConfigurationError, match=r"take: the payload has no JSON Schema"):
        consumed("sqs", Opaque).asyncapi()


def test_the_command_prints_it(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(
        "from lambdaframe import App\napp = App()\n\n\n@app.sqs('naïve')\nasync def take(order: dict) -> None: ...\n"
    )
    command = [sys.executable, "-m", "lambdaframe.cli", "asyncapi", "main:app", "--app-dir", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["channels"]["sqs.na_ve"]["address"] == "naïve"


def test_it_is_loaded_by_nobody_else() -> None:
    code = (
        "import sys; from lambdaframe import App; app = App(); app.sqs('q')(lambda order: None); "
        "app.event('shop')(lambda order: None); assert not any('asyncapi' in name for name in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
