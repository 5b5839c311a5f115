"""The shop on FastAPI and on lambdaframe: one scenario, the same answers, under a server and behind every gateway."""

import difflib
import importlib
import json
import re
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from docs.examples.loopback import Uvicorn
from lambdaframe.testing import TestClient
from lambdaframe_adapters.testing import LambdaClient, LambdaContext, http_event, invoke
from tests.examples.shop import ADA, COMPARED, SCENARIO, Answer, Step, translated

ROOT = Path(__file__).parents[2]
PORT = ROOT / "docs" / "examples" / "fastapi_port"
PAGE = ROOT / "docs" / "pages" / "moving-from-fastapi.md"

GATEWAYS = ["http_api", "rest_api", "alb", "function_url"]
IN_PROCESS = ["lambdaframe", *GATEWAYS]
EVERYWHERE = [*IN_PROCESS, "uvicorn"]
SIDES = ("before", "after")
CHANGED_LINES = 70
"""So many lines of the port differ at most."""


def shop(version: str, module: str) -> Any:
    """A module of the shop, ``before`` or ``after``: ``shop("after", "main")``."""
    return importlib.import_module(f"docs.examples.fastapi_port.{version}.shop.{module}")


@contextmanager
def running(where: str, data: Path, **overrides: Any) -> Generator[Any]:
    """A client, as httpx has them, of the shop with an empty database in the folder ``data``.

    ``overrides``: settings that replace those of the environment, for all but the server in a process of its own.
    """
    if where == "uvicorn":
        with (
            Uvicorn(PORT / "after", "shop.main:app", environment={"SHOP_DATA": str(data)}) as server,
            httpx.Client(base_url=server.url, trust_env=False) as client,
        ):
            yield client
        return
    version = "before" if where == "fastapi" else "after"
    app, settings = shop(version, "main").app, shop(version, "settings")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHOP_DATA", str(data))
        settings.get_settings.cache_clear()
        if overrides:
            app.dependency_overrides[settings.get_settings] = lambda: settings.Settings(data=data, **overrides)
        with LambdaClient(app, where) if where in GATEWAYS else TestClient(app) as client:
            yield client
        app.dependency_overrides.clear()
    settings.get_settings.cache_clear()


def play(client: Any, steps: tuple[Step, ...]) -> list[Answer]:
    tokens: dict[str, str] = {}
    answers: list[Answer] = []
    for step in steps:
        answer = _asked(client, step, tokens)
        assert answer.status in {step.status, step.here}, (step, answer)
        assert answer.headers.pop("x-process-time", None), step
        if step.keeps:
            tokens[step.keeps] = answer.body.pop("access_token")
        answers.append(answer)
    return answers


def _asked(client: Any, step: Step, tokens: dict[str, str]) -> Answer:
    headers = {"authorization": f"Bearer {tokens[step.who]}"} if step.who else {}
    for _ in range(1000):
        answer = _answer(
            client.request(
                step.method, step.path, headers=headers | dict(step.headers), follow_redirects=False, **step.options
            ),
            str(client.base_url).rstrip("/"),
        )
        if step.awaits in str(answer.body):
            return answer
    raise AssertionError(f"The background work was not done that {step} awaits.")


def _answer(response: Any, base_url: str) -> Answer:
    sent: dict[str, list[str]] = {}
    for name, value in response.headers.multi_items():
        name = name.lower().removeprefix("x-amzn-remapped-")  # some gateways rename WWW-Authenticate
        sent.setdefault(name, []).append(value.replace(base_url, ""))
    is_json = "json" in response.headers.get("content-type", "") and response.content
    return Answer(response.status_code, sent, response.json() if is_json else response.content)


def comparable(step: Step, answer: Answer) -> Answer:
    """What must be equal: an id that was made up and the time of a registration are equal in form alone."""
    headers = {name: value for name, value in answer.headers.items() if name in COMPARED - step.unlike}
    if "x-request-id" not in step.headers:
        headers["x-request-id"] = [re.sub("[0-9a-f]", "0", value) for value in headers["x-request-id"]]
    body = answer.body
    if isinstance(body, dict | list):
        body = json.loads(re.sub(r'(?<="created": ")[^"]*', _form, json.dumps(body)))
    return Answer(answer.status, headers, body)


def _form(time: re.Match[str]) -> str:
    return re.sub("[0-9]", "0", time[0])


@pytest.fixture(scope="module")
def of_fastapi(tmp_path_factory: pytest.TempPathFactory) -> list[Answer]:
    with running("fastapi", tmp_path_factory.mktemp("fastapi")) as client:
        return play(client, SCENARIO)


