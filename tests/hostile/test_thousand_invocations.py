"""A thousand invocations of one process, mixed over all sources: nothing is started twice, and nothing piles up."""

import os
import random
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from docs.examples.loopback import Uvicorn
from lambdaframe_adapters import LambdaHandler, detect
from tests.adapters.captured import NAMES, captured
from tests.hostile import outbound
from tests.hostile.answers import check_http, status_of
from tests.hostile.context import Context

SERVICE = """
async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
        await send({"type": "http.response.body", "body": b"hello"})
"""

OPEN_FILES = "/proc/self/fd"


def served(handler: LambdaHandler, name: str) -> None:
    event = captured(name)
    source = detect(event)
    answer = handler(event, Context())
    if source.kind == "records":
        assert answer == {"batchItemFailures": []}
    elif source.kind == "transform":
        assert {record["result"] for record in answer["records"]} == {"Ok"}
    elif source.kind == "events":
        assert answer is None
    else:
        check_http(source.name, event, answer)
        assert status_of(answer) == 200
        assert '"hello"' in (answer.get("body") or '"hello"')


def tasks(handler: LambdaHandler) -> int:
    answer: Any = handler(captured("http_api/no_body", rawPath="/tasks"), Context())
    return int(answer["body"])


@pytest.mark.skipif(not os.path.isdir(OPEN_FILES), reason="open files are counted where Linux lists them")
def test_a_thousand_invocations_start_once_and_leave_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "service.py").write_text(SERVICE)
    mixed = NAMES * (1 + 1000 // len(NAMES))
    random.Random(7).shuffle(mixed)
    with Uvicorn(tmp_path, "service:app") as service, closing(LambdaHandler(outbound.app)) as handler:
        outbound.app.state.url = service.url
        for name in NAMES:
            served(handler, name)
        files, running = len(os.listdir(OPEN_FILES)), tasks(handler)
        for name in mixed[:1000]:
            served(handler, name)
        assert tasks(handler) == running
        assert len(os.listdir(OPEN_FILES)) <= files
        assert outbound.started == ["up"]
    assert outbound.started == ["up", "down"]
