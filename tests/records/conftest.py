"""What the tests of records share: both loops, and the log."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from lambdaframe.logging import configure


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Callable[[], list[dict[str, Any]]]:
    """What has been logged since the last call."""
    configure(renderer="json")
    return lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]
