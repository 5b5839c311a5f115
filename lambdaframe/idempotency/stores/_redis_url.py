"""A Redis URL: where the server is and how it is spoken to, checked when the store is made."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, cast
from urllib.parse import urlsplit

from redis.asyncio.connection import (
    AbstractConnection,
    Connection,
    SSLConnection,
    UnixDomainSocketConnection,
    parse_url,
)
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from lambdaframe.errors import ConfigurationError

SCHEMES = ("redis", "rediss", "unix", "redis+cluster", "rediss+cluster")


class Address(NamedTuple):
    """``name``: for messages, without a password. ``own``: the options that are the store's. ``make(seconds, node)``: a
    connection that is not connected yet and has so much time for it, to the URL's server or another (host, port)."""

    name: str
    cluster: bool
    node: tuple[str, int]
    own: Mapping[str, Any]
    make: Callable[[float, tuple[str, int] | None], AbstractConnection]


def address(url: str, *, cluster: bool, own: Mapping[str, Callable[[Any], Any]]) -> Address:
    """What the URL says. ``own``: the options that the store takes itself, and how their values are read; all others
    are redis-py's.

    Raises ConfigurationError for an option of neither, a value that can't be, and a URL that is none.
    """
    scheme, _, rest = url.partition("://")
    if scheme not in SCHEMES:
        raise ConfigurationError(f"RedisStore takes a URL that begins with one of {', '.join(SCHEMES)}, and '://'.")
    base, plus, _ = scheme.partition("+")
    cluster = cluster or bool(plus)
    options = _parsed(f"{base}://{rest}", scheme)
    kind: Any = options.pop("connection_class", Connection)
    host, port = options.setdefault("host", "localhost"), options.setdefault("port", 6379)
    where = f"{host}:{port}"
    if kind is UnixDomainSocketConnection:
        del options["host"], options["port"]
        where = str(options.get("path"))
    if cluster and (kind is UnixDomainSocketConnection or options.get("db")):
        raise ConfigurationError("A Redis Cluster is reached by host and port, and has database 0 alone.")
    name = f"Redis {'Cluster ' if cluster else ''}at {where}"
    taken = {option: _read(name, option, options.pop(option), own[option]) for option in list(options) if option in own}
    return Address(name, cluster, (host, port), taken, _maker(name, kind, options))


def _parsed(url: str, scheme: str) -> dict[str, Any]:
    try:
        parts = urlsplit(url)
        database = parts.path.strip("/")
        if parts.fragment or (scheme != "unix" and not (database.isdigit() or not database)):
            raise ValueError
        return cast("dict[str, Any]", parse_url(url))
    except ValueError:  # not as the cause: it may show the password
        raise ConfigurationError(
            f"This {scheme}:// URL can't be read: write {scheme}://user:password@host:port/database?option=value, and "
            "':', '/', '?', '#', '@' in a password as %3A, %2F, %3F, %23, %40."
        ) from None


def _read(name: str, option: str, value: Any, read: Callable[[Any], Any]) -> Any:
    try:
        return read(value)
    except ValueError:
        raise ConfigurationError(f"{name}: the URL's option {option} can't be {value!r}.") from None


def _maker(
    name: str, kind: Callable[..., AbstractConnection], options: dict[str, Any]
) -> Callable[[float, tuple[str, int] | None], AbstractConnection]:
    # RESP2 unless the URL asks for 3: connecting is one round trip less, and these replies are the same in both. How
    # long to wait and when to repeat is decided by who uses the connection.
    fixed = {"protocol": 2, "driver_info": None, **options, "retry": Retry(NoBackoff(), 0), "socket_timeout": None}
    try:
        sample = kind(**fixed)
        # The certificates are read once, and here: it takes 20 ms, and a wrong file name is found now.
        tls: Any = sample.ssl_context if isinstance(sample, SSLConnection) else None
        if tls is not None:
            tls.get()
    except (TypeError, ValueError, RedisError, OSError) as error:
        raise ConfigurationError(f"{name}: redis-py does not take an option of the URL: {error}") from error

    def make(seconds: float, node: tuple[str, int] | None = None) -> AbstractConnection:
        there = {} if node is None else {"host": node[0], "port": node[1]}
        connection: Any = kind(**{**fixed, **there, "socket_connect_timeout": seconds})
        if tls is not None:
            connection.ssl_context = tls
        return cast("AbstractConnection", connection)

    return make
