"""The framework examples, unchanged, under a real uvicorn and behind every gateway: the client sees no difference."""

import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from docs.examples.loopback import Uvicorn
from lambdaframe.types import ASGIApp
from lambdaframe_adapters import LambdaHandler
from lambdaframe_adapters.testing import GATEWAYS, LambdaContext, invoke
from lambdaframe_adapters.testing.losses import lost_by
from tests.differential.wire import exchange
from tests.frameworks.scenario import ODD, PICTURE, SCENARIO, Step, comparable

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples" / "frameworks"
APPS = ["fastapi_app", "starlette_app", "litestar_app"]
STEPS = SCENARIO + ODD

Answers = list[dict[str, Any]]


def imported(name: str) -> ASGIApp:
    """The application of an example, as Lambda's runtime imports it; each time a new one."""
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # annotations are looked up there
    spec.loader.exec_module(module)
    module.handler.close()
    app: ASGIApp = module.app
    return app


def _answered(url: str, step: Step) -> dict[str, Any]:
    for _ in range(1000):
        response = exchange(url, step.request)
        if step.awaits in response.body:
            return comparable(response)
    raise AssertionError(f"The background work of {step} was not done.")


@pytest.fixture(scope="module")
def under_uvicorn() -> Iterator[Callable[[str], Answers]]:
    """``under_uvicorn("fastapi_app")``: what the example answers under uvicorn, step by step."""
    seen: dict[str, Answers] = {}

    def answers(name: str) -> Answers:
        if name not in seen:
            with Uvicorn(EXAMPLES, f"{name}:app") as server:
                seen[name] = [_answered(server.url, step) for step in STEPS]
        return seen[name]

    yield answers
    seen.clear()


@pytest.fixture(scope="module")
def app() -> Callable[[str], ASGIApp]:
    """``app("fastapi_app")``: the example's application, imported once."""
    known: dict[str, ASGIApp] = {}

    def find(name: str) -> ASGIApp:
        if name not in known:
            known[name] = imported(name)
        return known[name]

    return find


@pytest.mark.parametrize("name", APPS)
@pytest.mark.parametrize("source", GATEWAYS)
def test_the_client_sees_what_it_sees_under_uvicorn(
    name: str, source: str, under_uvicorn: Callable[[str], Answers], app: Callable[[str], ASGIApp]
) -> None:
    expected = under_uvicorn(name)
    gateway, lost = GATEWAYS[source], lost_by(source)
    with closing(LambdaHandler(app(name))) as handler:
        for step, answer in zip(STEPS, expected, strict=True):
            event = gateway.event(step.request)
            got = comparable(gateway.response(step.request, invoke(handler, event, LambdaContext())))
            assert got == answer or step.loses in lost, step


@pytest.mark.parametrize("name", APPS)
def test_the_example_does_what_it_says(name: str, under_uvicorn: Callable[[str], Answers]) -> None:
    answers = under_uvicorn(name)[: len(SCENARIO)]
    for step, answer in zip(SCENARIO, answers, strict=True):
        assert answer["status"] == step.status, (step, answer)
    found = {(step.method, step.target): answer for step, answer in zip(SCENARIO, answers, strict=True)}
    assert found["GET", "/sent"]["body"] == '["ada@example.com: Grüner Tee 茶"]'.encode()
    assert found["GET", "/articles/1/picture"]["body"] == PICTURE
    assert found["GET", "/whoami"]["body"] == b'["ada","dark"]'
    assert len([name for name, _ in found["POST", "/login"]["headers"] if name == "set-cookie"]) == 2
    assert dict(found["POST", "/articles"]["headers"])["location"] == "https://catalogue.example/articles/2"
    assert dict(found["GET", "/export"]["headers"])["content-encoding"] == "gzip"
    assert b"hunter2" not in found["GET", "/broken"]["body"]
