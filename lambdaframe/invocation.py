"""One invocation: who asked, since when, until when; and the ContextVar that carries it.

A Lambda call is one invocation; so is each request under a local server. Code sees no difference, except that there
is no deadline locally unless one was set. An invocation's deadline is a stamp of a monotonic clock: it means nothing
to any other invocation, because a Lambda environment is frozen in between.
"""

import math
import time
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from typing import Any, Protocol
from uuid import uuid4

from lambdaframe.errors import NoInvocationError
from lambdaframe.tracecontext import carrier_of_headers, own_id, trace_id
from lambdaframe.types import Clock, Event, LambdaContext, Scope

SCOPE_KEY = "lambdaframe.invocation"
"""Where the invocation stands in an ASGI scope."""


class Invocation:
    """What is known of the current call.

    ``request_id``: Lambda's request id, or a new uuid4. ``source``: the event's source as ``detect`` names it
    (``"http_api"``, ``"sqs"``), or ``"asgi"`` under a local server. ``cold_start``: the first of its process.
    ``deadline``: seconds on ``clock``'s monotonic time, or None. ``raw_event``, ``raw_context``: as Lambda passed them.
    ``headers``: the request's, as in its ASGI scope; ``arn``: of the queue or stream that records are from; both once
    it is served. ``gateway_id``: reads the gateway's own id of the request from the event.
    """

    __slots__ = (
        "_carrier",
        "_correlation_id",
        "arn",
        "clock",
        "cold_start",
        "deadline",
        "gateway_id",
        "headers",
        "held_back",
        "raw_context",
        "raw_event",
        "request_id",
        "source",
    )

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
        headers: Iterable[tuple[bytes, bytes]] | None = None,
        arn: str | None = None,
        gateway_id: Callable[[Event], str | None] | None = None,
    ) -> None:
        self.request_id = request_id or str(uuid4())
        self.source = source
        self.cold_start = cold_start
        self.deadline = deadline
        self.raw_event = raw_event
        self.raw_context = raw_context
        self.clock = clock
        # Not the scope: it holds this invocation, and each request would wait for the garbage collector.
        self.headers = headers
        self.arn = arn
        self.gateway_id = gateway_id
        self.held_back: object | None = None
        """The log lines that are written only if something fails."""
        self._carrier: Mapping[str, str] | None = None
        self._correlation_id: str | None = None

    @property
    def carrier(self) -> Mapping[str, str]:
        """The headers of the request that name ids and traces, lower-case; empty for what is no HTTP request."""
        if self._carrier is None:
            self._carrier = {} if self.headers is None else carrier_of_headers(self.headers)
        return self._carrier

    @property
    def correlation_id(self) -> str:
        """What all lines of this request go by: the caller's ``X-Request-Id`` or ``X-Correlation-Id`` if it is 1 to 128
        visible ASCII characters, else the gateway's id of the request, else the id of the trace, else ``request_id``.
        """
        if self._correlation_id is None:
            carrier = self.carrier
            event = self.raw_event
            gateways = self.gateway_id(event) if self.gateway_id is not None and event is not None else None
            self._correlation_id = own_id(carrier) or gateways or trace_id(carrier) or self.request_id
        return self._correlation_id

    def remaining(self) -> float:
        """Seconds until the deadline, negative when it has passed; infinity where there is none."""
        return math.inf if self.deadline is None else self.deadline - self.clock.monotonic()

    def __repr__(self) -> str:
        return f"<Invocation {self.source} {self.request_id}>"


class Correlated(Protocol):
    """What is known of a record in work: see ``lambdaframe.records.record.Record``."""

    @property
    def correlation_id(self) -> str: ...
    @property
    def carrier(self) -> Mapping[str, str]: ...


current: ContextVar[Invocation] = ContextVar("lambdaframe.invocation")
current_record: ContextVar[Correlated | None] = ContextVar("lambdaframe.record", default=None)
"""The record in work, None where there is none."""


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
