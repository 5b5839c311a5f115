"""Events through an application's ``records`` scope, on asyncio and trio: no Lambda around it."""

from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from lambdaframe import App, Record
from lambdaframe.errors import NoConsumerError
from lambdaframe.events.types import S3Object
from lambdaframe.types import Message
from lambdaframe_adapters.detection import detect
from lambdaframe_adapters.testing import eventbridge_event, logs_event, s3_event, sns_event


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def serve(app: App, event: Any) -> list[Message]:
    """The answers of the application to this event, without the errors' order in time."""
    source: Any = detect(event)
    records = iter(source.records(event))
    answers: list[Message] = []

    async def receive() -> Message:
        for record in records:
            return {"type": "records.record", "record": record}
        return {"type": "records.end"}

    async def send(message: Message) -> None:
        answers.append(message)

    await app(source.scope(event, None), receive, send)
    return answers


def kinds(answers: list[Message]) -> list[str]:
    return sorted(f"{answer['id'].partition('?')[0]} {answer['type']}" for answer in answers)


async def test_each_record_is_answered_by_itself() -> None:
    app = App()

    @app.s3("a")
    async def handler(found: S3Object) -> None:
        await anyio.lowlevel.checkpoint()
        if found.key == "bad":
            raise ValueError

    answers = await serve(app, s3_event("good", "bad", "fine", bucket="a"))
    assert kinds(answers) == ["a/bad records.failed", "a/fine records.done", "a/good records.done"]


async def test_as_many_are_in_work_at_once_as_the_handler_allows() -> None:
    app = App()
    now, peak = 0, 0

    @app.logs("a", concurrency=3)
    async def handler(line: str) -> None:
        nonlocal now, peak
        now += 1
        peak = max(peak, now)
        await anyio.lowlevel.checkpoint()
        await anyio.lowlevel.checkpoint()
        now -= 1

    answers = await serve(app, logs_event([str(number) for number in range(20)], group="a"))
    assert len(answers) == 20
    assert peak == 3


@pytest.mark.parametrize("fails", [False, True])
async def test_lines_that_are_taken_together_are_each_answered(fails: bool) -> None:
    app = App()
    calls: list[list[str]] = []

    @app.logs("a")
    async def handler(lines: list[str]) -> None:
        calls.append(lines)
        if fails:
            raise ValueError

    event = logs_event(["x", "y", "z"], group="a")
    answers = await serve(app, event)
    assert calls == [["x", "y", "z"]]
    assert [answer["id"] for answer in answers] == [record.id for record in detect_records(event)]
    assert {answer["type"] for answer in answers} == {"records.failed" if fails else "records.done"}


def detect_records(event: Any) -> list[Record]:
    source: Any = detect(event)
    return list(source.records(event))


async def test_lines_of_a_group_without_a_handler_fail_at_once() -> None:
    app = App()
    with pytest.raises(NoConsumerError, match="No consumer for logs 'a'"):
        await serve(app, logs_event(["x"], group="a"))


async def test_an_event_without_records_calls_nobody() -> None:
    app = App()

    @app.logs()
    async def lines(line: str) -> None:
        pytest.fail("called")

    assert await serve(app, logs_event([])) == []


async def test_middleware_of_records_is_around_handlers_too() -> None:
    app = App()
    seen: list[str] = []

    @app.record_middleware
    async def watch(record: Record, call_next: Callable[[Record], Awaitable[Any]]) -> Any:
        seen.append(f"before {record.source}")
        result = await call_next(record)
        seen.append("after")
        return result

    @app.sns("a")
    async def message(text: str) -> None:
        seen.append(text)

    @app.event("b")
    async def event(record: Record) -> None:
        raise ValueError

    assert kinds(await serve(app, sns_event("hello", topic="a")))[0].endswith("done")
    assert kinds(await serve(app, eventbridge_event("b", "c", {}, id="1"))) == ["1 records.failed"]
    assert seen == ["before sns", "hello", "after", "before eventbridge"]
