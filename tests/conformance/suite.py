"""Starlette's own suite through one adapter behind some gateways, in a process of its own."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lambdaframe_adapters.testing import gateways
from tests.conformance.source import starlette_source

HERE: Final = Path(__file__).parent

GATEWAYS: Final = tuple(gateways.GATEWAYS)

OF_MANGUM: Final = tuple(gateway for gateway in GATEWAYS if not gateway.startswith("lattice"))
"""The gateways Mangum knows."""

TIMEOUT: Final = 240.0
"""Seconds for one process."""


class SuiteError(Exception):
    """The suite could not be run. The message has what pytest said."""


@dataclass(frozen=True)
class Run:
    """One run of the suite. ``errors``: the first line of what is wrong with each test that did not pass."""

    adapter: str
    gateway: str
    passed: frozenset[str]
    errors: dict[str, str]

    @property
    def tests(self) -> frozenset[str]:
        """All that were run."""
        return self.passed | self.errors.keys()


def possible() -> Run:
    """The tests in which a request reaches an application, with Starlette's own client."""
    tests = _results("starlette", ["none"], None)["none"]
    return _run("starlette", "none", {name: test for name, test in tests.items() if test["reached"]})


def run_all(tests: Collection[str]) -> list[Run]:
    """These tests through each adapter and gateway, in four processes at a time: much of it is waiting for answers
    without an end."""
    jobs = [*_halves("lambdaframe", GATEWAYS), *_halves("mangum", OF_MANGUM)]

    def runs(job: tuple[str, tuple[str, ...]]) -> list[Run]:
        adapter, names = job
        return [_run(adapter, gateway, found) for gateway, found in _results(adapter, names, tests).items()]

    with ThreadPoolExecutor(len(jobs)) as pool:
        return [run for some in pool.map(runs, jobs) for run in some]


def _halves(adapter: str, names: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield adapter, names[::2]
    yield adapter, names[1::2]


def _run(adapter: str, gateway: str, tests: dict[str, dict[str, Any]]) -> Run:
    passed = frozenset(name for name, test in tests.items() if test["outcome"] == "passed")
    errors = {name: (test["error"] or test["outcome"]).splitlines()[0] for name, test in tests.items()}
    return Run(adapter, gateway, passed, {name: error for name, error in errors.items() if name not in passed})


def _results(
    adapter: str, names: Collection[str], tests: Collection[str] | None
) -> dict[str, dict[str, dict[str, Any]]]:
    """What became of each test, by gateway and name."""
    source = starlette_source()
    with tempfile.TemporaryDirectory() as folder:
        record, asked = Path(folder, "record.json"), Path(folder, "tests.json")
        environment = {
            "CONFORMANCE_ADAPTER": adapter,
            "CONFORMANCE_GATEWAYS": ",".join(names),
            "CONFORMANCE_RECORD": str(record),
            "PYTHONPATH": os.pathsep.join(filter(None, [str(HERE), os.environ.get("PYTHONPATH")])),
        }
        if tests is not None:
            asked.write_text(json.dumps(sorted(tests)))
            environment["CONFORMANCE_TESTS"] = str(asked)
        plugins = ["-p", "lambda_plugin", "-p", "no:cacheprovider", "-p", "no:schemathesis"]
        options = ["-q", *plugins, "--tb=short", f"--basetemp={folder}/tmp"]
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
            raise SuiteError(f"{adapter} {names}: pytest ended with {done.returncode}.\n{done.stdout}{done.stderr}")
        found: dict[str, dict[str, dict[str, Any]]] = json.loads(record.read_bytes())
        return found
