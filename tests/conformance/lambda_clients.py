"""Clients with the arguments of Starlette's TestClient, whose requests travel as events."""

from collections.abc import Callable
from typing import Any, Self

import httpx2 as httpx
from starlette.types import ASGIApp, Receive, Scope, Send

from lambdaframe_adapters.testing import LambdaClient, LambdaContext
from lambdaframe_adapters.testing.watched import Watched, WatchedTransport

_TIMEOUT = 2.0
"""Seconds each invocation has."""


def client_class(adapter: str, gateway: Callable[[], str]) -> type[httpx.Client]:
    """The class to use for TestClient. ``gateway`` gives the current one."""

    class Ours(LambdaClient):
        def __init__(self, app: ASGIApp, *args: Any, **kwargs: Any) -> None:
            super().__init__(app, gateway(), timeout=_TIMEOUT, **_arguments(*args, **kwargs))

    class Mangums(MangumClient):
        def __init__(self, app: ASGIApp, *args: Any, **kwargs: Any) -> None:
            super().__init__(app, gateway(), **_arguments(*args, **kwargs))

    return {"lambdaframe": Ours, "mangum": Mangums}[adapter]


def _arguments(
    base_url: str = "http://testserver",
    raise_server_exceptions: bool = True,
    root_path: str = "",
    backend: str = "asyncio",
    backend_options: dict[str, Any] | None = None,
    **others: Any,
) -> dict[str, Any]:
    """TestClient's, by name, without those that choose a loop."""
    named = {"base_url": base_url, "raise_server_exceptions": raise_server_exceptions, "root_path": root_path}
    return named | others


class MangumClient(httpx.Client):
    """Mangum behind the same gateways, with the same aids as ``LambdaClient``: the lifespan in a ``with`` block only,
    the application's errors, what it tells for debugging."""

    __test__ = False

    def __init__(
        self,
        app: ASGIApp,
        gateway: str,
        *,
        base_url: str,
        raise_server_exceptions: bool,
        root_path: str,
        headers: dict[str, str] | None = None,
        cookies: Any = None,
        follow_redirects: bool = True,
        client: tuple[str, int] = ("testclient", 50000),
    ) -> None:
        from mangum import Mangum

        base_path = root_path.rstrip("/")
        self._app = app
        self._raise = raise_server_exceptions
        self._errors: list[Exception] = []
        self._watched = Watched(self._noted)
        self._mangum: Any = Mangum(self._watched, api_gateway_base_path=base_path or "/")
        transport = WatchedTransport(
            self._watched,
            self._handle,
            gateway,
            base_path=base_path,
            client=client[0],
            timeout=_TIMEOUT,
            raise_exceptions=raise_server_exceptions,
        )
        super().__init__(
            base_url=base_url,
            headers={"user-agent": "testclient"} | (headers or {}),
            cookies=cookies,
            transport=transport,
            follow_redirects=follow_redirects,
        )

    async def _noted(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        except Exception as exc:
            if scope["type"] == "http":
                self._errors.append(exc)
            raise

    def _handle(self, event: Any, context: LambdaContext) -> Any:
        self._errors.clear()
        answer = self._mangum(event, context)
        if self._errors and self._raise:
            raise self._errors[0]
        return answer

    def __enter__(self) -> Self:
        self._watched.lifespan = True
        return self

    def __exit__(self, *args: object) -> None:
        self._watched.lifespan = False
