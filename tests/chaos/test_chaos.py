"""Processes die while they run idempotent operations: nothing diverges, nothing is lost; and the harness can tell."""

import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import pytest

from docs.examples.local_redis import unsupported
from tests.chaos.judge import CHECKS

ROOT = Path(__file__).parents[2]
ROW = {"divergent": "divergent results", "lost": "lost effects"}

CRASHING = """
import random
from tests.chaos.backends import Hosted
from tests.chaos.judge import judge
from tests.chaos.plan import Plan
from tests.chaos.world import World

class Crashing(Hosted):
    def open(self, ask, rng):
        raise RuntimeError("no store")

plan = Plan(kills=5, life=100.0)
world = World(Crashing(), plan, random.Random(1), prefix="", output=1)
world.run()
print({finding.check for finding in judge(world.histories, plan.lapse)})
"""


def chaos(*arguments: str) -> tuple[int, dict[str, str]]:
    """The exit status and the printed table. In a process of its own: it forks, and must not have threads."""
    ran = run(["-m", "tests.chaos", *arguments])
    print(ran.stdout, ran.stderr)
    table = {line[:20].rstrip(): line[20:].strip() for line in ran.stdout.splitlines() if line[20:].strip()}
    return ran.returncode, table


def run(arguments: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )


@pytest.mark.parametrize(
    ("store", "kills", "missing"),
    [
        ("redis", 200, unsupported()),
        ("dynamodb", 25, None if find_spec("moto") and find_spec("aioboto3") else "moto or aioboto3 is not installed."),
    ],
)
def test_whoever_is_killed_every_caller_gets_the_same_bytes_and_no_effect_is_lost(
    store: str, kills: int, missing: str | None
) -> None:
    if missing:
        pytest.skip(missing)
    status, table = chaos("--store", store, "--kills", str(kills))
    assert {row: table[row] for row in table if row in {ROW.get(check, check) for check in CHECKS}} == {
        ROW.get(check, check): "0" for check in CHECKS
    }
    assert status == 0
    assert int(table["kills"]) >= kills
    assert int(table["takeovers"]) > 0
    assert int(table["replays"]) > 0


def test_a_store_without_conditions_is_found_out() -> None:
    status, table = chaos("--unfenced", "--kills", "120")
    assert int(table["divergent results"]) > 0
    assert int(table["lost effects"]) > 0
    assert table["fence"] == "0"
    assert status == 0


def test_workers_that_end_by_themselves_are_a_finding_and_the_end() -> None:
    ran = run(["-c", CRASHING])
    assert "RuntimeError: no store" in ran.stdout + ran.stderr
    assert "'broken'" in ran.stdout.splitlines()[-1]
