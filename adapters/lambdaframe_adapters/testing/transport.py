"""A transport of httpx whose requests travel as events: through a gateway into a Lambda handler, and back."""

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeAlias, TypeVar

from lambdaframe.types import Authorizer
from lambdaframe_adapters.testing._httpx import httpx
from lambdaframe_adapters.testing.context import LambdaContext
from lambdaframe_adapters.testing.gateways import gateway
from lambdaframe_adapters.testing.messages import Request, Setup

T = TypeVar("T")

Handler: TypeAlias = Callable[[Any, LambdaContext], Any]
"""A Lambda function's handler: ``handler(event, context)`` gives the answer."""


class GatewayTransport(httpx.BaseTransport):
    """A transport of httpx that invokes ``handler`` with the event ``source`` makes of a request.

    ``httpx.Client(transport=GatewayTransport(main.handler, "alb"), base_url="http://testserver")`` tests a deployed
    handler as it is. ``source``: a name of ``GATEWAYS``. ``authorizer``: see ``http_event``. ``timeout``: seconds each
    invocation has. An exception of the handler is raised; with ``raise_exceptions=False`` the client gets the gateway's
    own error instead, as in AWS.
    """

    def __init__(
        self,
        handler: Handler,
        source: str = "http_api",
        *,
        stage: str | None = None,
        base_path: str = "",
        authorizer: Authorizer | None = None,
        client: str = "testclient",
        timeout: float = 30.0,
        raise_exceptions: bool = True,
    ) -> None:
        self._handler = handler
        self._gateway = gateway(source)
        self._setup = Setup(stage, base_path, self._gateway.setup.multi_value, authorizer=authorizer)
        self._client = client
        self._timeout = timeout
        self._raise_exceptions = raise_exceptions

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """One invocation."""
        path, _, query = request.url.raw_path.decode("ascii").partition("?")
        headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw)
        sent = Request(request.method, path, query, headers, request.read(), request.url.scheme, self._client)
        event = self._gateway.event(sent, self._setup)
        try:
            answer = invoke(self._handler, event, LambdaContext(self._timeout))
        except Exception:
            if self._raise_exceptions:
                raise
            response = self._gateway.failed()
        else:
            response = self._gateway.response(sent, answer, self._setup)
        pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers]
        return httpx.Response(response.status, headers=pairs, stream=httpx.ByteStream(response.body), request=request)


def invoke(handler: Handler, event: Any, context: LambdaContext) -> Any:
    """The handler's answer. Event and answer go through JSON, as they do in Lambda.

    In Lambda no event loop runs around a handler, so inside one (an async test) it is called in a thread of its own.
    """
    sent = json.loads(json.dumps(event))
    return json.loads(json.dumps(outside_loops(lambda: handler(sent, context))))


def outside_loops(function: Callable[[], T]) -> T:
    """What ``function`` returns, called where no event loop is running."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return function()
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(function).result()
