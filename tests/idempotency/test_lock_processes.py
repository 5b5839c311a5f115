"""Locks over real servers, among processes that are killed and stopped."""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, cast

import pytest

from docs.examples.local_aws import CREDENTIALS
from docs.examples.local_redis import LocalRedis
from docs.examples.local_redis import unsupported as no_redis
from lambdaframe.idempotency import Lock, open_store
from lambdaframe.idempotency.transitions import SKEW_MS
from tests.idempotency.lock_worker import NAME, TTL, Sink
from tests.ministack.server import Ministack
from tests.ministack.server import unsupported as no_ministack

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module", params=["redis", "dynamodb"])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """moto is no DynamoDB for this: its moves are not atomic. ministack's are."""
    if reason := (no_redis if request.param == "redis" else no_ministack)():
        pytest.skip(reason)
    with ExitStack() as stack:
        if request.param == "redis":
            yield stack.enter_context(LocalRedis()).url
        else:
            patch = stack.enter_context(pytest.MonkeyPatch.context())
            for name, value in CREDENTIALS.items():
                patch.setenv(name, value)
            server = stack.enter_context(Ministack(tmp_path_factory.mktemp("ministack")))
            yield f"dynamodb://locks?endpoint_url={server.url}&create=true"


@contextmanager
def worker(*arguments: object) -> Generator["subprocess.Popen[str]"]:
    """One process of ``lock_worker``."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.idempotency.lock_worker", *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def said(process: "subprocess.Popen[str]", word: str) -> int:
    """Wait until the process says this word, and give the number after it, or 0."""
    for line in cast("IO[str]", process.stdout):
        first, _, number = line.strip().partition(" ")
        if first == word:
            return int(number or 0)
    pytest.fail(f"the process ended without {word!r}")


def take(url: str, then: Callable[[int], object]) -> int:
    """Wait for the lock, and call this with the fencing token while it is held. Gives the number of takeovers."""
    store: Any = open_store(url)

    async def body() -> None:
        async with Lock(store, NAME, wait=30) as lease:
            then(lease.fencing_token)
        await store.aclose()

    asyncio.run(body())
    takeovers: int = store.counters.takeovers
    return takeovers


def test_no_increment_is_lost(url: str, tmp_path: Path) -> None:
    """50 tasks of ten event loops in two processes, which have nothing in common but the store."""
    counter = tmp_path / "counter"
    counter.write_text("0 ")
    with ExitStack() as stack:
        for process in [stack.enter_context(worker("count", url, counter, 5, 5)) for _ in range(2)]:
            assert process.wait(timeout=120) == 0
    number, *tokens = map(int, counter.read_text().split())
    assert number == len(tokens) == 50
    assert tokens == sorted(set(tokens))


def test_a_holder_that_is_killed_is_followed(url: str, tmp_path: Path) -> None:
    tokens: list[int] = []
    with worker("hold", url, tmp_path / "sink") as process:
        token = said(process, "held")
        process.send_signal(signal.SIGKILL)
        killed = time.monotonic()
        takeovers = take(url, tokens.append)
    assert time.monotonic() - killed >= TTL * 2 / 3 + SKEW_MS / 1_000 - 0.1
    assert tokens[0] > token
    assert takeovers == 1


def test_a_holder_that_was_stopped_past_its_lease_is_told(url: str, tmp_path: Path) -> None:
    """Somebody else has the lock when it goes on. It does not come far, and what it writes is refused."""
    sink = Sink(str(tmp_path / "sink"))
    with worker("hold", url, tmp_path / "sink") as process:
        token = said(process, "held")
        process.send_signal(signal.SIGSTOP)

        def second(higher: int) -> None:
            assert higher > token
            assert sink.write("second", higher)
            process.send_signal(signal.SIGCONT)
            assert said(process, "lost") <= 1
            said(process, "refused")

        take(url, second)
    assert sink.read()[0] == "second"
