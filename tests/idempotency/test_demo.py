"""The demonstration with two processes, one of them killed: it ends well, and notices when something is wrong."""

import subprocess
import sys
from pathlib import Path

import pytest

from docs.examples.idempotency_demo import Valkey, WrongError, doubled
from docs.examples.local_redis import LocalRedis
from docs.examples.loopback import Uvicorn
from docs.examples.screen import Screen
from tests.conftest import ORDERS

ROOT = Path(__file__).parents[2]


def test_two_requests_make_two_orders_whatever_is_doubled_or_killed() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "docs.examples.idempotency_demo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("(replayed)") == 2
    assert "SIGKILL; the client sees: " in done.stdout
    assert "Two requests, two orders, and for each one answer." in done.stdout


def test_processes_that_share_no_store_are_found_out(tmp_path: Path) -> None:
    database = tmp_path / "orders.db"
    with LocalRedis() as redis:
        one, two = (
            Uvicorn(
                ORDERS, environment={"ORDERS_DATABASE": str(database), "ORDERS_IDEMPOTENCY": f"{redis.url}/{number}"}
            )
            for number in (1, 2)
        )
        with one, two, pytest.raises(WrongError, match="replays: expected 1, and saw 0"):
            doubled(Screen(), one, two, Valkey(redis.port), database)
