"""How an entry looks: on a terminal, in a log stream, and with a renderer of the application's own."""

import time
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from lambdaframe.logging import bind, configure, logger
from lambdaframe.logging.configuration import Configuration, Settings
from lambdaframe.logging.loggers import Logger
from lambdaframe.logging.processors import Entry
from lambdaframe.logging.renderers import ConsoleRenderer, JsonRenderer, Timestamps, wants_colours
from tests.logging.written import CONTEXT, Written, invocation


class Terminal(Written):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def time_zone(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[str]:
    zone: str = request.param
    with monkeypatch.context() as patch:
        patch.setenv("TZ", zone)
        time.tzset()
        yield zone
    time.tzset()


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "AWS_LAMBDA_FUNCTION_NAME"):
        monkeypatch.delenv(name, raising=False)


ENTRY: Entry = {
    "level": "WARNING",
    "location": "read_order:12",
    "message": "order accepted",
    "timestamp": 1767323045.6785,
    "service": "orders",
    "cold_start": True,
    "function_request_id": "4f0c8e1a-2182-154f-163f-5f0f9a621d72",
    "order_id": 7,
    "sku": "a b",
    "name": "ann",
    "items": [1, {"x": None}],
}


@pytest.mark.parametrize(
    ("time_zone", "seconds", "expected"),
    [
        ("UTC", 1767323045.6785, "2026-01-02 03:04:05,678+0000"),
        ("UTC", 1767323045.0, "2026-01-02 03:04:05,000+0000"),
        ("UTC", 1767323045.9999, "2026-01-02 03:04:05,999+0000"),
        ("Asia/Kolkata", 1767323045.5, "2026-01-02 08:34:05,500+0530"),
        ("America/New_York", 1783000000.25, "2026-07-02 09:46:40,250-0400"),
    ],
    indirect=["time_zone"],
)
def test_timestamps(time_zone: str, seconds: float, expected: str) -> None:
    timestamps = Timestamps()
    first, later, again = timestamps(seconds), timestamps(seconds + 1), timestamps(seconds)
    assert first == again == expected
    assert later == expected.replace(":05,", ":06,").replace(":40,", ":41,")


@pytest.mark.parametrize("time_zone", ["UTC"], indirect=True)
def test_the_console_to_the_letter(time_zone: str) -> None:
    assert ConsoleRenderer(colours=False)(dict(ENTRY)) == (
        '03:04:05.678 WARNING  order accepted order_id=7 sku="a b" name=ann items=[1,{"x":null}] read_order:12 4f0c8e1a'
    )


def test_the_console_in_colours() -> None:
    line = ConsoleRenderer(colours=True)(dict(ENTRY))
    assert "\x1b[33mWARNING \x1b[0m \x1b[1morder accepted\x1b[0m \x1b[2morder_id=\x1b[0m7" in line


def test_the_console_shows_a_traceback_on_lines_of_its_own() -> None:
    stream = Written()
    log = Logger(Configuration(Settings(renderer="console", stream=stream)))
    try:
        raise ValueError("bad\x1b[2J")
    except ValueError:
        log.exception("it failed")
    first, second, *_, last, nothing = stream.getvalue().split("\n")
    assert "it failed" in first
    assert second == "Traceback (most recent call last):"
    assert (last, nothing) == ("ValueError: bad\\x1b[2J", "")
    assert len(stream.writes) == 1


@pytest.mark.parametrize("text", ["fake\n03:04:05.678 INFO     line", "clear \x1b[2J", "bell \x07", "back\r", "\u2028"])
def test_nobody_writes_lines_or_colours_of_his_own(text: str) -> None:
    line = ConsoleRenderer(colours=False)({**ENTRY, "message": text, text: text})
    assert line.isprintable()


@pytest.mark.parametrize(
    ("env", "terminal", "colours"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, True),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"FORCE_COLOR": ""}, False, False),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
    ],
)
def test_who_gets_colours(env: dict[str, str], terminal: bool, colours: bool) -> None:
    assert wants_colours(Terminal() if terminal else Written(), env) is colours


def test_auto_is_console_at_a_terminal_and_json_elsewhere(
    process: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(renderer="auto")
    terminal, pipe = Terminal(), Written()
    for stream in (terminal, pipe, terminal):
        monkeypatch.setattr("sys.stdout", stream)
        logger.info("hello")
    assert [write.count("\x1b[1mhello\x1b[0m") for write in terminal.writes] == [1, 1]
    assert pipe.line["message"] == "hello"


def test_auto_is_json_in_lambda_always(process: Configuration, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "orders")
    monkeypatch.setattr("sys.stdout", terminal := Terminal())
    configure(renderer="auto")
    logger.info("hello")
    assert terminal.line["message"] == "hello"


def test_auto_on_a_stream_that_was_closed(process: Configuration, monkeypatch: pytest.MonkeyPatch) -> None:
    closed, err = Written(), Written()
    closed.close()
    monkeypatch.setattr("sys.stdout", closed)
    monkeypatch.setattr("sys.__stderr__", err)
    configure(renderer="auto")
    logger.info("hello")
    assert err.line["message"] == "hello"


def text(entry: Entry) -> str:
    return orjson.dumps(entry).decode()


@pytest.mark.parametrize("renderer", [orjson.dumps, text])
def test_a_renderer_gets_a_settled_entry_and_may_return_text_or_bytes(renderer: Any, written: Written) -> None:
    configure(renderer=renderer)
    with invocation(request_id="r1", raw_context=CONTEXT):
        bind(token="x")
        logger.info("hello", values={1})
    line = written.line
    assert (line["token"], line["values"]) == ("*****", [1])
    assert time.time() - line["timestamp"] < 60


@pytest.mark.parametrize("result", [RuntimeError("broken"), None, b"\xff"])
def test_a_renderer_that_fails_costs_no_line(result: Any, written: Written) -> None:
    def renderer(entry: Entry) -> Any:
        if isinstance(result, Exception):
            raise result
        return result

    configure(renderer=renderer)
    logger.info("hello", a=1)
    assert (written.line["message"], written.line["a"]) == ("hello", 1)
    assert "raised" in written.line["logging_error"]


def test_a_processor_that_fails_costs_no_line(written: Written) -> None:
    def fail(entry: Entry) -> Entry:
        entry["half"] = "done"
        raise RuntimeError("broken")

    configure(processors=[fail, lambda entry: {**entry, "next": True}])
    logger.info("hello", a=1)
    line = written.line
    assert (line["a"], line["half"], line["next"]) == (1, "done", True)
    assert "RuntimeError('broken')" in line["logging_error"]


def test_a_processor_that_returns_nonsense_costs_no_line(written: Written) -> None:
    def nonsense(entry: Entry) -> Any:
        return "nonsense"

    configure(processors=[nonsense])
    logger.info("hello", a=1)
    assert written.line["message"] == "hello"
    assert "logging_error" in written.line


def test_processors_run_in_order_and_may_drop_lines(written: Written) -> None:
    def only_errors(entry: Entry) -> Entry | None:
        return entry if entry["level"] == "ERROR" else None

    def number(entry: Entry) -> Entry:
        entry["number"] = entry["fields"] * 2
        return entry

    configure(processors=[only_errors, number])
    logger.info("dropped", fields=1)
    logger.error("kept", fields=2)
    assert (written.line["message"], written.line["number"]) == ("kept", 4)


def test_json_without_a_timestamp_of_ours() -> None:
    assert JsonRenderer()({"message": "x", "timestamp": "2026"}) == b'{"message":"x","timestamp":"2026"}'
