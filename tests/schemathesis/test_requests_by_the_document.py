"""Requests that schemathesis makes of an application's OpenAPI document: valid ones, invalid ones, sequences of them.

An application is tried under uvicorn, and behind gateways: then each request is an event of Lambda's. Every answer is
held against the document, and none may be a 5xx. https://schemathesis.readthedocs.io/en/stable/reference/checks/

It is schemathesis' command line that runs, in a process of its own: its plugin for pytest changes hypothesis for all
other tests. ``LAMBDAFRAME_FUZZ_EXAMPLES`` is about the number of requests; 2,000 unless it is set, and that at least.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple
from urllib.request import urlopen

import pytest

from docs.examples.loopback import Uvicorn
from tests.schemathesis import excuses
from tests.schemathesis.served import RECEIVED

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
ORDERS = ROOT / "docs" / "examples" / "orders"

ALL_PHASES = "examples,coverage,fuzzing,stateful"


class Run(NamedTuple):
    """One application at one place. ``at_least``: so many requests must arrive."""

    served: str
    behind: str
    phases: str
    at_least: int
    below: str = ""
    """Where the application is mounted."""


EVERYTHING, ORDER_SERVICE = "tests.schemathesis.apps:app", "main:app"
RUNS = {
    "everything-uvicorn": Run(EVERYTHING, "", ALL_PHASES, 2000),
    "everything-http_api": Run(EVERYTHING, "http_api", ALL_PHASES, 2000),
    "everything-rest_api": Run(EVERYTHING, "rest_api", "fuzzing", 200),
    "orders-uvicorn": Run(ORDER_SERVICE, "", ALL_PHASES, 200),
    "orders-http_api": Run(ORDER_SERVICE, "http_api", ALL_PHASES, 200),
    "orders-alb": Run(ORDER_SERVICE, "alb", "fuzzing", 20),
    "mounted-http_api": Run(EVERYTHING, "http_api", ALL_PHASES, 30, "/inner"),
}
OPERATIONS = 3 * 63 + 3 * 5 + 1
"""Of all runs."""

WANTED = int(os.environ.get("LAMBDAFRAME_FUZZ_EXAMPLES", "2000"))
EXAMPLES = max(4, WANTED // OPERATIONS)
"""Of each operation, in the phase that makes as many as it is told to."""


@pytest.fixture(scope="module")
def excused() -> dict[str, set[str]]:
    """The excuses that were needed, by run."""
    return {}


@pytest.mark.parametrize("name", RUNS)
def test_every_answer_is_as_documented(name: str, excused: dict[str, set[str]], tmp_path: Path) -> None:
    run = RUNS[name]
    needed = tmp_path / "excused"
    needed.touch()
    path = os.pathsep.join(map(str, (ROOT, ORDERS)))
    environment = {"PYTHONPATH": path, "SERVED": run.served, "BEHIND": run.behind}
    with Uvicorn(ROOT, "tests.schemathesis.served:application", environment=environment) as server:
        tried = subprocess.run(
            [sys.executable, "-m", "schemathesis.cli", *_options(run, server.url)],
            cwd=tmp_path,
            env=os.environ
            | {"PYTHONPATH": path, "SCHEMATHESIS_HOOKS": excuses.__name__, excuses.VARIABLE: str(needed)},
            capture_output=True,
            text=True,
            check=False,
        )
        with urlopen(server.url + RECEIVED) as answer:
            received = int(answer.read())
        errors = [line for line in server.stop() if '"level":"ERROR"' in line]
    assert tried.returncode == 0, f"{tried.stdout}\n{tried.stderr}"
    assert errors == [], "what was answered before it failed: a background task, a clean-up"
    assert received >= run.at_least, tried.stdout
    excused[name] = set(needed.read_text().split())


def _options(run: Run, url: str) -> list[str]:
    base = url + run.below
    options = [f"--url={base}", f"--phases={run.phases}", f"--max-examples={EXAMPLES}", "--mode=all", "--no-color"]
    return [f"--config-file={HERE / 'schemathesis.toml'}", "run", f"{base}/openapi.json", *options, *_repeatable()]


def _repeatable() -> list[str]:
    """The usual number of requests are the same ones every time; of more, others are wanted every time."""
    return ["--generation-deterministic"] if WANTED <= 2000 else []


def test_the_runs_are_2000_requests_at_least() -> None:
    assert sum(run.at_least for run in RUNS.values()) >= 2000


def test_no_excuse_is_kept_that_nothing_needs(excused: dict[str, set[str]]) -> None:
    if excused.keys() != RUNS.keys():
        pytest.skip("Only all runs together can tell.")
    every = {excuse.__name__ for excuse in excuses.EVERY}
    assert every - excuses.RARE - set[str]().union(*excused.values()) == set()
