"""The vocabulary: ASGI's three words and the two seams the framework reads the outside world through.

Everything is ``app(scope, receive, send)``. This module imports nothing of ours.

Specification: https://asgi.readthedocs.io/en/latest/specs/main.html
"""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Literal, NotRequired, Protocol, TypeAlias, TypedDict, TypeVar

AppT = TypeVar("AppT")

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
ASGIApp: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

Event: TypeAlias = Mapping[str, Any]
"""A Lambda event: decoded JSON, never changed by us."""

Lifespan: TypeAlias = Callable[[AppT], AbstractAsyncContextManager[Mapping[str, Any] | None]]
"""``lifespan(app)``: an async context manager; what it yields becomes ``scope["state"]``."""

AuthorizerKind: TypeAlias = Literal["jwt", "cognito", "lambda", "iam"]


class Authorizer(TypedDict):
    """What a gateway says of the caller it has authenticated: ``scope["extensions"]["lambda"]["authorizer"]``, which is
    None where it has authenticated nobody.

    ``claims``: a token's, as the gateway spells them (``jwt``, ``cognito``); a Lambda authorizer's context
    (``lambda``); or the fields of ``lambdaframe.security.IAMIdentity`` (``iam``). ``scopes``: those that an HTTP API
    names beside the claims.
    """

    kind: AuthorizerKind
    claims: Mapping[str, Any]
    scopes: NotRequired[list[str] | None]


class LambdaContext(Protocol):
    """What Lambda passes beside the event; the part of it that we read.

    https://docs.aws.amazon.com/lambda/latest/dg/python-context.html
    """

    @property
    def aws_request_id(self) -> str: ...
    @property
    def function_name(self) -> str: ...
    @property
    def function_version(self) -> str: ...
    @property
    def invoked_function_arn(self) -> str: ...
    @property
    def memory_limit_in_mb(self) -> Any: ...
    def get_remaining_time_in_millis(self) -> int: ...


class Clock(Protocol):
    """Where the time comes from. The standard library's ``time`` module is one."""

    def time(self) -> float:
        """Seconds since the epoch: for stamps that others read (leases, log lines)."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back: for durations within one invocation."""
        ...
