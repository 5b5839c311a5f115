"""Lines below the level: of a sample of invocations all, of those that fail the newest, of the others none."""

from collections.abc import Mapping

import pytest

from lambdaframe import App, Record
from lambdaframe.errors import ConfigurationError
from lambdaframe.logging import bind, configure, get_logger, logger
from lambdaframe.logging.configuration import from_environment
from lambdaframe.testing import TestClient
from lambdaframe_adapters import LambdaHandler
from tests.logging.written import Written, invocation
from tests.observing.test_correlation import sqs


def messages(written: Written) -> list[str]:
    return [line["message"] for line in written.lines]


@pytest.mark.parametrize("sample", [0.0, 0.25, 1.0])
def test_a_sample_of_invocations_tells_everything(sample: float, written: Written) -> None:
    configure(sample=sample)
    for number in range(2_000):
        with invocation(request_id=f"request-{number}"):
            logger.debug("one")
            logger.debug("two")
    told = len(written.lines)
    assert abs(told - 4_000 * sample) <= 4_000 * 0.05
    assert told % 2 == 0, "all lines of an invocation, or none"
    assert all(line["sampling_rate"] == sample for line in written.lines)


def test_services_with_one_correlation_id_choose_alike(written: Written) -> None:
    configure(sample=0.5)
    app = App()

    @app.get("/")
    async def read() -> None:
        logger.debug("told")

    told: list[list[str]] = []
    for _ in range(2):
        client = TestClient(app)
        before = len(written.lines)
        for number in range(100):
            client.get("/", headers={"x-request-id": f"request-{number}"})
        told.append([line["correlation_id"] for line in written.lines[before:]])
    assert told[0] == told[1]
    assert 20 < len(told[0]) < 80


def test_lines_are_held_back_until_there_is_an_error(written: Written) -> None:
    configure(keep="DEBUG")
    with invocation(request_id="fine"):
        logger.debug("unseen")
        logger.info("seen")
    with invocation(request_id="failing"):
        logger.debug("first")
        logger.info("seen, too")
        bind(late=1)
        logger.debug("second")
        logger.error("it failed")
        logger.debug("after it")
    assert messages(written) == ["seen", "seen, too", "first", "second", "it failed"]
    assert "late" not in written.lines[2]
    assert {line["function_request_id"] for line in written.lines[1:]} == {"failing"}


def test_an_unhandled_exception_is_an_error(written: Written) -> None:
    configure(keep="DEBUG")
    app = App()

    @app.get("/{fails}")
    async def read(fails: bool) -> None:
        logger.debug("on the way", fails=fails)
        if fails:
            raise ValueError

    client = TestClient(app, raise_server_exceptions=False)
    for fails in ("false", "true", "false"):
        client.get(f"/{fails}")
    assert [(line["message"], line.get("fails")) for line in written.lines] == [
        ("on the way", True),
        ("Unhandled error", None),
    ]


def test_only_the_lines_of_the_record_that_failed_are_told(written: Written) -> None:
    configure(keep="DEBUG")
    app = App()

    @app.sqs("orders", concurrency=10)
    async def work(record: Record) -> None:
        get_logger("work").debug("on the way", record=record.id)
        if record.id in {"m3", "m7"}:
            raise ValueError

    handler = LambdaHandler(app)
    handler({"Records": [sqs(f"m{at}") for at in range(10)]})
    handler.close()
    told = [(line["message"], line["correlation_id"]) for line in written.lines]
    assert told == [("on the way", "m3"), ("Record failed", "m3"), ("on the way", "m7"), ("Record failed", "m7")]


def test_the_oldest_lines_are_given_up_first(written: Written) -> None:
    configure(keep="DEBUG", keep_bytes=2_000)
    with invocation(request_id="r"):
        for number in range(100):
            logger.debug("on the way", number=number)
        logger.error("it failed")
    numbers = [line["number"] for line in written.lines[:-1]]
    assert numbers == list(range(100 - len(numbers), 100))
    assert 5 <= len(numbers) <= 20


def test_outside_of_an_invocation_nothing_is_held_back(written: Written) -> None:
    configure(keep="DEBUG")
    logger.debug("unseen")
    logger.error("it failed")
    assert messages(written) == ["it failed"]


@pytest.mark.parametrize(
    ("env", "debug", "info"),
    [
        ({}, False, True),
        ({"AWS_LAMBDA_LOG_LEVEL": "DEBUG"}, True, True),
        ({"AWS_LAMBDA_LOG_LEVEL": "WARN", "LAMBDAFRAME_LOG_LEVEL": "DEBUG"}, False, False),
        ({"AWS_LAMBDA_LOG_LEVEL": "TRACE", "POWERTOOLS_LOG_LEVEL": "INFO"}, False, True),
        ({"LAMBDAFRAME_LOG_SAMPLE": "1"}, True, True),
        ({"POWERTOOLS_LOGGER_SAMPLE_RATE": "1", "AWS_LAMBDA_LOG_LEVEL": "INFO"}, False, True),
    ],
)
def test_lambdas_own_level_is_a_floor(env: Mapping[str, str], debug: bool, info: bool, written: Written) -> None:
    from lambdaframe.logging.configuration import PROCESS

    PROCESS.use(from_environment(env)._replace(renderer="json", stream=written))
    with invocation(request_id="r"):
        logger.debug("debug")
        logger.info("info")
    assert (("debug" in messages(written)), ("info" in messages(written))) == (debug, info)


def test_lambda_reads_the_time_of_its_json_format(written: Written) -> None:
    from lambdaframe.logging.configuration import PROCESS

    PROCESS.use(from_environment({"AWS_LAMBDA_LOG_FORMAT": "JSON"})._replace(renderer="json", stream=written))
    logger.info("hello")
    assert written.line["timestamp"][10] == "T"
    assert written.line["timestamp"].endswith("Z")


@pytest.mark.parametrize("options", [{"sample": 1.5}, {"sample": -1}, {"keep": "LOUD"}])
def test_mistakes(options: Mapping[str, float | str]) -> None:
    with pytest.raises(ConfigurationError):
        configure(**options)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("value", ["much", "2"])
def test_a_sample_of_nonsense_is_told_and_ignored(value: str) -> None:
    with pytest.warns(RuntimeWarning, match="LAMBDAFRAME_LOG_SAMPLE"):
        assert from_environment({"LAMBDAFRAME_LOG_SAMPLE": value}).sample == 0
