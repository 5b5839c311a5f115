"""Where the settings come from, and what can't be set."""

import logging
from typing import Any

import pytest

import lambdaframe.logging
from lambdaframe.errors import ConfigurationError
from lambdaframe.logging import configure, logger
from lambdaframe.logging.configuration import LEVELS, from_environment, level_number
from tests.logging.written import Written


@pytest.mark.parametrize(
    ("env", "level"),
    [
        ({}, 20),
        ({"AWS_LAMBDA_LOG_LEVEL": "WARN"}, 30),
        ({"AWS_LAMBDA_LOG_LEVEL": "FATAL"}, 50),
        ({"AWS_LAMBDA_LOG_LEVEL": "TRACE"}, 0),
        ({"POWERTOOLS_LOG_LEVEL": "debug", "AWS_LAMBDA_LOG_LEVEL": "ERROR"}, 10),
        ({"LAMBDAFRAME_LOG_LEVEL": "Error", "POWERTOOLS_LOG_LEVEL": "DEBUG", "AWS_LAMBDA_LOG_LEVEL": "INFO"}, 40),
        ({"LAMBDAFRAME_LOG_LEVEL": "", "POWERTOOLS_LOG_LEVEL": "ERROR"}, 40),
        ({"LAMBDAFRAME_LOG_LEVEL": "15"}, 15),
    ],
)
def test_the_level_from_the_environment(env: dict[str, str], level: int) -> None:
    assert from_environment(env).level == level


def test_a_level_that_is_none_is_reported_and_ignored() -> None:
    with pytest.warns(RuntimeWarning, match="LAMBDAFRAME_LOG_LEVEL is ignored. 'LOUD' is no log level"):
        settings = from_environment({"LAMBDAFRAME_LOG_LEVEL": "LOUD", "POWERTOOLS_LOG_LEVEL": "ERROR"})
    assert settings.level == logging.ERROR


@pytest.mark.parametrize(
    ("env", "service"),
    [
        ({}, "service_undefined"),
        ({"POWERTOOLS_SERVICE_NAME": "theirs"}, "theirs"),
        ({"LAMBDAFRAME_SERVICE": "ours", "POWERTOOLS_SERVICE_NAME": "theirs"}, "ours"),
    ],
)
def test_the_service_from_the_environment(env: dict[str, str], service: str) -> None:
    assert from_environment(env).service == service


@pytest.mark.parametrize("name", ["DEBUG", "INFO", "WARN", "WARNING", "ERROR", "FATAL", "CRITICAL"])
def test_levels_are_numbered_as_in_the_standard_library(name: str) -> None:
    assert LEVELS[name] == level_number(name.lower()) == logging.getLevelNamesMapping()[name]


@pytest.mark.parametrize(
    ("mistake", "sentence"),
    [
        ({"level": "loud"}, "'loud' is no log level: write one of TRACE, DEBUG, INFO"),
        ({"renderer": "xml"}, '\'xml\' is no renderer: write "auto", "json", "console" or give a callable.'),
        ({"redact": "email"}, 'redact takes a list: write redact=["email"].'),
    ],
)
def test_mistakes_are_told_and_change_nothing(mistake: dict[str, Any], sentence: str, written: Written) -> None:
    with pytest.raises(ConfigurationError, match="^" + sentence.replace("[", r"\[")):
        configure(service="changed", **mistake)
    logger.info("hello")
    assert written.line["service"] == "service_undefined"


def test_what_is_not_given_stays(written: Written) -> None:
    configure(level="DEBUG", redact=["email"])
    configure(service="orders")
    configure(processors=[lambda entry: {**entry, "a": 1}])
    logger.debug("hello", email="x")
    line = written.line
    assert (line["service"], line["email"], line["a"]) == ("orders", "*****", 1)


def test_a_logger_made_before_follows(written: Written) -> None:
    early = lambdaframe.logging.get_logger("early").bind(a=1)
    configure(level="ERROR")
    early.warning("hello")
    configure(level="DEBUG")
    early.debug("hello")
    assert written.line["level"] == "DEBUG"


def test_public_names() -> None:
    for name in lambdaframe.logging.__all__:
        assert getattr(lambdaframe.logging, name) is not None
