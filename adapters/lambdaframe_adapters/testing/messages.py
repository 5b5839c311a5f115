"""The two ends of a gateway: the client's request, the response the client gets, and how a gateway is set up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from lambdaframe.types import Authorizer

HeaderPairs: TypeAlias = "Mapping[str, str] | Sequence[tuple[str, str]]"
"""Headers as users write them: an object, or pairs where a name may be repeated."""

CLIENT_ADDRESS = "203.0.113.7"
"""Whom requests come from unless told otherwise: an address for documentation (RFC 5737)."""


@dataclass(frozen=True)
class Request:
    """An HTTP request as a client sends it to a gateway.

    ``path`` and ``query`` (without the question mark) are percent-encoded, as they stand in the request line.
    ``headers``: pairs in the client's order and spelling; the values' characters are the bytes of the wire (latin-1).
    ``client``: the address the gateway sees.
    """

    method: str
    path: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    scheme: str = "https"
    client: str = CLIENT_ADDRESS

    def values(self, name: str) -> list[str]:
        """Every value of a header, in order; ``name`` is lower-case."""
        return [value for key, value in self.headers if key.lower() == name]

    def value(self, name: str) -> str | None:
        """The last value of a header, or None; ``name`` is lower-case."""
        values = self.values(name)
        return values[-1] if values else None

    @property
    def host(self) -> str:
        """The Host header without its port; empty when there is none."""
        host = self.value("host") or ""
        return host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]


@dataclass(frozen=True)
class Response:
    """The HTTP response a client gets from a gateway. ``headers``: pairs, repeated names as pairs of their own."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def values(self, name: str) -> list[str]:
        """Every value of a header, in order; ``name`` is lower-case."""
        return [value for key, value in self.headers if key.lower() == name]


@dataclass(frozen=True)
class Setup:
    """How a gateway is set up.

    ``stage``: the client uses the API's own domain and a URL that starts with the stage (REST and HTTP APIs). None: a
    domain of one's own, or ``$default``. ``base_path``: what the API is mapped to at a domain of one's own (``/v1``).
    ``multi_value``: the load balancer's target group has multi-value headers on. ``binary_media_types``: of a REST API.
    ``authorizer``: whom the gateway has authenticated. Its claims are as the token or the context has them; the gateway
    spells them in its own way.
    """

    stage: str | None = None
    base_path: str = ""
    multi_value: bool = True
    binary_media_types: tuple[str, ...] = ("*/*",)
    authorizer: Authorizer | None = field(default=None, hash=False)


DEFAULT_SETUP = Setup()


def header_pairs(headers: HeaderPairs) -> tuple[tuple[str, str], ...]:
    """The pairs of whatever a user gave."""
    return tuple(headers) if isinstance(headers, Sequence) else tuple(headers.items())
