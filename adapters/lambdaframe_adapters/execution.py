"""The application's run for one event: its scope completed, its context fresh, its time bounded."""

from collections.abc import Awaitable, Callable
from typing import Any, Literal

from lambdaframe.invocation import SCOPE_KEY, Invocation, current
from lambdaframe.logging.context import fresh_keys
from lambdaframe.runtime import Runtime
from lambdaframe.types import ASGIApp, Message, Scope

ABANDON = 0.1
"""Seconds before the deadline at which work that ignores its cancellation is left behind, for an answer to get out."""


class Execution:
    """Runs ``app`` on ``runtime``. ``on_error="raise"`` asks our own application to raise what nobody expected."""

    def __init__(self, app: ASGIApp, runtime: Runtime, on_error: Literal["respond", "raise"]) -> None:
        self._app = app
        self._runtime = runtime
        self.raises = on_error == "raise"

    def run(
        self,
        scope: Scope,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
        invocation: Invocation,
        *,
        soft: float,
        remaining: float,
    ) -> None:
        """Run the application to its end. ``soft``: seconds until it is cancelled. ``remaining``: until the deadline.

        Raises DeadlineExceededError, and what the application raises. What would end the process, and with it the next
        invocation's warm start (SystemExit, a cancellation of its own), becomes a RuntimeError.
        """
        scope[SCOPE_KEY] = invocation
        invocation.headers = scope.get("headers")
        invocation.arn = scope.get("arn")
        scope["state"] = self._runtime.state.copy()
        if self.raises:
            scope["extensions"]["lambda"]["on_error"] = "raise"
        try:
            self._runtime.run(self._serve(scope, receive, send, invocation), soft=soft, hard=remaining - ABANDON)
        except (Exception, KeyboardInterrupt):
            raise
        except BaseException as exc:
            what = "called sys.exit()" if isinstance(exc, SystemExit) else f"raised {type(exc).__name__}"
            raise RuntimeError(f"The application {what}.") from exc

    async def _serve(self, scope: Scope, receive: Any, send: Any, invocation: Invocation) -> None:
        current.set(invocation)
        fresh_keys()
        await self._app(scope, receive, send)
