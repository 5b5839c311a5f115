"""What one structured line with ten bound keys and one field costs, ours and the peers', in turn in one run.

Every logger writes to /dev/null and flushes. The peers say less in their lines: structlog here has no location, no
service and no keys of the invocation; the standard library's formatter is the least that prints JSON. Powertools is set
up as in a Lambda function. Absolute numbers drift with the machine; the ratios are what counts.

    python benchmarks/log_line.py
"""

import logging
import os
import statistics
import time
from collections.abc import Callable, Mapping
from contextvars import Context, copy_context
from io import BufferedWriter, FileIO
from types import SimpleNamespace
from typing import Any, TextIO

import orjson
import structlog
from aws_lambda_powertools import Logger as PowertoolsLogger

import lambdaframe.logging as ours
from lambdaframe.invocation import Invocation, current

KEYS: Mapping[str, Any] = {f"key_{n}": f"value {n}" for n in range(8)} | {"order_id": 1234567, "paid": True}
CONTEXT: Any = SimpleNamespace(
    function_name="orders",
    memory_limit_in_mb="512",
    invoked_function_arn="arn:aws:lambda:eu-west-1:123456789012:function:orders",
    aws_request_id="52fdfc07-2182-154f-163f-5f0f9a621d72",
)
ROUNDS, LINES = 15, 4_000

Line = Callable[[], None]


def null() -> TextIO:
    """A text stream to nowhere, as standard output is one."""
    return open(os.devnull, "w", encoding="utf-8")


def ours_line() -> Line:
    """With everything that a line has in Lambda."""
    current.set(Invocation(request_id=CONTEXT.aws_request_id, cold_start=True, raw_context=CONTEXT))
    ours.configure(service="orders", renderer="json", stream=null())
    ours.fresh_keys(**KEYS)
    return lambda: ours.logger.info("order accepted", total=99.5)


def ours_first_line() -> Line:
    """The first line of a request: nothing is prepared yet, and the keys are bound for it alone."""

    def line() -> None:
        ours.fresh_keys(**KEYS)
        ours.logger.info("order accepted", total=99.5)

    ours_line()
    return line


def ours_off_line() -> Line:
    """A level that is off."""
    return lambda: ours.logger.debug("order accepted", total=99.5)


def structlog_line() -> Line:
    """Its fastest documented configuration: orjson, bytes, a cached logger.

    https://www.structlog.org/en/stable/performance.html
    """
    structlog.configure(
        cache_logger_on_first_use=True,
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(serializer=orjson.dumps),
        ],
        logger_factory=structlog.BytesLoggerFactory(file=BufferedWriter(FileIO(os.devnull, "wb"))),
    )
    logger: Any = structlog.get_logger().bind(**KEYS)
    return lambda: logger.info("order accepted", total=99.5)


def structlog_contextvars_line() -> Line:
    """The same with its request-local keys, which is what ours are."""
    structlog.contextvars.bind_contextvars(**KEYS)
    logger: Any = structlog.get_logger()
    return lambda: logger.info("order accepted", total=99.5)


def orjson_text(entry: Any) -> str:
    """What Powertools takes as ``json_serializer``."""
    return orjson.dumps(entry).decode()


def powertools_line(**options: Any) -> Line:
    """Powertools with the Lambda context injected."""
    logger: Any = PowertoolsLogger(service=f"orders{len(options)}", stream=null(), **options)
    logger.append_keys(
        cold_start=True,
        function_name=CONTEXT.function_name,
        function_memory_size=CONTEXT.memory_limit_in_mb,
        function_arn=CONTEXT.invoked_function_arn,
        function_request_id=CONTEXT.aws_request_id,
        **KEYS,
    )
    return lambda: logger.info("order accepted", total=99.5)


def stdlib_line() -> Line:
    """The standard library with the least formatter that prints the keys as JSON with orjson."""

    class Formatter(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            line = {"level": record.levelname, "message": record.msg, "timestamp": record.created, **KEYS}
            return orjson.dumps({**line, "total": vars(record)["total"]}).decode()

    handler = logging.StreamHandler(null())
    handler.setFormatter(Formatter())
    logger = logging.getLogger("benchmark")
    logger.propagate = False
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    return lambda: logger.info("order accepted", extra={"total": 99.5})


def micros(line: Line) -> float:
    """Microseconds for one line, over one round."""
    start = time.perf_counter()
    for _ in range(LINES):
        line()
    return (time.perf_counter() - start) / LINES * 1e6


def main() -> None:
    """Print a table of medians, and of ratios to structlog."""
    lines: dict[str, Line] = {}
    contexts: dict[str, Context] = {}
    for name, make in {
        "structlog + orjson, bound logger": structlog_line,
        "structlog + orjson, contextvars": structlog_contextvars_line,
        "lambdaframe, keys bound in context": ours_line,
        "lambdaframe, first line of a request": ours_first_line,
        "lambdaframe, level off": ours_off_line,
        "Powertools": powertools_line,
        "Powertools + orjson": lambda: powertools_line(json_serializer=orjson_text),
        "stdlib + least orjson formatter": stdlib_line,
    }.items():
        contexts[name] = copy_context()
        lines[name] = contexts[name].run(make)
    taken: dict[str, list[float]] = {name: [] for name in lines}
    for _ in range(ROUNDS):
        for name, line in lines.items():
            taken[name].append(contexts[name].run(micros, line))
    medians = {name: statistics.median(rounds) for name, rounds in taken.items()}
    best = medians["structlog + orjson, bound logger"]
    print(f"{'one line, 10 bound keys, 1 field':36} {'µs':>7}  ratio")
    for name, median in sorted(medians.items(), key=lambda item: item[1]):
        print(f"{name:36} {median:7.2f}  {median / best:5.2f}")


if __name__ == "__main__":
    main()
