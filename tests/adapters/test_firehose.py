"""Transformation for Firehose: every record comes back, in order, with what became of it."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdaframe import App, Record
from lambdaframe.errors import DropRecordError, MalformedEventError, NoConsumerError, PoisonRecordError
from lambdaframe.records.firehose import Dropped, FirehoseResult, Ok, ProcessingFailed
from lambdaframe_adapters import LambdaHandler, firehose
from lambdaframe_adapters.testing import LambdaContext
from lambdaframe_adapters.testing.streams import firehose_event
from tests.adapters.captured import captured

Make = Callable[..., LambdaHandler]


WRONG_KEYS: Any = {"year": 2026}


class Click(pydantic.BaseModel):
    page: str
    n: int = pydantic.Field(alias="number", default=0)


def entries(event: dict[str, Any], answer: dict[str, Any]) -> list[tuple[str, bytes]]:
    """What became of each record and its data, after a check that all are there, in their order."""
    assert set(answer) == {"records"}
    assert [entry["recordId"] for entry in answer["records"]] == [raw["recordId"] for raw in event["records"]]
    return [(entry["result"], base64.b64decode(entry["data"])) for entry in answer["records"]]


def transformed(make: Make, returns: Any, *, data: Any = "original") -> tuple[str, bytes]:
    """What becomes of one record whose consumer returns this, or raises it."""
    app = App()

    @app.firehose("stream")
    async def transform(data: bytes) -> Any:
        if isinstance(returns, Exception):
            raise returns
        return returns

    event = firehose_event([data])
    (entry,) = entries(event, make(app)(event))
    return entry


# Scopes and records


@pytest.mark.parametrize("name", ["direct_put", "kinesis_stream", "msk"])
def test_scope(name: str) -> None:
    event = captured(f"firehose/{name}")
    assert firehose.scope(event, None) == {
        "type": "records",
        "asgi": {"version": "3.0"},
        "source": "firehose",
        "name": "clicks",
        "arn": "arn:aws:firehose:us-east-1:123456789012:deliverystream/clicks",
        "order": "none",
        "extensions": {"lambda": {"event": event, "context": None}},
    }


def test_the_event_tells_where_it_is_from() -> None:
    own, account, source = firehose.identities(captured("firehose/kinesis_stream"))
    assert (own, account) == ("arn:aws:firehose:us-east-1:123456789012:deliverystream/clicks", "123456789012")
    assert source == "arn:aws:kinesis:us-east-1:123456789012:stream/source"


def test_what_the_sam_command_line_generates_is_taken() -> None:
    event = captured("firehose/direct_put")
    event["deliverySteamArn"] = event.pop("deliveryStreamArn").replace("firehose", "kinesis")
    assert firehose.matches(event)
    assert firehose.scope(event, None)["name"] == "clicks"


@pytest.mark.parametrize(
    ("name", "attributes", "timestamp"),
    [
        ("direct_put", {}, datetime(2022, 9, 24, 14, 19, 45, 290000, UTC)),
        (
            "kinesis_stream",
            {
                "partition_key": "4d1ad2b9-24f8-4b9d-a088-76e9947c317a",
                "sequence_number": "49578734086442259037497492980620233840400173390482112514",
                "subsequence_number": 0,
                "shard_id": "shardId-000000000000",
            },
            datetime(2022, 9, 24, 14, 13, 40, 148000, UTC),
        ),
        ("msk", {"offset": "0", "partition": "1"}, datetime(2024, 5, 22, 9, 19, 33, 887000, UTC)),
    ],
)
def test_records(name: str, attributes: dict[str, Any], timestamp: datetime) -> None:
    event = captured(f"firehose/{name}")
    record = next(firehose.records(event))
    assert record.id == event["records"][0]["recordId"]
    assert json.loads(record.body) == {"page": "/", "n": 0}
    assert record.attributes == attributes
    assert (record.timestamp, record.group, record.sequence) == (timestamp, None, None)


@pytest.mark.parametrize("data", ["!!!", "YQ", None, 5])
def test_invalid_base64_is_poison(data: Any) -> None:
    event = firehose_event(["a"])
    event["records"][0]["data"] = data
    with pytest.raises(PoisonRecordError):
        _ = next(firehose.records(event)).body


@pytest.mark.parametrize("missing", [None, "", 5, "absent"])
def test_a_record_without_an_id_fails_the_batch(missing: Any) -> None:
    event = firehose_event(["a", "b"])
    event["records"][1]["recordId"] = missing
    if missing == "absent":
        del event["records"][1]["recordId"]
    with pytest.raises(MalformedEventError, match="Record 1 has no recordId"):
        firehose.scope(event, None)


def test_two_records_of_one_id_fail_the_batch() -> None:
    event = firehose_event(["a", "b"])
    event["records"][1]["recordId"] = event["records"][0]["recordId"]
    with pytest.raises(MalformedEventError, match="Record 1 has the recordId of another one"):
        firehose.scope(event, None)


@pytest.mark.parametrize("arn", [None, "", 5])
def test_an_event_without_a_delivery_stream_fails(arn: Any) -> None:
    with pytest.raises(MalformedEventError, match="deliveryStreamArn"):
        firehose.scope({**firehose_event(["a"]), "deliveryStreamArn": arn}, None)


# Results


@pytest.mark.parametrize(
    ("returns", "data"),
    [
        (b"\xff\x00", b"\xff\x00"),
        (bytearray(b"ab"), b"ab"),
        ("grüße", "grüße".encode()),
        ("", b""),
        ({"a": 1}, b'{"a":1}\n'),
        ([1, 2], b"[1,2]\n"),
        (Click(page="/", number=3), b'{"page":"/","number":3}\n'),
        (7, b"7\n"),
        (Ok({"a": 1}), b'{"a":1}\n'),
        (Ok("a,b"), b"a,b"),
    ],
    ids=repr,
)
def test_what_is_returned_is_delivered(make: Make, returns: Any, data: bytes) -> None:
    assert transformed(make, returns) == ("Ok", data)


def test_what_is_dropped_or_failed_on_purpose(make: Make) -> None:
    assert transformed(make, Dropped()) == ("Dropped", b"")
    assert transformed(make, ProcessingFailed()) == ("ProcessingFailed", b"original")
    assert transformed(make, DropRecordError("nothing to do")) == ("Dropped", b"")


@pytest.mark.parametrize("returns", [None, Ok(None), object(), Ok(object()), "\ud800", Ok("a", WRONG_KEYS)], ids=repr)
def test_what_can_not_be_delivered_has_failed(make: Make, capsys: pytest.CaptureFixture[str], returns: Any) -> None:
    assert transformed(make, returns) == ("ProcessingFailed", b"original")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (line,) = [line for line in lines if line["level"] == "ERROR"]
    assert (line["message"], line["record_id"]) == ("Record failed", firehose_event(["a"])["records"][0]["recordId"])
    assert line["consumer"].endswith("transform")


def test_failed_and_poison_records_come_back_as_they_were(make: Make) -> None:
    app = App()

    @app.firehose()
    async def transform(click: Click) -> str:
        if click.page == "/fail":
            raise ValueError
        return click.page

    event = firehose_event([{"page": "/a"}, "no JSON", {"page": "/fail"}, {"page": "/b"}])
    assert entries(event, make(app)(event)) == [
        ("Ok", b"/a"),
        ("ProcessingFailed", b"no JSON"),
        ("ProcessingFailed", b'{"page": "/fail"}'),
        ("Ok", b"/b"),
    ]


def test_what_there_is_no_time_for_has_failed(make: Make) -> None:
    app = App()

    @app.firehose("stream")
    async def transform(data: str) -> str:
        return data.upper()

    event = firehose_event(["a", "b"])
    answer = make(app)(event, LambdaContext(0.9))
    assert entries(event, answer) == [("ProcessingFailed", b"a"), ("ProcessingFailed", b"b")]


def test_partition_keys_are_metadata(make: Make) -> None:
    app = App()

    @app.firehose()
    async def transform(click: dict[str, Any], record: Record) -> Ok:
        return Ok(click, partition_keys={"customer": record.attributes["partition_key"], "year": "2026"})

    event = firehose_event([{"page": "/"}], partition_keys=["c-7"])
    (entry,) = make(app)(event)["records"]
    assert entry["metadata"] == {"partitionKeys": {"customer": "c-7", "year": "2026"}}


def test_records_of_a_cluster_have_a_member_of_their_own(make: Make) -> None:
    app = App()

    @app.firehose("clicks")
    async def transform(click: dict[str, Any]) -> FirehoseResult:
        return Ok("seen")

    event = captured("firehose/msk")
    assert make(app)(event)["records"] == [
        {
            "recordId": event["records"][0]["recordId"],
            "result": "Ok",
            "kafkaRecordValue": base64.b64encode(b"seen").decode(),
        }
    ]


def test_a_sync_consumer_and_one_of_a_whole_batch(make: Make) -> None:
    app = App()

    @app.firehose("stream")
    def transform(data: str) -> str:
        return data.upper()

    event = firehose_event(["a", "b"])
    assert entries(event, make(app)(event)) == [("Ok", b"A"), ("Ok", b"B")]


def test_no_consumer_fails_the_invocation(make: Make) -> None:
    with pytest.raises(NoConsumerError, match="firehose 'stream'"):
        make(App())(firehose_event(["a"]))


# The limit of the answer


def test_records_for_which_there_is_no_room_have_failed_the_largest_first(
    make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    app = App()

    @app.firehose()
    async def transform(size: int) -> bytes:
        return b"x" * size

    event = firehose_event([1_000_000, 2_000_000, 1_500_000, 1_000_000, 10])
    answer = make(app)(event)
    assert len(json.dumps(answer)) <= 6_291_556
    assert [(result, len(data)) for result, data in entries(event, answer)] == [
        ("Ok", 1_000_000),
        ("ProcessingFailed", 7),
        ("Ok", 1_500_000),
        ("Ok", 1_000_000),
        ("Ok", 10),
    ]
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (line["limit"], line["record_ids"]) == (6_291_556, [event["records"][1]["recordId"]])


def test_an_answer_that_just_fits_is_left_alone() -> None:
    event = firehose_event(["a", "b"])
    ids = [raw["recordId"] for raw in event["records"]]
    empty = len(json.dumps(firehose.answer(event, {one: Ok(b"") for one in ids}).event))
    room = (6_291_556 - empty) // 4 * 3
    fits = firehose.answer(event, {ids[0]: Ok(b"x" * room), ids[1]: Ok(b"")})
    assert fits.too_large == []
    assert 6_291_550 < len(json.dumps(fits.event)) <= 6_291_556
    assert firehose.answer(event, {ids[0]: Ok(b"x" * (room + 3)), ids[1]: Ok(b"")}).too_large == [ids[0]]


@given(st.lists(st.sampled_from(["Ok", "Dropped", "ProcessingFailed", None]), max_size=12))
def test_every_record_is_answered_once_and_in_order(kinds: list[str | None]) -> None:
    event = firehose_event(range(len(kinds)))
    made: dict[str, FirehoseResult] = {"Ok": Ok(b"new"), "Dropped": Dropped(), "ProcessingFailed": ProcessingFailed()}
    ids = [raw["recordId"] for raw in event["records"]]
    answer = firehose.answer(event, {one: made[kind] for one, kind in zip(ids, kinds, strict=True) if kind})
    assert entries(event, answer.event) == [
        (kind or "ProcessingFailed", b"new" if kind == "Ok" else b"" if kind == "Dropped" else str(index).encode())
        for index, kind in enumerate(kinds)
    ]
