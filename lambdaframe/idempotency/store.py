"""What a store is: four atomic moves over records, and nothing per call."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, cast, overload, runtime_checkable

from lambdaframe.errors import ConfigurationError

if TYPE_CHECKING:
    from lambdaframe.idempotency.counters import Counters
    from lambdaframe.idempotency.lock import Lock
    from lambdaframe.idempotency.policy import Duration
    from lambdaframe.idempotency.transitions import Claim, Outcome, Reply


@runtime_checkable
class Store(Protocol):
    """Where the records of idempotent operations are kept.

    Each move is one atomic operation after :data:`lambdaframe.idempotency.transitions.TABLE`. A store has its own
    clock and holds no state of a call, so nested and concurrent calls may share it.
    """

    @property
    def max_result_size(self) -> int | None:
        """The longest result it takes, in bytes; None for no limit."""
        ...

    async def acquire(self, claim: "Claim") -> "Reply":
        """Start an attempt. GRANTED (the entry has the new ``gen``), or MISMATCH, REPLAY, MINE, BUSY."""
        ...

    async def complete(self, claim: "Claim", outcome: "Outcome") -> "Reply":
        """Record the result. GRANTED, or FINE, THEIRS, LOST."""
        ...

    async def release(self, claim: "Claim") -> "Reply":
        """Give up without a result, so that anyone may start anew. GRANTED or LOST."""
        ...

    async def extend(self, claim: "Claim") -> "Reply":
        """Let the lease last ``lease_ms`` from now. GRANTED or LOST."""
        ...


@runtime_checkable
class Notifying(Protocol):
    """A store that tells when an attempt has ended, so that nobody has to look again and again."""

    async def changed(self, key: str, seconds: float) -> bool:
        """Return True when the record may have been completed or released, or after so many seconds; False at once when
        it can't be watched now."""
        ...


@runtime_checkable
class Naming(Protocol):
    """How records are named where the store's format says how: a table that is shared with another library.

    A store has it as its attribute ``naming`` (None for our own names). Idempotent functions ask it; routes, records
    and locks keep our names.
    """

    def key_for(self, operation: str, data: Any) -> str:
        """The record's key. ``operation``: ``module.qualname`` of the function, or its ``operation=``. ``data``: what
        ``key=`` gives for the call: an argument as it is (a model, a dataclass, …), or a JMESPath result.

        Raises TypeError for data that has no name there.
        """
        ...

    def fingerprint_for(self, payload: Any) -> str:
        """The fingerprint. ``payload``: what ``fingerprint=`` gives: a dict of arguments by name, what the function
        returned, or a JMESPath result. Raises TypeError for what can't be compared.
        """
        ...


class LockableStore(Store, Protocol):
    """A store of the house: it has locks, and counts what it was used for."""

    @property
    def counters(self) -> "Counters":
        """Since it was made, in this process."""
        ...

    def lock(self, name: str, *, ttl: "Duration" = 30.0, wait: "Duration | None" = None) -> "Lock":
        """See ``Lockable``."""
        ...


def naming_of(store: Any) -> Naming | None:
    """The store's own way to name records, or None where it has none."""
    return cast("Naming | None", getattr(store, "naming", None))


@overload
def open_store(store: str) -> LockableStore: ...
@overload
def open_store(store: Store) -> Store: ...
def open_store(store: "str | Store") -> Store:
    """The store that a URL names, or the store itself.

    ``memory://`` is a new MemoryStore: its records are seen by this process alone and end with it. ``redis://host:6379/0``,
    ``rediss://`` (TLS), ``unix://``, ``redis+cluster://`` and ``rediss+cluster://`` are a RedisStore,
    ``dynamodb://table?region=eu-west-1`` a DynamoDBStore. ``local_cache=256`` among the options of any of them puts a
    LocalCache of so many results before it. Nothing is connected yet. Raises ConfigurationError for anything else.
    """
    if not isinstance(store, str):
        if not isinstance(store, Store):  # pyright: ignore[reportUnnecessaryIsInstance] — for those without a type checker
            raise ConfigurationError(
                f"{type(store).__name__} is no store: give a URL ({_KNOWN}), or an object with the four moves of Store."
            )
        return store
    scheme, separator, _ = store.partition("://")
    if not separator or scheme not in _OPENERS:
        what = f"A URL of scheme {scheme!r}" if separator else "A text that is no URL"  # the rest may hold a password
        raise ConfigurationError(f"{what} names no store: write one of {_KNOWN}, or give an object of your own.")
    url, max_items = _without_local_cache(store)
    opened = _OPENERS[scheme](url)
    if not max_items:
        return opened
    from lambdaframe.idempotency.local_cache import LocalCache

    return LocalCache(opened, max_items)


def _without_local_cache(url: str) -> tuple[str, int]:
    """The URL without that option, every other byte of it as it was; and its value."""
    head, _, query = url.partition("?")
    kept: list[str] = []
    size = "0"
    for part in query.split("&") if query else ():
        name, _, value = part.partition("=")
        if name == "local_cache":
            size = value
        else:
            kept.append(part)
    if not (size.isascii() and size.isdigit()):
        raise ConfigurationError(f"local_cache={size} in a store's URL is a number of results, as in local_cache=256.")
    return head + ("?" + "&".join(kept) if kept else ""), int(size)


def _memory(url: str) -> Store:
    if url != "memory://":
        raise ConfigurationError("memory:// takes no host, and no option but local_cache: write 'memory://'.")
    from lambdaframe.idempotency.stores.memory import MemoryStore

    return MemoryStore()


def _redis(url: str) -> Store:
    return cast("Store", _class_of("redis", "RedisStore", "redis")(url))


def _dynamodb(url: str) -> Store:
    return cast("Store", _class_of("dynamodb", "DynamoDBStore", "aioboto3").from_url(url))


def _class_of(module: str, name: str, package: str) -> Any:
    """A store's class. A package that it needs and that is missing is told with the extra that brings it."""
    from importlib.util import find_spec

    if find_spec(package) is None:
        raise ConfigurationError(f"{name} needs the package {package}: install lambdaframe[{module}].")
    return getattr(import_module(f"lambdaframe.idempotency.stores.{module}"), name)


_OPENERS: Mapping[str, Callable[[str], Store]] = {
    "memory": _memory,
    **dict.fromkeys(("redis", "rediss", "unix", "redis+cluster", "rediss+cluster"), _redis),
    "dynamodb": _dynamodb,
}
_KNOWN = ", ".join(f"{scheme}://" for scheme in _OPENERS)
