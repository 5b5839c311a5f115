"""A pytest plugin for Starlette's own suite: another client in place of its TestClient, and a record of each test.

It runs in a process of its own, by ``tests.conformance.suite``, and imports what it needs only when pytest is set up.
"""

import json
import os
import signal
from collections.abc import Generator
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

PATIENCE = 4.0
"""Seconds a test may take: an answer without an end is one that Lambda never gives."""


class _Record:
    """What became of each test: ``{"outcome", "reached", "error"}`` by its id."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        self.tests: dict[str, dict[str, Any]] = {}
        self.current = ""

    def reached(self) -> None:
        """An HTTP request of the current test is on its way to the application."""
        self.tests[self.current]["reached"] = True

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        self.current = item.nodeid
        self.tests[item.nodeid] = {"outcome": "passed", "reached": False, "error": ""}
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
        test = self.tests[report.nodeid]
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
    adapter, gateway = os.environ["CONFORMANCE_ADAPTER"], os.environ["CONFORMANCE_GATEWAY"]
    transport: Any
    if adapter == "starlette":
        transport = testclient._TestClientTransport
    else:
        lambda_clients: Any = import_module("lambda_clients")  # beside this file, which is no package in this process
        transport = lambda_clients.WatchedTransport
        testclient.TestClient = lambda_clients.client_class(adapter, gateway)
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
    keep = [item for item in items if (item.nodeid in wanted if wanted is not None else "trio" not in item.nodeid)]
    config.hook.pytest_deselected(items=[item for item in items if item not in set(keep)])
    items[:] = keep
