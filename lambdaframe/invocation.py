"""One invocation: who asked, since when, until when; and the ContextVar that carries it.

A Lambda call is one invocation; so is each request under a local server. Code sees no difference, except that there
is no deadline locally unless one was set. An invocation's deadline is a stamp of a monotonic clock: it means nothing
to any other invocation, because a Lambda environment is frozen in between.
"""

import math
import time
from contextvars import ContextVar
from typing import Any
from uuid import uuid4

from lambdaframe.errors import NoInvocationError
from lambdaframe.types import Clock, Event, LambdaContext, Scope

SCOPE_KEY = "lambdaframe.invocation"
"""Where the invocation stands in an ASGI scope."""


class Invocation:
    """What is known of the current call.

    ``request_id``: Lambda's request id, or a new uuid4. ``source``: the event's source as ``detect`` names it
    (``"http_api"``, ``"sqs"``), or ``"asgi"`` under a local server. ``cold_start``: the first of its process.
    ``deadline``: seconds on ``clock``'s monotonic time, or None. ``raw_event``, ``raw_context``: as Lambda passed them.
    """

    __slots__ = ("clock", "cold_start", "deadline", "raw_context", "raw_event", "request_id", "source")

    def __init__(
        self,
        *,
        request_id: str | None = None,
        source: str = "asgi",
        cold_start: bool = False,
        deadline: float | None = None,
        raw_event: Event | None = None,
        raw_context: LambdaContext | None = None,
        clock: Clock = time,
    ) -> None:
        self.request_id = request_id or str(uuid4())
        self.source = source
        self.cold_start = cold_start
        self.deadline = deadline
        self.raw_event = raw_event
        self.raw_context = raw_context
        self.clock = clock

    def remaining(self) -> float:
        """Seconds until the deadline, negative when it has passed; infinity where there is none."""
        return math.inf if self.deadline is None else self.deadline - self.clock.monotonic()

    def __repr__(self) -> str:
        return f"<Invocation {self.source} {self.request_id}>"


current: ContextVar[Invocation] = ContextVar("lambdaframe.invocation")


def current_invocation() -> Invocation:
    """The invocation this code runs in.

    Raises NoInvocationError outside a request, record or event.
    """
    try:
        return current.get()
    except LookupError:
        raise NoInvocationError from None


def invocation_of(scope: Scope) -> Invocation | None:
    """The invocation a server or an outer application has put into this scope."""
    found: Any = scope.get(SCOPE_KEY)
    return found if isinstance(found, Invocation) else None
