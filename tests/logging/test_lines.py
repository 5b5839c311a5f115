"""What a line says, in which order, and how it gets out."""

import io
import json
import re
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest
from aws_lambda_powertools import Logger as PowertoolsLogger

from lambdaframe.logging import bind, configure, get_logger, logger
from lambdaframe.logging.configuration import Configuration
from lambdaframe_adapters._gateway_id import gateway_id
from tests.logging.written import CONTEXT, Written, invocation


def fail() -> None:
    raise ValueError("no such order")


def log_one(log: Any) -> None:
    log.info("order accepted", total=99.5)


def log_failure(log: Any) -> None:
    try:
        fail()
    except ValueError as error:
        error.add_note("seen in a test")
        log.exception("it failed")


LINE = (
    r'\{"level":"INFO","location":"log_one:\d+","message":"order accepted",'
    r'"timestamp":"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}[+-]\d{4}","service":"orders","cold_start":true,'
    r'"function_name":"orders","function_memory_size":"512",'
    r'"function_arn":"arn:aws:lambda:eu-west-1:123456789012:function:orders",'
    r'"function_request_id":"52fdfc07-2182-154f-163f-5f0f9a621d72",'
    r'"correlation_id":"52fdfc07-2182-154f-163f-5f0f9a621d72","order_id":7,"total":99.5\}\n'
)


def test_a_line_in_lambda_to_the_letter(written: Written) -> None:
    configure(service="orders")
    with invocation(request_id=CONTEXT.aws_request_id, cold_start=True, raw_context=CONTEXT):
        bind(order_id=7)
        log_one(logger)
    assert re.fullmatch(LINE, written.getvalue())


def test_a_line_outside_lambda_knows_the_request_only(written: Written) -> None:
    with invocation(request_id="r1"):
        logger.info("hello")
    assert list(written.line)[4:] == ["service", "cold_start", "function_request_id", "correlation_id"]
    assert (written.line["cold_start"], written.line["function_request_id"]) == (False, "r1")


def test_a_line_outside_any_invocation(written: Written) -> None:
    logger.info("hello")
    assert list(written.line) == ["level", "location", "message", "timestamp", "service"]
    assert written.line["service"] == "service_undefined"


def test_a_context_made_by_hand_costs_no_line(written: Written) -> None:
    with invocation(request_id="r1", raw_context=object()):
        logger.info("hello")
    assert (written.line["message"], written.line["function_name"]) == ("hello", None)


@pytest.mark.parametrize("traced", [False, True], ids=["untraced", "traced"])
@pytest.mark.parametrize("sample", [0.0, 1.0])
@pytest.mark.parametrize("log", [log_one, log_failure], ids=["fields", "exception"])
def test_keys_and_order_are_those_that_powertools_prints(
    log: Callable[[Any], None], sample: float, traced: bool, written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    if traced:
        trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=557abcec3ee5a047;Sampled=1"
        monkeypatch.setenv("_X_AMZN_TRACE_ID", trace)
    service = f"orders-{log.__name__}-{sample}-{traced}"
    theirs = io.StringIO()
    powertools: Any = PowertoolsLogger(service=service, stream=theirs, sampling_rate=sample or None)

    def handler(event: Any, context: Any) -> None:
        powertools.append_keys(order_id=7)
        log(powertools)

    event = {"requestContext": {"requestId": "JKJaXmPLvHcESHA="}}
    powertools.inject_lambda_context(handler, correlation_id_path="requestContext.requestId")(event, CONTEXT)
    configure(service=service, sample=sample)
    about: dict[str, Any] = {"raw_event": event, "raw_context": CONTEXT, "gateway_id": gateway_id}
    with invocation(request_id=CONTEXT.aws_request_id, cold_start=True, **about):
        bind(order_id=7)
        log(logger)

    expected: dict[str, Any] = json.loads(theirs.getvalue())
    line = written.line
    assert list(line) == list(expected)
    now = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}[+-]\d{4}")
    assert now.fullmatch(expected.pop("timestamp"))
    assert now.fullmatch(line.pop("timestamp"))
    assert expected.pop("cold_start") in {True, False}  # of the whole process, with Powertools
    assert line.pop("cold_start") is True
    assert line == expected


def test_an_exception_may_be_given(written: Written) -> None:
    error = KeyError("sku")
    logger.warning("skipped", exc_info=error)
    assert written.line["exception_name"] == "KeyError"
    assert written.line["exception"] == "KeyError: 'sku'"
    assert written.line["stack_trace"] == {"type": "KeyError", "value": "'sku'", "module": "builtins", "frames": []}


@pytest.mark.parametrize("nothing", [True, False, None, (None, None, None)])
def test_no_exception_to_tell_of(nothing: Any, written: Written) -> None:
    logger.error("nothing raised", exc_info=nothing)
    assert list(written.line)[-1] == "service"


def test_a_falsy_exception_is_told_of(written: Written) -> None:
    class EmptyError(Exception):
        def __bool__(self) -> bool:
            return False

    logger.error("odd", exc_info=EmptyError("here"))
    assert written.line["exception_name"] == "EmptyError"


def test_an_endless_recursion_fills_no_log(written: Written) -> None:
    def again(number: int) -> int:
        return again(number + 1)

    try:
        again(0)
    except RecursionError:
        logger.exception("too deep")
    assert len(written.line["stack_trace"]["frames"]) == 100
    assert len(written.getvalue()) < 50_000


