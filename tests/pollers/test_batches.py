"""Whole lives of made-up records: from the queue through Lambda, the adapters and the engine, and back again.

``LAMBDAFRAME_POLLER_EXAMPLES=50000`` asks for so many batches in all.
"""

import os
from typing import get_args

import pytest

from tests.pollers.cases import Kind
from tests.pollers.exploring import explore

KINDS: tuple[Kind, ...] = get_args(Kind)
BATCHES = int(os.environ.get("LAMBDAFRAME_POLLER_EXAMPLES", "5000")) // len(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_batch_keeps_the_rules(kind: Kind) -> None:
    assert explore(kind, batches=BATCHES) >= BATCHES
