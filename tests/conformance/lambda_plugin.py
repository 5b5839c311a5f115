"""A pytest plugin for Starlette's own suite: another client in place of its TestClient, and a record of each test.

Each test is run once for each gateway. This runs in a process of its own, by ``tests.conformance.suite``, and imports
what it needs only when pytest is set up.
"""

import json
import os
import re
import signal
import sys
from collections.abc import Generator
from importlib import import_module
from importlib.abc import MetaPathFinder
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

PATIENCE = 3.0
"""Seconds a test may take: an answer without an end is one that Lambda never gives."""


class _WithoutBrotli(MetaPathFinder):
    """Starlette's tests know the headers of an httpx without brotli, and are skipped where it is loaded."""

    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        if fullname in {"brotli", "brotlicffi"}:
            raise ModuleNotFoundError(name=fullname)


sys.meta_path.insert(0, _WithoutBrotli())


@pytest.fixture(autouse=True, params=os.environ["CONFORMANCE_GATEWAYS"].split(","), ids="<{}>".format)
def conformance_gateway(request: pytest.FixtureRequest) -> str:
    """The gateway in front of the application in this run of the test."""
    gateway: str = request.param
    return gateway


def _names(nodeid: str) -> tuple[str, str]:
    """The gateway, and the test's own name."""
    found = re.search(r"<(\w+)>", nodeid)
    assert found is not None, f"{nodeid} is run without a gateway"
    gateway = found[0]
    return found[1], nodeid.replace(f"[{gateway}]", "").replace(f"{gateway}-", "").replace(f"-{gateway}", "")


class _Record:
    """What became of each test: ``{"outcome", "reached", "error"}`` by its gateway and its name."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        self.tests: dict[str, dict[str, dict[str, Any]]] = {}
        self.gateway = self.name = ""

    def reached(self) -> None:
        """An HTTP request of the current test is on its way to the application."""
        self.tests[self.gateway][self.name]["reached"] = True

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        self.gateway, self.name = _names(item.nodeid)
        self.tests.setdefault(self.gateway, {})[self.name] = {"outcome": "passed", "reached": False, "error": ""}
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self) -> Generator[None, Any, Any]:
        signal.signal(signal.SIGALRM, _out_of_patience)
        signal.setitimer(signal.ITIMER_REAL, PATIENCE)
        try:
            return (yield)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        test = self.tests[self.gateway][self.name]
        if report.failed and test["outcome"] != "failed":
            crash = getattr(report.longrepr, "reprcrash", None)
            test |= {"outcome": "failed", "error": str(getattr(crash, "message", report.longrepr))[:2000]}
        elif report.skipped and not hasattr(report, "wasxfail"):
            test["outcome"] = "skipped"

    def pytest_sessionfinish(self) -> None:
        self.path.write_text(json.dumps(self.tests))


def _out_of_patience(signum: int, frame: FrameType | None) -> None:
    raise TimeoutError(f"The test was not over after {PATIENCE} s.")


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Before Starlette's conftest imports TestClient."""
    record = _Record(os.environ["CONFORMANCE_RECORD"])
    early_config.pluginmanager.register(record)
    testclient: Any = import_module("starlette.testclient")
    adapter = os.environ["CONFORMANCE_ADAPTER"]
    transport: Any
    if adapter == "starlette":
        transport = testclient._TestClientTransport
    else:
        lambda_clients: Any = import_module("lambda_clients")  # beside this file, which is no package in this process
        transport = lambda_clients.WatchedTransport
        testclient.TestClient = lambda_clients.client_class(adapter, lambda: record.gateway)
    handle = transport.handle_request

    def counted(self: Any, request: Any) -> Any:
        if request.url.scheme in {"http", "https"}:
            record.reached()
        return handle(self, request)

    transport.handle_request = counted


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Only the tests that are asked for; else all, on asyncio: Lambda's loop is one of asyncio."""
    asked = os.environ.get("CONFORMANCE_TESTS")
    wanted = set(json.loads(Path(asked).read_bytes())) if asked else None
    keep: list[pytest.Item] = []
    leave: list[pytest.Item] = []
    for item in items:
        asked_for = "trio" not in item.nodeid if wanted is None else _names(item.nodeid)[1] in wanted
        (keep if asked_for else leave).append(item)
    config.hook.pytest_deselected(items=leave)
    items[:] = keep
