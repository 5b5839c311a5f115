"""What a client sees of an application's answers, in a form that both frameworks' can be compared in."""

from collections.abc import Iterable
from typing import Any, NamedTuple, cast

from starlette.testclient import TestClient

from tests.fastapi.checklist import Call


class Answer(NamedTuple):
    """``body`` is decoded JSON, or text; of an error what went wrong: mistakes as (location, type), or a sentence."""

    status: int
    body: Any
    headers: dict[str, str]
    cookies: list[str]


def ask(app: Any, calls: Iterable[Call]) -> list[Answer]:
    """The answers of one application to these calls, one after the other, from start-up to shutdown."""
    with TestClient(app, raise_server_exceptions=False, follow_redirects=False) as client:
        return [_ask(client, call) for call in calls]


def _ask(client: TestClient, call: Call) -> Answer:
    response = client.request(call.method, call.path, **call.options)
    kind = response.headers.get("content-type", "")
    body: Any = response.json() if "json" in kind and "jsonl" not in kind and response.content else response.text
    if call.see is not None:
        body = call.see(body)
    elif response.status_code >= 400:
        body = _mistakes(body)
    headers = {name: response.headers.get(name, "") for name in call.headers}
    if headers.get("location"):
        headers["location"] = str(response.url.join(headers["location"]))  # where a client goes
    if response.status_code < 400 and response.content:
        headers["content-type"] = kind
    return Answer(response.status_code, body, headers, sorted(response.headers.get_list("set-cookie")))


def _mistakes(body: Any) -> Any:
    """Of FastAPI's ``{"detail": …}`` and of a problem alike."""
    members = cast("dict[str, Any]", body if isinstance(body, dict) else {})
    found: Any = members.get("errors", members.get("detail", members.get("title", body)))
    if not isinstance(found, list):
        return found
    return sorted(map(_mistake, cast("Iterable[Any]", found)))


def _mistake(error: Any) -> Any:
    return (tuple(map(str, error["loc"])), error["type"])