def test_the_fastapi_version_does_what_the_scenario_says(of_fastapi: list[Answer]) -> None:
    assert [answer.status for answer in of_fastapi] == [step.status for step in SCENARIO]
    said = {(step.method, step.path, step.who): answer.body for step, answer in zip(SCENARIO, of_fastapi, strict=True)}
    assert said["GET", "/api/items/1", ""]["stock"] == 1, "one order of two was placed, and two were rolled back"
    assert said["GET", "/api/admin/orders/count", "admin"] == 1
    assert [mail["subject"] for mail in said["GET", "/api/admin/outbox", "admin"]] == [
        "Welcome, Ada!",
        "Welcome, Bob!",
        "Your order 1",
    ]
    assert "password_hash" not in said["GET", "/api/users/me", "ada"]
    assert "least_price" not in said["GET", "/api/items/1", ""]
    assert set(said["GET", "/api/users/3", ""]) == {"id", "name"}
    assert said["GET", "/api/admin/stock.csv", "admin"] == b"id,title,stock\r\n3,Emma,1\r\n2,Dune,5\r\n1,Chess,1\r\n"


@pytest.mark.parametrize("where", EVERYWHERE)
def test_the_port_answers_as_the_original(where: str, of_fastapi: list[Answer], tmp_path: Path) -> None:
    with running(where, tmp_path) as client:
        answers = play(client, SCENARIO)
    for step, expected, answer in zip(SCENARIO, of_fastapi, answers, strict=True):
        if step.here is not None:
            assert answer.status == step.here, step
        else:
            assert comparable(step, answer) == comparable(step, translated(expected)), step
        if answer.status >= 400 and answer.body and step.method != "OPTIONS":
            assert answer.headers["content-type"] == ["application/problem+json"] or "error" in answer.body, step


@pytest.mark.parametrize("where", ["fastapi", *IN_PROCESS])
def test_settings_are_overridden(where: str, tmp_path: Path) -> None:
    with running(where, tmp_path, registration_open=False) as client:
        assert client.post("/api/users", json=ADA).json()["detail"] == "Registration is closed."
    with running(where, tmp_path) as client:
        assert client.post("/api/users", json=ADA).status_code == 201
    with running(where, tmp_path, max_picture_bytes=3, token_seconds=-1) as client:
        token = client.post("/api/auth/token", data={"username": ADA["email"], "password": ADA["password"]}).json()
        headers = {"authorization": f"Bearer {token['access_token']}"}
        assert client.get("/api/users/me", headers=headers).json()["detail"] == "The token is not valid."


def test_the_handler_is_what_lambda_calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_DATA", str(tmp_path))
    shop("after", "settings").get_settings.cache_clear()
    handler = shop("after", "main").handler
    answer = invoke(handler, http_event("http_api", "GET", "/api/items"), LambdaContext())
    handler.close()
    assert answer["statusCode"] == 200
    assert json.loads(answer["body"]) == {"items": [], "total": 0, "limit": 20, "offset": 0}


def test_both_documents_list_the_same_operations() -> None:
    before, after = operations("before"), operations("after")
    for name, operation in before.items():
        more = set(after[name].pop("refuses")) - set(operation.pop("refuses"))
        assert more <= {"400", "401", "403", "415"}, "what FastAPI answers, too, and does not say"
    assert after == before


def operations(version: str) -> dict[str, Any]:
    """What clients are made of: each operation with its name, parameters, bodies, successes, and who may call it."""
    document = json.loads(json.dumps(shop(version, "main").app.openapi()))
    said = ("operationId", "tags", "summary", "description", "deprecated", "security")
    return {
        f"{method.upper()} {path}": {
            "says": {name: operation.get(name) for name in said},
            "takes": sorted((each["in"], each["name"], each["required"]) for each in operation.get("parameters", ())),
            "reads": sorted(operation.get("requestBody", {}).get("content", ())),
            "answers": {
                status: response["content"]
                for status, response in operation["responses"].items()
                if status < "4" and "content" in response
            },
            "refuses": [status for status in operation["responses"] if status >= "4"],
        }
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def difference() -> str:
    """What ``diff -ru`` says of the two folders, without context and times."""
    before, after = ({path.relative_to(PORT / side): path for path in (PORT / side).rglob("*.py")} for side in SIDES)
    assert before.keys() == after.keys()
    lines: list[str] = []
    for name in sorted(before):
        old, new = before[name].read_text().splitlines(), after[name].read_text().splitlines()
        lines += difflib.unified_diff(old, new, f"before/{name}", f"after/{name}", n=0, lineterm="")
    return "\n".join(line for line in lines if not line.startswith("@@"))


def test_the_page_shows_the_difference_and_it_is_small() -> None:
    page = PAGE.read_text()
    shown = re.findall(r"^```diff\n(.*?)\n```$", page, re.DOTALL | re.MULTILINE)
    assert shown == [difference()]
    changed = [line for line in shown[0].splitlines() if not line.startswith(("---", "+++"))]
    assert len(changed) <= CHANGED_LINES
    assert f"\n{len(changed)} lines, and each" in page
    files = [path.read_text().splitlines() for path in (PORT / "before").rglob("*.py")]
    assert f"of {sum(map(len, files))} lines in {len(files)} modules" in page
    assert f"One scenario of {len(SCENARIO)} requests" in page
