"""``@idempotent``: a function that runs once for each key."""

import inspect
from collections.abc import Callable, Coroutine, Sequence
from functools import partial, wraps
from typing import Any, ParamSpec, TypeVar

from lambdaframe.errors import ConfigurationError, IdempotencyKeyError
from lambdaframe.idempotency.codec import FunctionCodec
from lambdaframe.idempotency.keys import canonical, digest, storage_key
from lambdaframe.idempotency.policy import HOUR, Duration, OnConflict, OnExpiry, policy
from lambdaframe.idempotency.runner import Operation, run_once
from lambdaframe.idempotency.store import Store, open_store

P = ParamSpec("P")
T = TypeVar("T")


def idempotent(
    *,
    key: str | Callable[..., Any],
    store: str | Store,
    ttl: Duration = HOUR,
    lease: Duration | None = None,
    on_conflict: OnConflict = "wait",
    on_expiry: OnExpiry = "retry",
    final_errors: tuple[type[Exception], ...] = (),
    required: bool = True,
    fingerprint: Sequence[str] | Callable[..., Any] | None = None,
) -> Callable[[Callable[P, Coroutine[Any, Any, T]]], Callable[P, Coroutine[Any, Any, T]]]:
    """Run an async function once per key; later calls get the first one's result, read back from its JSON.

    ``key``: an argument's name, or a function of the same arguments. None and ``""`` are no key: IdempotencyKeyError,
    or with ``required=False`` an ordinary call. ``store``: a store or its URL. ``ttl``: how long results are kept.
    ``lease``: how long an attempt may stay silent before another takes over; extended while it runs. Without it the
    lease follows the invocation's deadline. ``on_conflict``: wait for a running attempt, or raise
    IdempotencyConflictError at once. ``on_expiry``: run an operation again whose attempt died, or raise
    IdempotencyConflictError. ``final_errors``: exceptions that are a result; others let the next call try again.
    ``fingerprint``: the payload that belongs to the key, all arguments (but ``self``) unless these are named or a
    function of the arguments gives it; another payload raises IdempotencyMismatchError.

    Without a fenced or idempotent resource behind it this is at-least-once: a process may die between its effect and
    the recording. Fence with ``current_lease().fencing_token``. Raises ConfigurationError for a mistake in the options.
    """
    opened = open_store(store)

    def decorate(function: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
        if not _is_async_function(function):
            raise ConfigurationError(f"{function!r}: only async functions can be idempotent; write 'async def'.")
        name = f"{function.__module__}.{function.__qualname__}"
        _check_errors(name, final_errors)
        options = policy(name, ttl=ttl, lease=lease, on_conflict=on_conflict, on_expiry=on_expiry)
        payload = _Payload(name, function, key, fingerprint)
        codec = FunctionCodec[T](name, function, final_errors)
        operation = Operation(name, opened, options, codec)

        @wraps(function)
        async def once(*args: P.args, **kwargs: P.kwargs) -> T:
            codec.prepare()
            found = payload.key(*args, **kwargs)
            if found is None:
                if required:
                    raise IdempotencyKeyError(f"{name}: the idempotency key ({payload.source}) is missing.")
                return await function(*args, **kwargs)
            return await run_once(
                operation, found, payload.fingerprint(*args, **kwargs), partial(function, *args, **kwargs)
            )

        return once

    return decorate


class _Payload:
    """What identifies one call of a function: its key and fingerprint, read from the arguments."""

    def __init__(
        self,
        name: str,
        function: Callable[..., Any],
        key: str | Callable[..., Any],
        fingerprint: Sequence[str] | Callable[..., Any] | None,
    ) -> None:
        self._name = name
        self._signature = inspect.signature(function)
        known = [parameter for parameter in self._signature.parameters if parameter not in {"self", "cls"}]
        self._key = key
        self._fingerprint = fingerprint if callable(fingerprint) else None
        self._parts: Sequence[str] = known if fingerprint is None or callable(fingerprint) else tuple(fingerprint)
        self.source = "a function" if callable(key) else f"argument {key!r}"
        if isinstance(fingerprint, str):
            raise ConfigurationError(f"{name}: fingerprint takes a tuple of arguments' names: ({fingerprint!r},).")
        for part in (*self._parts, *([] if callable(key) else [key])):
            if part not in known:
                raise ConfigurationError(f"{name} has no argument {part!r}; it takes {known}.")

    def key(self, *args: Any, **kwargs: Any) -> str | None:
        """The key in the store, or None where the call has none."""
        value = self._key(*args, **kwargs) if callable(self._key) else self._arguments(args, kwargs)[self._key]
        return None if value is None or value == "" else storage_key("", self._name, None, self._text(value).decode())

    def fingerprint(self, *args: Any, **kwargs: Any) -> str:
        """The digest of the payload."""
        if self._fingerprint is not None:
            return digest(self._text(self._fingerprint(*args, **kwargs)))
        arguments = self._arguments(args, kwargs)
        return digest(self._text({name: arguments[name] for name in self._parts}))

    def _arguments(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        bound = self._signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return bound.arguments

    def _text(self, value: Any) -> bytes:
        try:
            return canonical(value)
        except TypeError as exc:
            raise ConfigurationError(
                f"{self._name}: the arguments can't be compared ({exc}); name those that matter, as in "
                "fingerprint=('order',)."
            ) from exc


def _is_async_function(function: object) -> bool:
    return inspect.isfunction(function) and inspect.iscoroutinefunction(function)


def _check_errors(name: str, final_errors: tuple[type[Exception], ...]) -> None:
    for kind in final_errors:
        if not (isinstance(kind, type) and issubclass(kind, Exception)):  # pyright: ignore[reportUnnecessaryIsInstance] — users without a type checker
            raise ConfigurationError(f"{name}: final_errors takes exception classes, not {kind!r}.")
