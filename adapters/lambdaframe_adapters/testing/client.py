"""An httpx-style client of an application, whose requests travel as events."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final, Self

from lambdaframe.errors import LifespanError
from lambdaframe.types import ASGIApp, Authorizer
from lambdaframe_adapters.entrypoint import LambdaHandler
from lambdaframe_adapters.testing._httpx import httpx
from lambdaframe_adapters.testing.context import LambdaContext
from lambdaframe_adapters.testing.transport import invoke, outside_loops
from lambdaframe_adapters.testing.watched import Watched, WatchedTransport

_WITHOUT_BASE_PATH: Final = frozenset({"rest_api", "http_api_v1"})
"""Sources whose events tell what the API is mapped to, so that ``base_path=`` is not needed."""


class LambdaClient(httpx.Client):
    """As Starlette's TestClient, but each request is an event for ``LambdaHandler(app, **options)``.

    ``source``: the gateway in front, a name of ``GATEWAYS``. ``root_path``: where the gateway has mapped the
    application at a domain of its own (``/v1``); ``stage``: the URLs are the API's own and begin with the stage, which
    is added to ``base_url``. ``authorizer``: whom the gateway has authenticated, see ``http_event``. ``timeout``:
    seconds each invocation has. ``options`` are LambdaHandler's.

    ``raise_server_exceptions``: an unhandled error of the application fails the test; else it is answered with 500.
    A ``with`` block is the life of one process of Lambda's: the lifespan starts and shuts down with it. Outside of one
    each request has a process of its own, without a lifespan. Cookies, redirects and the rest are httpx's.
    """

    __test__ = False

    def __init__(
        self,
        app: ASGIApp,
        source: str = "http_api",
        *,
        base_url: str = "http://testserver",
        raise_server_exceptions: bool = True,
        root_path: str = "",
        stage: str | None = None,
        authorizer: Authorizer | None = None,
        cookies: Any = None,
        headers: Mapping[str, str] | None = None,
        follow_redirects: bool = True,
        client: tuple[str, int] = ("testclient", 50000),
        timeout: float = 30.0,
        **options: Any,
    ) -> None:
        self.app = app
        self._watched = Watched(app)
        self._seconds = timeout
        self._raise = raise_server_exceptions
        self._options: dict[str, Any] = {"on_error": "raise" if raise_server_exceptions else "respond"}
        if root_path and source not in _WITHOUT_BASE_PATH:
            self._options["base_path"] = root_path.rstrip("/")
        self._options |= options
        self._running: LambdaHandler | None = None
        transport = WatchedTransport(
            self._watched,
            self._call,
            source,
            stage=stage,
            base_path=root_path.rstrip("/"),
            authorizer=authorizer,
            client=client[0],
            timeout=timeout,
            raise_exceptions=raise_server_exceptions,
        )
        super().__init__(
            base_url=f"{base_url}/{stage}" if stage else base_url,
            headers={"user-agent": "testclient"} | dict(headers or {}),
            transport=transport,
            follow_redirects=follow_redirects,
            cookies=cookies,
        )

    def invoke(self, event: Any, context: LambdaContext | None = None) -> Any:
        """Lambda's answer to any event, as ``sqs_event`` and its like make them.

        Raises what the handler raises: then the invocation has failed.
        """
        return invoke(self._call, event, context or LambdaContext(self._seconds))

    def _call(self, event: Any, context: LambdaContext) -> Any:
        handler = self._running or LambdaHandler(self._watched, **self._options)
        try:
            return handler(event, context)
        except LifespanError as exc:
            raise self._watched.error or exc from exc
        finally:
            if self._running is None:
                handler.close()

    def __enter__(self) -> Self:
        """Start the lifespan. Raises the application's own error when that fails."""
        self._stop()
        self._watched.lifespan, self._watched.error = True, None
        handler = LambdaHandler(self._watched, **self._options)
        try:
            # What Lambda's init phase does, when the process starts.
            outside_loops(handler.start)
        except LifespanError as exc:
            outside_loops(handler.close)
            self._watched.lifespan = False
            raise self._watched.error or exc from exc
        self._running = handler
        self._watched.error = None
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        """Shut the lifespan down. Raises the application's own error when that fails."""
        self._stop()
        if exc_value is None and self._raise and self._watched.error is not None:
            raise self._watched.error

    def close(self) -> None:
        """Shut the lifespan down, if it is up, and close the client for good."""
        self._stop()
        super().close()

    def _stop(self) -> None:
        running, self._running = self._running, None
        if running is not None:
            outside_loops(running.close)
        self._watched.lifespan = False
