"""Fixtures for all tests: the loop, the watch over blocking calls, captured events, and the real servers."""

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from blockbuster import BlockBuster, blockbuster_ctx
from hypothesis import HealthCheck, settings

from docs.examples.emulator import Emulator, unsupported
from docs.examples.loopback import Uvicorn
from lambdaframe.types import ASGIApp
from lambdaframe_adapters import LambdaHandler

EVENTS = Path(__file__).with_name("events")
ORDERS = Path(__file__).parents[1] / "docs" / "examples" / "orders"

# Time is no reason to fail: the machine that runs the tests may be busy with something else.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """Async tests run on asyncio; a module that must run on trio, too, overrides this with a parametrized fixture."""
    return "asyncio"


@pytest.fixture(autouse=True)
def blocking_calls_fail() -> Iterator[BlockBuster]:
    """A blocking call of the framework's inside a running event loop fails the test.

    What happens once in a process may block, as an import does: pydantic looks for plugins when it builds its first
    validator.
    """
    with blockbuster_ctx(["lambdaframe", "lambdaframe_adapters"]) as watch:
        for function in watch.functions.values():
            function.can_block_in("pydantic/plugin/_loader.py", "get_plugins")
        yield watch


@pytest.fixture(autouse=True)
def root_logger_as_before() -> Iterator[None]:
    """A handler that is built as in Lambda captures the process's root logger: it is let go after the test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    logging.captureWarnings(False)


@pytest.fixture(scope="session")
def event() -> Callable[[str], dict[str, Any]]:
    """``event("sqs/standard")``: the event in ``tests/events/sqs/standard.json``, a new copy each time."""

    def load(name: str) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_bytes())
        return loaded

    return load


@pytest.fixture
def make() -> Iterator[Callable[..., LambdaHandler]]:
    """``make(app, **options)``: a LambdaHandler that is closed after the test."""
    made: list[LambdaHandler] = []

    def make(app: ASGIApp, **options: Any) -> LambdaHandler:
        made.append(LambdaHandler(app, **options))
        return made[-1]

    yield make
    for handler in made:
        handler.close()


@pytest.fixture
def orders_server() -> Iterator[Uvicorn]:
    """The orders example under a real uvicorn, with no orders yet."""
    with Uvicorn(ORDERS) as server:
        yield server


@pytest.fixture
def orders_emulator() -> Iterator[Emulator]:
    """The orders example under the real Lambda emulator, with no orders yet."""
    if reason := unsupported():
        pytest.skip(reason)
    with Emulator(ORDERS, name="orders") as emulator:
        yield emulator
