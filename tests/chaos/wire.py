"""What a worker process and the world tell each other, over two pipes.

A worker's writes block until they are in the kernel's buffer: what it has said is known even if it is killed in the
next instant. Times are seconds of the machine's monotonic clock, which all processes share.
"""

import os
import pickle
from typing import NamedTuple, TypeAlias

from lambdaframe.idempotency.transitions import Claim, Move, Outcome, Reply

_HEADER = 4


class Call(NamedTuple):
    """To a worker: run the operation for this key, or with ``lock`` a section under the lock of this name."""

    id: int
    key: str
    lock: bool


class Written(NamedTuple):
    """To a worker: what the sink made of the effect of this call."""

    call: int
    accepted: bool


class Moved(NamedTuple):
    """To a worker: the hosted store's answer."""

    number: int
    reply: Reply


class Began(NamedTuple):
    """The body runs. ``claimed``: when its attempt asked for the key; ``at``: now."""

    call: int
    key: str
    attempt: str
    token: int
    claimed: float
    at: float
    took_over: bool


class Effecting(NamedTuple):
    """Write this to the sink."""

    call: int
    key: str
    attempt: str
    token: int
    value: bytes


class Releasing(NamedTuple):
    """The attempt is about to give its key back."""

    key: str
    token: int
    at: float


class Answered(NamedTuple):
    """The caller gets this result."""

    call: int
    result: bytes


class Refused(NamedTuple):
    """The caller gets an error that says "try again"."""

    call: int
    error: str


class Broken(NamedTuple):
    """The caller gets an error that should not be."""

    call: int
    error: str


class Stopping(NamedTuple):
    """The worker stops itself with SIGSTOP, now."""


class Moving(NamedTuple):
    """A move for the hosted store."""

    number: int
    move: Move
    claim: Claim
    outcome: Outcome


ToWorker: TypeAlias = Call | Written | Moved
FromWorker: TypeAlias = Began | Effecting | Releasing | Answered | Refused | Broken | Stopping | Moving


def pack(message: ToWorker | FromWorker) -> bytes:
    """The message with its length before it."""
    data = pickle.dumps(message)
    return len(data).to_bytes(_HEADER) + data


def send(pipe: int, message: ToWorker | FromWorker) -> None:
    """Write it to the pipe, waiting until it has room."""
    data = pack(message)
    while data:
        data = data[os.write(pipe, data) :]


class Inbox:
    """Bytes in, whole messages out."""

    def __init__(self) -> None:
        self._data = b""

    def feed(self, data: bytes) -> "list[ToWorker | FromWorker]":
        """The messages that are complete now."""
        self._data += data
        found: list[ToWorker | FromWorker] = []
        while len(self._data) >= _HEADER:
            end = _HEADER + int.from_bytes(self._data[:_HEADER])
            if len(self._data) < end:
                break
            found.append(pickle.loads(self._data[_HEADER:end]))
            self._data = self._data[end:]
        return found
