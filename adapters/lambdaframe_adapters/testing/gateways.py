"""The gateways, simulated: pure functions from a request to the event of each, and from the answer to the response.

They do what the real ones do, by AWS's documentation and by captured events, and take the liberty of a test: any Host
is served, and plain http too. What a real gateway adds to requests is fixed, so that events are the same in every run.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from lambdaframe.types import Authorizer
from lambdaframe_adapters.testing import _alb, _api_gateway_v1, _api_gateway_v2, _lattice
from lambdaframe_adapters.testing._gateway import MalformedAnswerError
from lambdaframe_adapters.testing.messages import (
    CLIENT_ADDRESS,
    DEFAULT_SETUP,
    HeaderPairs,
    Request,
    Response,
    Setup,
    header_pairs,
)


@dataclass(frozen=True)
class Gateway:
    """One kind of gateway. ``name``: its source's, and for a load balancer the setting as well."""

    name: str
    make_event: Callable[[Request, Setup], dict[str, Any]]
    read_answer: Callable[[Request, Any, Setup], Response]
    make_failure: Callable[[], Response]
    setup: Setup = DEFAULT_SETUP

    def event(self, request: Request, setup: Setup | None = None) -> dict[str, Any]:
        """The event that the function gets.

        Raises ValueError for a path outside the stage or base path: such a request does not reach the function.
        """
        return self.make_event(request, setup or self.setup)

    def response(self, request: Request, answer: Any, setup: Setup | None = None) -> Response:
        """The response that the client gets for the function's answer: the gateway's own error for a malformed one."""
        try:
            return self.read_answer(request, answer, setup or self.setup)
        except MalformedAnswerError:
            return self.failed()

    def failed(self) -> Response:
        """The response that the client gets where the invocation failed."""
        return self.make_failure()


_ALL: Final = (
    Gateway("rest_api", _api_gateway_v1.rest_event, _api_gateway_v1.rest_response, _api_gateway_v1.rest_failure),
    Gateway("http_api", _api_gateway_v2.http_api_event, _api_gateway_v2.response, _api_gateway_v2.http_api_failure),
    Gateway(
        "http_api_v1",
        _api_gateway_v1.http_api_event,
        _api_gateway_v1.http_api_response,
        _api_gateway_v2.http_api_failure,
    ),
    Gateway(
        "function_url",
        _api_gateway_v2.function_url_event,
        _api_gateway_v2.function_url_response,
        _api_gateway_v2.function_url_failure,
    ),
    Gateway("alb", _alb.event, _alb.response, _alb.failure),
    Gateway("alb_single", _alb.event, _alb.response, _alb.failure, Setup(multi_value=False)),
    Gateway("lattice_v1", _lattice.v1_event, _lattice.response, _lattice.failure),
    Gateway("lattice_v2", _lattice.v2_event, _lattice.response, _lattice.failure),
)

GATEWAYS: Final[Mapping[str, Gateway]] = {gateway.name: gateway for gateway in _ALL}
"""Every gateway by its name: its source's, and ``alb_single`` for a load balancer without multi-value headers."""


def gateway(name: str) -> Gateway:
    """The gateway of this name. Raises ValueError that names those there are."""
    found = GATEWAYS.get(name)
    if found is None:
        raise ValueError(f"There is no gateway {name!r}; there are {sorted(GATEWAYS)}.")
    return found


def http_event(
    source: str,
    method: str = "GET",
    path: str = "/",
    *,
    query: str = "",
    headers: HeaderPairs = (),
    body: bytes | str = b"",
    scheme: str = "https",
    client: str = CLIENT_ADDRESS,
    stage: str | None = None,
    base_path: str = "",
    authorizer: Authorizer | None = None,
) -> dict[str, Any]:
    """The event that the gateway ``source`` makes of a request.

    ``path`` and ``query`` are percent-encoded, as in a URL; ``path`` is the whole of it, with the ``stage`` or
    ``base_path``. A ``path`` may have its query behind a question mark. A body that is text is sent as UTF-8. Without
    a Host header the request is for ``testserver``. ``authorizer``: whom the gateway has authenticated, as in
    ``{"kind": "jwt", "claims": {"sub": "me", "groups": ["a", "b"]}}``.

    Raises ValueError for a source that is none, one that has no such authorizer, and for a path outside the stage or
    base path.
    """
    kind = gateway(source)
    target, _, own_query = path.partition("?")
    pairs = header_pairs(headers)
    if all(name.lower() != "host" for name, _ in pairs):
        pairs = (("host", "testserver"), *pairs)
    content = body.encode() if isinstance(body, str) else body
    request = Request(method, target, query or own_query, pairs, content, scheme, client)
    return kind.event(request, Setup(stage, base_path, kind.setup.multi_value, authorizer=authorizer))
