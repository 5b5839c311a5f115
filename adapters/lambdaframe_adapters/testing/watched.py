"""An application under test, watched: what it tells beside its answers."""

from collections.abc import Mapping
from typing import Any, Final

from lambdaframe.types import ASGIApp, Message, Receive, Scope, Send
from lambdaframe_adapters.testing._httpx import httpx
from lambdaframe_adapters.testing.transport import GatewayTransport

_ATTRIBUTES: Final = frozenset({"template", "context"})
"""What Starlette's templates tell, and TestClient puts on its responses."""


class Watched:
    """The application, and what a test wants to know of it beside its answers.

    Without ``lifespan`` it is never asked for one. ``error``: what ended its lifespan. ``debug``: what it has sent with
    ``http.response.debug``, as Starlette's templates do.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.lifespan = False
        self.error: Exception | None = None
        self.debug: Mapping[str, Any] | None = None

    @property
    def takes_invocations(self) -> bool:
        """As the application says: see ``LambdaHandler``."""
        return bool(getattr(self._app, "takes_invocations", False))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._serve(scope, receive, send)
        elif scope["type"] != "lifespan":
            await self._app(scope, receive, send)
        elif self.lifespan:
            try:
                await self._app(scope, receive, send)
            except Exception as exc:
                self.error = exc
                raise

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.debug = None
        scope.setdefault("extensions", {})["http.response.debug"] = {}

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.debug":
                self.debug = message["info"]
            else:
                await send(message)

        await self._app(scope, receive, noted)


class WatchedTransport(GatewayTransport):
    """The transport to a watched application: its responses have ``template`` and ``context``, as in TestClient."""

    def __init__(self, watched: Watched, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._watched = watched

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = super().handle_request(request)
        if self._watched.debug is not None:
            response.extensions["http.response.debug"] = self._watched.debug
            vars(response).update(
                {name: self._watched.debug[name] for name in _ATTRIBUTES & self._watched.debug.keys()}
            )
        return response
