"""Starlette's own suite through one adapter behind one gateway, in a process of its own."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lambdaframe_adapters.testing import gateways
from tests.conformance.source import starlette_source

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

GATEWAYS: Final = tuple(gateways.GATEWAYS)

PAIRS: Final = (
    *(("lambdaframe", gateway) for gateway in GATEWAYS),
    *(("mangum", gateway) for gateway in GATEWAYS if not gateway.startswith("lattice")),
)
"""Each adapter with each gateway it knows."""

TIMEOUT: Final = 180.0
"""Seconds for one run of the suite."""


class SuiteError(Exception):
    """The suite could not be run. The message has what pytest said."""


@dataclass(frozen=True)
class Run:
    """One run of the suite. ``errors``: the message of each test that did not pass, by its id."""

    adapter: str
    gateway: str
    passed: frozenset[str]
    errors: dict[str, str]


def possible() -> Run:
    """The tests in which a request reaches an application, with Starlette's own client."""
    tests = _results("starlette", "", None)
    return _run("starlette", "", {name: test for name, test in tests.items() if test["reached"]})


def run_all(pairs: Collection[tuple[str, str]], tests: Collection[str]) -> list[Run]:
    """These tests through each pair of an adapter and a gateway. Four at a time: much of it is waiting for answers
    without an end."""

    def run(pair: tuple[str, str]) -> Run:
        adapter, gateway = pair
        return _run(adapter, gateway, _results(adapter, gateway, tests))

    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(run, pairs))


def _run(adapter: str, gateway: str, tests: dict[str, dict[str, Any]]) -> Run:
    passed = frozenset(name for name, test in tests.items() if test["outcome"] == "passed")
    errors = {name: test["error"] or test["outcome"] for name, test in tests.items() if name not in passed}
    return Run(adapter, gateway, passed, errors)


def _results(adapter: str, gateway: str, tests: Collection[str] | None) -> dict[str, dict[str, Any]]:
    source = starlette_source()
    with tempfile.TemporaryDirectory() as folder:
        record, asked = Path(folder, "record.json"), Path(folder, "tests.json")
        environment = {
            "CONFORMANCE_ADAPTER": adapter,
            "CONFORMANCE_GATEWAY": gateway,
            "CONFORMANCE_RECORD": str(record),
            "PYTHONPATH": str(HERE),
        }
        if tests is not None:
            asked.write_text(json.dumps(sorted(tests)))
            environment["CONFORMANCE_TESTS"] = str(asked)
        options = ["-q", "-p", "lambda_plugin", "-p", "no:cacheprovider", "--tb=short", f"--basetemp={folder}/tmp"]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *options, "tests"],
            cwd=source,
            env={**{k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "COVERAGE_"))}, **environment},
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        if done.returncode not in (0, 1) or not record.exists():
            raise SuiteError(f"{adapter} {gateway}: pytest ended with {done.returncode}.\n{done.stdout}{done.stderr}")
        found: dict[str, dict[str, Any]] = json.loads(record.read_bytes())
        return found
