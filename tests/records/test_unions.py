"""Consumers that take one of several types: each record is read as the one that it says it is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pydantic
import pytest

from lambdaframe import App
from lambdaframe_adapters import LambdaHandler
from lambdaframe_adapters.testing import kinesis_event, sqs_event
from lambdaframe_adapters.testing.streams import aggregated, firehose_event, kafka_event

Make = Callable[..., LambdaHandler]


class Placed(pydantic.BaseModel):
    kind: Literal["placed"]
    order: int


class Cancelled(pydantic.BaseModel):
    kind: Literal["cancelled"]
    reason: str


@dataclass
class Shipped:
    kind: Literal["shipped"]
    parcels: list[str]


Event = Annotated[Placed | Cancelled | Shipped, pydantic.Field(discriminator="kind")]

SENT = [
    {"kind": "placed", "order": 1},
    {"kind": "shipped", "parcels": ["a", "b"]},
    {"kind": "cancelled", "reason": "late"},
]
READ = [Placed(kind="placed", order=1), Shipped("shipped", ["a", "b"]), Cancelled(kind="cancelled", reason="late")]


def application() -> tuple[App, list[Any]]:
    app = App()
    seen: list[Any] = []

    async def take(event: Event) -> str:
        seen.append(event)
        return event.kind

    for verb in (app.sqs, app.kinesis, app.kafka, app.firehose):
        verb(None, concurrency=1)(take)
    return app, seen


@pytest.mark.parametrize(
    "event",
    [
        sqs_event(SENT),
        kinesis_event(SENT),
        kinesis_event([aggregated(("key", one) for one in SENT)]),
        kafka_event(SENT),
    ],
    ids=["sqs", "kinesis", "kinesis, aggregated", "kafka"],
)
def test_records_are_read_as_the_type_that_they_name(make: Make, event: dict[str, Any]) -> None:
    app, seen = application()
    assert make(app)(event) == {"batchItemFailures": []}
    assert seen == READ


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"kind": "lost"}, "Input tag 'lost'"),
        ({"order": 1}, "Unable to extract tag"),
        ({"kind": "placed", "reason": "late"}, "placed.order: Field required"),
        ([], "does not fit"),
    ],
)
def test_what_names_no_type_or_does_not_fit_it_is_poison(
    make: Make, capsys: pytest.CaptureFixture[str], wrong: Any, reason: str
) -> None:
    app, seen = application()
    answer = make(app)(sqs_event([SENT[0], wrong, SENT[2]], ids=["1", "2", "3"]))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "2"}]}
    assert seen == [READ[0], READ[2]]
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "Poison record" in line]
    assert reason in line


def test_firehose_answers_each_by_its_type(make: Make) -> None:
    app, _ = application()
    answer = make(app)(firehose_event([*SENT, {"kind": "lost"}]))
    assert [entry["result"] for entry in answer["records"]] == ["Ok", "Ok", "Ok", "ProcessingFailed"]
