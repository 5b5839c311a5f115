"""The process's configuration: at its defaults when a test begins, put back when it ends."""

from collections.abc import Iterator

import pytest

from lambdaframe.logging import configure, fresh_keys
from lambdaframe.logging.configuration import PROCESS, Configuration, Settings
from tests.logging.written import Written


@pytest.fixture
def process() -> Iterator[Configuration]:
    """The configuration that the public names share, with JSON to ``sys.stdout``."""
    before = PROCESS.settings
    PROCESS.use(Settings(renderer="json"))
    fresh_keys()
    yield PROCESS
    fresh_keys()
    PROCESS.use(before)


@pytest.fixture
def written(process: Configuration) -> Written:
    """Where the process's loggers write during the test."""
    stream = Written()
    configure(stream=stream)
    return stream
