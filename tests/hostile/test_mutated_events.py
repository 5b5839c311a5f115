"""Mutated events through the whole of LambdaHandler: what comes out is an answer, or an error that is declared."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdaframe import App, Change, Record, Request, current_invocation
from lambdaframe.errors import MalformedEventError, UnknownEventError
from lambdaframe_adapters import LambdaHandler, detect
from tests.adapters.captured import NAMES, captured
from tests.hostile.answers import check_http, failed_ids, status_of
from tests.hostile.context import Context
from tests.hostile.echo import echo
from tests.hostile.mutations import mutated

HTTP = [name for name in NAMES if detect(captured(name)).kind == "http"]
RECORDS = [name for name in NAMES if detect(captured(name)).kind == "records" and "Records" in captured(name)]
KAFKA = [name for name in NAMES if detect(captured(name)).name == "kafka"]


@pytest.fixture(scope="module")
def echo_handler() -> Iterator[LambdaHandler]:
    """Any error of the application's own would leave this one: it finds a scope that is no ASGI."""
    handler = LambdaHandler(echo, on_error="raise", base_path="/v1", max_body_size=1_000_000)
    yield handler
    handler.close()


def make_app(done: Counter[str]) -> App:
    app = App(idempotency="memory://")

    @app.route("/orders/{order_id}", methods=["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
    async def order(order_id: str, request: Request, q: str = "", n: int = 0) -> list[Any]:
        return [order_id[:100], q[:100], n, str(request.url)[:100], len(request.cookies), current_invocation().source]

    @app.post("/orders", idempotent=True)
    async def create(order: dict[str, Any]) -> dict[str, Any]:
        return order

    @app.get("/{path:path}")
    async def anything(path: str, request: Request) -> list[Any]:
        return [path[:100], str(request.base_url)[:100], len(request.query_params)]

    @app.sqs()
    async def message(body: str, record: Record) -> None:
        done[record.id] += 1

    @app.kinesis()
    async def click(body: bytes, record: Record) -> None:
        done[record.id] += 1

    @app.dynamodb()
    async def changed(change: Change[dict[str, Any]], record: Record) -> None:
        done[record.id] += 1

    @app.kafka()
    async def occurred(record: Record) -> None:
        done[record.id] += 1

    return app


class Consumed:
    """A handler of the App above, and how often each record was done."""

    def __init__(self) -> None:
        self.done: Counter[str] = Counter()
        self.handler = LambdaHandler(make_app(self.done), base_path="/v1")

    def __call__(self, event: Any) -> Any:
        self.done.clear()
        return self.handler(event, Context())


@pytest.fixture(scope="module")
def app_handler() -> Iterator[Consumed]:
    consumed = Consumed()
    yield consumed
    consumed.handler.close()


@pytest.mark.parametrize("name", HTTP)
def test_the_event_itself_is_answered_with_200(name: str, echo_handler: LambdaHandler) -> None:
    event = captured(name)
    answer = echo_handler(event, Context())
    check_http(detect(event).name, event, answer)
    assert status_of(answer) == 200


@pytest.mark.parametrize("name", RECORDS)
def test_the_batch_itself_is_done(name: str, app_handler: Consumed) -> None:
    event = captured(name)
    assert failed_ids(app_handler(event)) == []
    assert app_handler.done.total() == len(event["Records"])


@pytest.mark.parametrize("name", HTTP)
@settings(max_examples=150)
@given(st.data())
def test_an_asgi_application_sees_a_sound_scope_or_nothing(
    name: str, echo_handler: LambdaHandler, data: st.DataObject
) -> None:
    event = data.draw(mutated(captured(name)))
    try:
        source = detect(event).name
    except UnknownEventError:
        with pytest.raises(UnknownEventError):
            echo_handler(event, Context())
        return
    answer = echo_handler(event, Context())
    if source == "empty_batch":  # CloudFront's event is a list of records, too
        assert failed_ids(answer) == []
        return
    check_http(source, event, answer)
    assert status_of(answer) in {200, 400, 413}


@pytest.mark.parametrize("name", HTTP)
@settings(max_examples=100)
@given(st.data())
def test_an_app_answers_every_request_and_never_with_a_500(
    name: str, app_handler: Consumed, data: st.DataObject
) -> None:
    event = data.draw(mutated(captured(name)))
    try:
        source = detect(event).name
    except UnknownEventError:
        with pytest.raises(UnknownEventError):
            app_handler(event)
        return
    answer = app_handler(event)
    if source == "empty_batch":
        assert failed_ids(answer) == []
        return
    check_http(source, event, answer)
    assert status_of(answer) < 500, answer


@pytest.mark.parametrize("name", RECORDS)
@settings(max_examples=150)
@given(st.data())
def test_a_batch_is_answered_without_a_loss_or_fails_loudly(
    name: str, app_handler: Consumed, data: st.DataObject
) -> None:
    event = data.draw(mutated(captured(name)))
    try:
        answer = app_handler(event)
    except (UnknownEventError, MalformedEventError):
        assert not app_handler.done or name.startswith(("kinesis", "dynamodb")), "only a checkpoint is made at the end"
        return
    source = detect(event).name
    failed = failed_ids(answer)
    ids = [identity(source, raw) for raw in event["Records"]]
    assert set(failed) <= set(ids)
    done = app_handler.done
    if source == "sqs":
        assert all(one in failed or done[one] == ids.count(one) for one in ids)
    else:
        checkpoint = min((int(one) for one in failed), default=None)
        before = [
            one for one in ids if checkpoint is None or (one.isdecimal() and len(one) <= 4300 and int(one) < checkpoint)
        ]
        assert all(done[one] == before.count(one) for one in before)


@pytest.mark.parametrize("name", KAFKA)
@settings(max_examples=150)
@given(st.data())
def test_a_kafka_batch_is_answered_or_fails_loudly(name: str, app_handler: Consumed, data: st.DataObject) -> None:
    event = data.draw(mutated(captured(name)))
    try:
        answer = app_handler(event)
    except (UnknownEventError, MalformedEventError):
        assert not app_handler.done
        return
    named = {
        (entry["itemIdentifier"]["partition"], entry["itemIdentifier"]["offset"])
        for entry in answer["batchItemFailures"]
    }
    for batch in event["records"].values():
        for raw in batch:
            partition, offset = f"{raw['topic']}-{raw['partition']}", raw["offset"]
            gone_on_from = min((at for of, at in named if of == partition), default=None)
            if gone_on_from is None or offset < gone_on_from:
                assert app_handler.done[f"{partition}@{offset}"] >= 1


@pytest.mark.parametrize("name", KAFKA)
def test_the_kafka_batch_itself_is_done(name: str, app_handler: Consumed) -> None:
    event = captured(name)
    app_handler(event)
    assert app_handler.done.total() == sum(map(len, event["records"].values()))


def identity(source: str, raw: Any) -> str:
    """The record's id, where AWS's pages say it is."""
    found: Any = {
        "sqs": lambda: raw["messageId"],
        "kinesis": lambda: raw["kinesis"]["sequenceNumber"],
        "dynamodb": lambda: raw["dynamodb"]["SequenceNumber"],
    }[source]()
    assert isinstance(found, str)
    return found


def test_the_check_of_answers_finds_what_is_wrong() -> None:
    """A checker that takes everything would make the tests above say nothing."""
    event = captured("http_api/no_body")
    good = {"statusCode": 200, "headers": {"a": "b"}, "body": "", "isBase64Encoded": False}
    check_http("http_api", event, good)
    changes: list[dict[str, Any]] = [
        {"statusCode": "200"},
        {"statusCode": 99},
        {"statusCode": True},
        {"body": None},
        {"body": "\ud800"},
        {"body": "!", "isBase64Encoded": True},
        {"headers": {"a": "b\r\nc: d"}},
        {"headers": {"a b": "c"}},
        {"headers": {"a": ["b"]}},
        {"headers": {"a": "\u20ac"}},
        {"multiValueHeaders": {}},
        {"cookies": ["a\n"]},
        {"statusDescription": "200 OK"},
    ]
    for wrong in changes:
        with pytest.raises((AssertionError, ValueError)):
            check_http("http_api", event, good | wrong)
