"""The framework examples, unchanged, under a real uvicorn and behind every gateway: the client sees no difference."""

import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from docs.examples.loopback import Uvicorn
from lambdaframe.types import ASGIApp
from lambdaframe_adapters import LambdaHandler
from lambdaframe_adapters.testing import GATEWAYS, LambdaContext, Setup, invoke
from lambdaframe_adapters.testing.losses import lost_by
from tests.differential.wire import exchange
from tests.frameworks.scenario import ODD, PICTURE, SCENARIO, Step, comparable

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples" / "frameworks"
APPS = ["fastapi_app", "starlette_app", "litestar_app"]
STEPS = SCENARIO + ODD

Answers = list[dict[str, Any]]
UnderUvicorn = Callable[[str, str], Answers]


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
        response = exchange(url, step.request())
        if step.awaits in response.body:
            return comparable(response)
    raise AssertionError(f"The background work of {step} was not done.")


@pytest.fixture(scope="module")
def under_uvicorn() -> Iterator[UnderUvicorn]:
    """``under_uvicorn("fastapi_app", "/prod")``: what the example answers, step by step, with this root path."""
    seen: dict[tuple[str, str], Answers] = {}

    def answers(name: str, root_path: str) -> Answers:
        if (name, root_path) not in seen:
            with Uvicorn(EXAMPLES, f"{name}:app", environment={"UVICORN_ROOT_PATH": root_path}) as server:
                seen[name, root_path] = [_answered(server.url, step) for step in STEPS]
        return seen[name, root_path]

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
    name: str, source: str, under_uvicorn: UnderUvicorn, app: Callable[[str], ASGIApp]
) -> None:
    with closing(LambdaHandler(app(name))) as handler:
        compare(under_uvicorn(name, ""), handler, source, "", GATEWAYS[source].setup)


@pytest.mark.parametrize("name", APPS)
@pytest.mark.parametrize("source", ["rest_api", "http_api", "http_api_v1"])
def test_a_stage_is_a_root_path(
    name: str, source: str, under_uvicorn: UnderUvicorn, app: Callable[[str], ASGIApp]
) -> None:
    with closing(LambdaHandler(app(name))) as handler:
        compare(under_uvicorn(name, "/prod"), handler, source, "/prod", Setup(stage="prod"))


@pytest.mark.parametrize("name", APPS)
@pytest.mark.parametrize("source", GATEWAYS)
def test_a_base_path_is_a_root_path(
    name: str, source: str, under_uvicorn: UnderUvicorn, app: Callable[[str], ASGIApp]
) -> None:
    told = source in {"rest_api", "http_api_v1"}  # by their events
    setup = replace(GATEWAYS[source].setup, base_path="/prod")
    with closing(LambdaHandler(app(name), base_path="" if told else "/prod")) as handler:
        compare(under_uvicorn(name, "/prod"), handler, source, "/prod", setup)


def compare(expected: Answers, handler: LambdaHandler, source: str, prefix: str, setup: Setup) -> None:
    gateway, lost = GATEWAYS[source], lost_by(source)
    for step, answer in zip(STEPS, expected, strict=True):
        request = step.request(prefix)
        got = comparable(
            gateway.response(request, invoke(handler, gateway.event(request, setup), LambdaContext()), setup)
        )
        assert got == answer or step.loses in lost, step


@pytest.mark.parametrize("name", APPS)
def test_the_example_does_what_it_says(name: str, under_uvicorn: UnderUvicorn) -> None:
    answers = under_uvicorn(name, "")[: len(SCENARIO)]
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
