"""The document over HTTP: encoded once, known by its ETag, behind any prefix; and from a file."""

from pathlib import Path
from typing import Any

import pytest

from lambdaframe.errors import ConfigurationError
from lambdaframe.http.openapi.serving import openapi_endpoint, read_document
from lambdaframe.types import ASGIApp, Message
from tests.http.wire import Sent

DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "A", "version": "1"},
    "servers": [{"url": "https://a.example"}],
    "paths": {},
}


@pytest.fixture(params=["asyncio", "trio"], scope="module")
def anyio_backend(request: pytest.FixtureRequest) -> str:
    backend: str = request.param
    return backend


async def ask(app: ASGIApp, *headers: tuple[str, str], root_path: str = "", query: str = "") -> Sent:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    pairs = [(name.encode(), value.encode()) for name, value in headers]
    scope: dict[str, Any] = {"type": "http", "method": "GET", "path": "/", "root_path": root_path}
    await app({**scope, "headers": pairs, "query_string": query.encode()}, receive, send)
    return Sent(sent[0]["status"], sent[0]["headers"], sent[1]["body"])


async def test_it_is_json_that_may_be_kept_but_must_be_asked_for() -> None:
    answer = await ask(openapi_endpoint(lambda: DOCUMENT))
    assert (answer.status, answer.json()) == (200, DOCUMENT)
    assert answer.header("content-type") == "application/json"
    assert answer.header("content-length") == str(len(answer.body))
    assert answer.header("cache-control") == "no-cache"


@pytest.mark.parametrize("sent", ["{}", 'W/{}, "other"', '"other",{}', "*"])
async def test_who_has_it_is_not_sent_it_again(sent: str) -> None:
    app = openapi_endpoint(lambda: DOCUMENT)
    tag = (await ask(app)).header("etag")
    assert tag is not None
    again = await ask(app, ("if-none-match", sent.format(tag)))
    assert (again.status, again.body, again.header("etag")) == (304, b"", tag)
    assert again.header("content-length") is None
    assert (await ask(app, ("if-none-match", '"other"'))).status == 200


async def test_a_prefix_is_the_first_server() -> None:
    app = openapi_endpoint(lambda: DOCUMENT)
    bare, staged = await ask(app), await ask(app, root_path="/prod")
    assert staged.json()["servers"] == [{"url": "/prod"}, {"url": "https://a.example"}]
    assert bare.json()["servers"] == [{"url": "https://a.example"}]
    assert bare.header("etag") != staged.header("etag")
    assert DOCUMENT["servers"] == [{"url": "https://a.example"}]


async def test_a_server_that_is_the_prefix_stands_there_once() -> None:
    app = openapi_endpoint(lambda: {**DOCUMENT, "servers": [{"url": "/prod", "description": "here"}]})
    assert (await ask(app, root_path="/prod/")).json()["servers"] == [{"url": "/prod"}]


async def test_a_document_that_changed_is_sent_anew() -> None:
    documents: list[dict[str, Any]] = [DOCUMENT, {**DOCUMENT, "paths": {"/x": {}}}]
    app = openapi_endpoint(lambda: documents[0])
    before = await ask(app)
    documents.pop(0)
    after = await ask(app, ("if-none-match", before.header("etag") or ""))
    assert (after.status, after.json()["paths"]) == (200, {"/x": {}})


async def test_any_number_of_prefixes_is_answered() -> None:
    app = openapi_endpoint(lambda: DOCUMENT)
    for number in range(100):
        answer = await ask(app, root_path=f"/{number}")
        assert answer.json()["servers"][0] == {"url": f"/{number}"}


def test_a_file_that_was_written_before(tmp_path: Path) -> None:
    path = tmp_path / "openapi.json"
    path.write_text('{"openapi": "3.1.0"}')
    assert read_document(path) == {"openapi": "3.1.0"}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "can't be read: No such file or directory"),
        ("{", "is no JSON"),
        ("[]", "is no OpenAPI document: it has no 'openapi' member"),
        ('{"swagger": "2.0"}', "is no OpenAPI document"),
    ],
)
def test_a_file_that_holds_none_is_a_mistake(content: str | None, says: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "openapi.json").write_text(content)
    with pytest.raises(ConfigurationError, match=rf"openapi_document='.*openapi.json' {says}"):
        read_document(tmp_path / "openapi.json")
