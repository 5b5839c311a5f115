"""The real server and the queues on it."""

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from blockbuster import BlockBuster

from docs.examples.local_aws import CREDENTIALS, LocalAWS, LocalQueue

_numbers = count(1)


@pytest.fixture(scope="session")
def aws() -> Iterator[LocalAWS]:
    with LocalAWS() as server:
        yield server


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(autouse=True)
def connecting_may_block(blocking_calls_fail: BlockBuster) -> None:
    """botocore reads its descriptions of the services from files, once, before anything is polled."""
    for function in blocking_calls_fail.functions.values():
        function.can_block_in("workers/aws.py", "connect")


@pytest.fixture
def make_queue(aws: LocalAWS) -> Callable[..., LocalQueue]:
    """``make_queue(fifo=False, **options)``: a queue of a new name, with a dead-letter queue."""

    def make(*, fifo: bool = False, **options: Any) -> LocalQueue:
        return LocalQueue(aws, f"queue-{next(_numbers)}{'.fifo' if fifo else ''}", **options)

    return make
