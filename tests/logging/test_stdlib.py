"""Lines of other libraries go through the same chain, once."""

import io
import json
import logging
import subprocess
import sys
import warnings
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from lambdaframe.logging import bind, capture_stdlib, configure
from lambdaframe.logging.stdlib import ChainHandler
from tests.logging.written import Written, invocation

bootstrap: Any = import_module("awslambdaric.bootstrap")  # it has no types


@pytest.fixture(autouse=True)
def root() -> Iterator[logging.Logger]:
    """The root logger, put back as it was."""
    root = logging.getLogger()
    level, handlers, converter = root.level, root.handlers[:], logging.Formatter.converter
    root.setLevel(logging.WARNING)
    yield root
    logging.captureWarnings(False)
    root.setLevel(level)
    root.handlers[:] = handlers
    logging.Formatter.converter = converter


def work(log: logging.Logger) -> None:
    log.info("took %d ms", 7, extra={"order_id": 1, "token": "x", "message_id": "m"})


def test_a_record_becomes_a_line_with_its_level_name_message_and_extra(written: Written) -> None:
    configure(service="orders")
    capture_stdlib()
    with invocation(request_id="r1"):
        bind(tenant="t")
        work(logging.getLogger("library.part"))
    line = written.line
    assert line.pop("timestamp")
    assert line == {
        "level": "INFO",
        "location": f"work:{work.__code__.co_firstlineno + 1}",
        "message": "took 7 ms",
        "service": "orders",
        "cold_start": False,
        "function_request_id": "r1",
        "correlation_id": "r1",
        "tenant": "t",
        "logger": "library.part",
        "order_id": 1,
        "token": "*****",
        "message_id": "m",
    }


def test_an_exception_becomes_structured(written: Written) -> None:
    capture_stdlib()
    try:
        dict[str, int]()["sku"]
    except KeyError:
        logging.getLogger("library").exception("failed", stack_info=True)
    line = written.line
    assert (line["level"], line["exception_name"]) == ("ERROR", "KeyError")
    assert line["stack_trace"]["frames"][-1]["statement"] == 'dict[str, int]()["sku"]'
    assert line["stack_info"].startswith("Stack (most recent call last):")


def test_extra_that_would_replace_a_lines_own_keys(written: Written) -> None:
    capture_stdlib()
    logging.getLogger("library").warning("hello", extra={"level": "gold", "timestamp": 1, "logger": "mine"})
    line = written.line
    assert (line["level"], line["level_"], line["timestamp_"], line["logger"]) == ("WARNING", "gold", 1, "mine")


@pytest.mark.parametrize(
    ("message", "args", "expected"),
    [
        ({"a": 1}, (), {"a": 1}),
        ("100 %", (), "100 %"),
        ("%(a)s", ({"a": 1},), "1"),
        (ValueError("x"), (), "x"),
    ],
)
def test_messages(message: Any, args: tuple[Any, ...], expected: Any, written: Written) -> None:
    capture_stdlib()
    logging.getLogger("library").error(message, *args)
    assert written.line["message"] == expected


def test_arguments_that_do_not_fit_are_shown(root: logging.Logger, written: Written) -> None:
    root.handlers.clear()  # pytest's own would raise
    capture_stdlib()
    logging.getLogger("library").error("%d items", "many")
    assert written.line["message"] == "%d items % ('many',)"


def test_levels_of_the_chain_and_of_the_library_both_count(written: Written) -> None:
    capture_stdlib()
    library = logging.getLogger("library.levels")
    library.debug("below the root's")
    configure(level="ERROR")
    library.warning("below the chain's")
    configure(level="DEBUG")
    library.setLevel(logging.DEBUG)
    library.debug("opened by somebody")
    assert written.line["message"] == "opened by somebody"


@pytest.mark.parametrize(("before", "after"), [("WARNING", "INFO"), ("ERROR", "ERROR"), ("DEBUG", "DEBUG")])
def test_only_the_roots_default_level_is_changed(
    before: str, after: str, root: logging.Logger, written: Written
) -> None:
    root.setLevel(before)
    capture_stdlib()
    assert root.level == logging.getLevelNamesMapping()[after]


def test_warnings_are_lines(written: Written) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        capture_stdlib()
        warnings.warn("old ways", DeprecationWarning, stacklevel=1)
    line = written.line
    assert (line["level"], line["logger"]) == ("WARNING", "py.warnings")
    assert "DeprecationWarning: old ways" in line["message"]


def test_a_second_call_changes_nothing(root: logging.Logger, written: Written) -> None:
    for _ in range(3):
        capture_stdlib()
    assert sum(isinstance(handler, ChainHandler) for handler in root.handlers) == 1
    logging.getLogger("library").warning("once")
    assert written.line["message"] == "once"


@pytest.mark.parametrize(("log_format", "level"), [(bootstrap.LogFormat.TEXT, ""), (bootstrap.LogFormat.JSON, "INFO")])
def test_awslambdaric_does_not_write_the_line_again(
    log_format: Any, level: str, root: logging.Logger, written: Written
) -> None:
    theirs: list[str] = []

    class Sink:
        def log(self, text: str, frame_type: Any = None) -> None:
            theirs.append(text)

    bootstrap._setup_logging(log_format, level, Sink())
    logging.getLogger("library").warning("before")
    capture_stdlib()
    logging.getLogger("library").warning("after")
    assert len(theirs) == 1
    assert written.line["message"] == "after"
    assert "aws_request_id" not in written.line


def test_what_powertools_keeps_off_the_root_is_kept_off_us(root: logging.Logger, written: Written) -> None:
    from aws_lambda_powertools import Logger as PowertoolsLogger

    bootstrap._setup_logging(bootstrap.LogFormat.TEXT, "", bootstrap.StandardLogSink())
    powertools = PowertoolsLogger(service="moving-over", stream=io.StringIO())
    capture_stdlib()
    powertools.info("written by Powertools")
    assert written.lines == []


HANDLER = """
import logging
from lambdaframe.logging import capture_stdlib, configure, logger
configure(service="orders")
capture_stdlib()
logger.info("ours, at import")

def handler(event, context):
    logging.getLogger("library").warning("theirs")
    logger.info("ours")
    return "ok"
"""

RUN = """
import sys
from types import SimpleNamespace
from awslambdaric import bootstrap
from awslambdaric.lambda_runtime_marshaller import LambdaMarshaller

class Client:
    served = False
    marshaller = LambdaMarshaller()
    def wait_next_invocation(self):
        if self.served:
            raise SystemExit(0)
        self.served = True
        return SimpleNamespace(
            invoke_id="r1", x_amzn_trace_id=None, event_body="{}", content_type="application/json", client_context=None,
            cognito_identity=None, invoked_function_arn="arn", deadline_time_in_ms="0", tenant_id=None,
            invocation_id=None,
        )
    def post_invocation_result(self, *args, **kwargs):
        pass

sys.path.insert(0, sys.argv[1])
bootstrap.run("function.handler", Client())
"""


def test_in_awslambdaric_itself_each_line_is_written_once(tmp_path: Path) -> None:
    (tmp_path / "function.py").write_text(HANDLER)
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(tmp_path)], capture_output=True, text=True, check=False, timeout=60
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["message"] for line in lines] == ["ours, at import", "theirs", "ours"], done.stderr
    assert {line["service"] for line in lines} == {"orders"}
