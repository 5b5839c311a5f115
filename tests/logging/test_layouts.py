"""The same three lines in every layout, against golden files."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from lambdaframe.errors import ConfigurationError
from lambdaframe.logging import bind, configure, get_logger, logger
from lambdaframe.logging.processors import LayoutName
from tests.logging.written import CONTEXT, Written, invocation

GOLDEN = Path(__file__).with_name("layouts")
LAYOUTS: tuple[LayoutName, ...] = ("powertools", "aws", "ecs", "otel")


def write(written: Written) -> list[dict[str, Any]]:
    """Three lines, with what differs from run to run replaced."""
    with invocation(request_id=CONTEXT.aws_request_id, cold_start=True, raw_context=CONTEXT):
        bind(order_id=7, trace_id="0af7651916cd43dd8448eb211c80319c", span_id="b7ad6b7169203331")
        logger.info("order accepted", total=99.5, items=[{"sku": "a"}])
        get_logger("lambdaframe.access").info("request", method="GET", route="/orders/{id}", status=200)
        try:
            raise LookupError("no such order")
        except LookupError:
            logger.exception("it failed")
    text = written.getvalue()
    text = re.sub(r'File \\"[^"]+\\", line \d+', r'File \\"FILE\\", line 1', text)
    text = re.sub(r'"file":"[^"]+","line":\d+', '"file":"FILE","line":1', text)
    text = re.sub(
        r'(?<=")(\d{4}-\d\d-\d\d)([ T])\d\d:\d\d:\d\d([,.])\d{3}([+-]\d{4}|Z)(?=")', r"DATE\2TIME\3MS\4", text
    )
    text = re.sub(r'"Timestamp":\d{19}\b', '"Timestamp":0', text)
    text = re.sub(r'(write):\d+|"file.line":\d+', lambda found: f"{found[1]}:1" if found[1] else '"file.line":1', text)
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_layout_is_as_its_golden_file_says(layout: LayoutName, written: Written) -> None:
    configure(layout=layout, service="orders")
    golden = GOLDEN / f"{layout}.json"
    assert write(written) == json.loads(golden.read_text())


@pytest.mark.parametrize("layout", LAYOUTS)
def test_no_layout_loses_a_key(layout: LayoutName, written: Written) -> None:
    configure(layout=layout, service="orders")
    text = json.dumps(write(written))
    for value in ("order accepted", "99.5", "sku", "no such order", "LookupError", "orders", CONTEXT.aws_request_id):
        assert value in text


def test_a_layout_of_ones_own(written: Written) -> None:
    configure(layout=lambda entry: {"msg": entry["message"], "rest": len(entry)})
    logger.info("hello")
    assert written.line == {"msg": "hello", "rest": 5}


def test_a_layout_that_fails_costs_no_line(written: Written) -> None:
    def broken(entry: Any) -> Any:
        raise ValueError("broken")

    configure(layout=broken)
    logger.info("hello")
    assert written.line["message"] == "hello"
    assert "broken" in written.line["logging_error"]


def test_an_unknown_layout() -> None:
    with pytest.raises(ConfigurationError, match="no layout"):
        configure(layout="gelf")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_a_person_at_a_terminal_sees_the_keys_as_they_are(written: Written) -> None:
    configure(layout="ecs", renderer="console")
    logger.info("hello", order_id=7)
    assert "hello  order_id=7" in written.getvalue().replace("hello order_id", "hello  order_id")