@pytest.mark.parametrize(
    ("level", "printed"),
    [
        ("DEBUG", ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]),
        ("INFO", ["INFO", "WARNING", "ERROR", "CRITICAL"]),
        ("warn", ["WARNING", "ERROR", "CRITICAL"]),
        ("ERROR", ["ERROR", "CRITICAL"]),
        (50, ["CRITICAL"]),
        (51, []),
    ],
)
def test_what_is_below_the_level_is_not_written(level: str | int, printed: list[str], written: Written) -> None:
    configure(level=level)
    for write in (logger.debug, logger.info, logger.warning, logger.error, logger.critical):
        write("hello")
    assert [line["level"] for line in written.lines] == printed


def test_a_lazy_value_is_called_once_and_only_for_a_line_that_is_written(written: Written) -> None:
    calls: list[str] = []

    def costly() -> dict[str, int]:
        calls.append("called")
        return {"items": 3}

    logger.debug("basket", basket=costly)
    assert calls == []
    logger.info("basket", basket=costly)
    assert (calls, written.line["basket"]) == (["called"], {"items": 3})


def test_a_lazy_bound_value_is_called_for_each_line(written: Written) -> None:
    numbers = iter(range(10))
    log = logger.bind(number=lambda: next(numbers))
    log.info("first")
    log.info("second")
    bind(number=lambda: next(numbers))
    logger.info("third")
    logger.info("fourth")
    assert [line["number"] for line in written.lines] == [0, 1, 2, 3]


def test_no_lazy_value_is_called_for_a_line_that_a_processor_drops(written: Written) -> None:
    configure(processors=[lambda entry: None])
    logger.info("basket", basket=fail)
    assert written.getvalue() == ""


def test_lazy_values_that_fail_or_are_not_what_they_seem(written: Written) -> None:
    async def later() -> int:
        return 1

    logger.info("odd", failing=fail, asynchronous=later, kind=ValueError, needs=log_one)
    line = written.line
    assert "raised ValueError('no such order')" in line["failing"]
    assert "is async" in line["asynchronous"]
    assert line["kind"] == "<class 'ValueError'>"
    assert "raised TypeError" in line["needs"]


def test_a_child_has_its_own_keys_and_leaves_its_parent_alone(written: Written) -> None:
    parent = get_logger("billing")
    child = parent.bind(invoice=7)
    child.info("sent", invoice=8)
    parent.info("sent")
    assert [(line["logger"], line.get("invoice")) for line in written.lines] == [("billing", 8), ("billing", None)]


def test_the_nearest_key_wins(written: Written) -> None:
    bind(who="context", place="context", service="mine")
    log = logger.bind(who="logger", place="logger")
    log.info("hello", who="call")
    assert (written.line["who"], written.line["place"], written.line["service"]) == ("call", "logger", "mine")


def test_no_key_replaces_what_a_line_says_of_itself(written: Written) -> None:
    bind(level="gold")
    logger.bind(timestamp=1).info("moved", location="Berlin", message="inner", exc_info=None)
    line = written.line
    assert (line["level"], line["message"]) == ("INFO", "moved")
    assert (line["level_"], line["timestamp_"], line["location_"], line["message_"]) == ("gold", 1, "Berlin", "inner")


def test_any_name_can_be_a_field(written: Written) -> None:
    logger.info("hello", self=1, **{"a-b": 2, "": 3})
    assert (written.line["self"], written.line["a-b"], written.line[""]) == (1, 2, 3)


def test_one_write_for_a_line_and_nothing_left_in_a_buffer(written: Written) -> None:
    for number in range(3):
        logger.info("hello", number=number)
    assert [write.count("\n") for write in written.writes] == [1, 1, 1]
    assert all(write.endswith("}\n") for write in written.writes)
    assert written.flushed == 3


def test_standard_output_is_looked_up_when_a_line_is_written(
    process: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(2):
        stream = Written()
        monkeypatch.setattr(sys, "stdout", stream)
        logger.info("hello", number=number)
        assert stream.line["number"] == number


async def test_writing_in_the_event_loop(process: Configuration, capsys: pytest.CaptureFixture[str]) -> None:
    log_failure(logger)
    assert json.loads(capsys.readouterr().out)["exception_name"] == "ValueError"


def test_a_stream_that_cannot_carry_utf8_gets_escapes(process: Configuration) -> None:
    raw = io.BytesIO()
    configure(stream=io.TextIOWrapper(raw, encoding="ascii"))
    logger.info("café 🚀", naïve="é")
    assert raw.getvalue().isascii()
    line = json.loads(raw.getvalue())
    assert (line["message"], line["naïve"]) == ("café 🚀", "é")


def test_a_line_for_a_closed_stream_goes_to_standard_error(
    process: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed, err = io.StringIO(), Written()
    closed.close()
    monkeypatch.setattr(sys, "__stderr__", err)
    configure(stream=closed)
    logger.info("hello")
    assert err.line["message"] == "hello"


def test_a_process_without_standard_output(process: Configuration, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    logger.info("hello")


def test_the_timestamp_is_the_time_of_the_call(written: Written) -> None:
    before = time.time()
    logger.info("hello")
    after = time.time()
    stamp = written.line["timestamp"]
    seconds = time.mktime(time.strptime(stamp[:19], "%Y-%m-%d %H:%M:%S")) + int(stamp[20:23]) / 1000
    assert before - 0.001 <= seconds <= after
