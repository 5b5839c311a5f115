"""``@idempotent``: a function that runs once for each key."""

from collections.abc import Callable
from functools import partial, wraps
from inspect import isawaitable
from typing import Any, Literal, NamedTuple, TypeAlias, TypeVar, cast

from lambdaframe.concurrency import is_async_callable, is_generator_callable
from lambdaframe.errors import ConfigurationError
from lambdaframe.idempotency.codec import FunctionCodec, Replayed, ResultCodec
from lambdaframe.idempotency.payload import Fingerprint, Key, Payload
from lambdaframe.idempotency.policy import HOUR, Duration, OnConflict, OnExpiry, policy
from lambdaframe.idempotency.runner import Operation, run_once
from lambdaframe.idempotency.store import Store, naming_of, open_store

Function = TypeVar("Function", bound=Callable[..., Any])


class Replay(NamedTuple):
    """What a hook is told of a replay.

    ``operation``: ``module.qualname`` of the function, or its ``operation=``. ``key``: the record's key in the store.
    ``kind``: ``"ok"`` for a result, ``"error"`` for a final error.
    """

    operation: str
    key: str
    kind: Literal["ok", "error"]


OnReplay: TypeAlias = Callable[[Any, Replay], Any]
"""``on_replay(result, replay)``: gives the result that the caller gets. ``result`` is the exception for an error."""


def idempotent(
    *,
    key: Key,
    store: str | Store,
    ttl: Duration = HOUR,
    lease: Duration | None = None,
    on_conflict: OnConflict = "wait",
    on_expiry: OnExpiry = "retry",
    final_errors: tuple[type[Exception], ...] = (),
    required: bool = True,
    fingerprint: Fingerprint = None,
    codec: ResultCodec | None = None,
    on_replay: OnReplay | None = None,
    operation: str | None = None,
) -> Callable[[Function], Function]:
    """Run a function once per key; later calls get the first one's result, of the type its annotation says.

    ``key``: an argument's name, a JMESPath expression over the arguments as JSON (``"order.id"``, ``"[sku, user.id]"``)
    or a function of the same arguments. None and ``""`` are no key, nor is an expression's null or list of nulls:
    IdempotencyKeyError, or with ``required=False`` an ordinary call. ``store``: a store or its URL (``open_store``).
    ``ttl``: how long results are kept. ``lease``: how long an attempt may stay silent before another takes over;
    extended while it runs. Without it the lease follows the invocation's deadline. ``on_conflict``: wait for a running
    attempt, or raise IdempotencyConflictError at once. ``on_expiry``: run an operation again whose attempt died, or
    raise IdempotencyConflictError. ``final_errors``: exceptions that are a result; others let the next call try again.
    ``fingerprint``: the payload that belongs to the key, all arguments (but ``self``) unless these are named, or a
    JMESPath expression or a function of the arguments gives it; another payload raises IdempotencyMismatchError.
    ``codec``: writes and reads the results, instead of JSON. ``on_replay``: called when a recorded result is about to
    be returned, gives what is returned instead; called for final errors, too, which are raised whatever it gives. It
    may be async where the function is. ``operation``: the function's name in the keys, so that its code may move to
    another module; ``module.qualname`` unless given.

    Async functions and sync ones, also as methods; below other decorators (innermost). A sync one runs in its caller's
    thread, while its store is used by an event loop in another: the caller's own where its thread is a worker of one,
    else one of this process. Called inside a running loop, which it would block, it raises ConfigurationError.

    Without a fenced or idempotent resource behind it this is at-least-once: a process may die between its effect and
    the recording. Fence with ``current_lease().fencing_token``. Raises ConfigurationError for a mistake in the options.
    """
    opened = open_store(store)

    def decorate(function: Function) -> Function:
        name = _name_of(function)
        is_async = is_async_callable(function)
        _check_errors(name, final_errors)
        _check_hook(name, on_replay, is_async)
        _check_codec(name, codec)
        if operation == "":
            raise ConfigurationError(f"{name}: operation= is a name, not an empty text; leave it out for {name!r}.")
        called = operation or name
        options = policy(name, ttl=ttl, lease=lease, on_conflict=on_conflict, on_expiry=on_expiry)
        payload = Payload(name, called, function, key, fingerprint, naming_of(opened), required=required)
        results: FunctionCodec[Any] = FunctionCodec(
            name, function, final_errors, results=codec, told=on_replay is not None
        )
        once = _Once(function, payload, results, Operation(name, opened, options, results), called, on_replay)
        return cast("Function", once.async_function() if is_async else once.sync_function())

    return decorate


class _Once(NamedTuple):
    """All there is to one idempotent function."""

    function: Callable[..., Any]
    payload: Payload
    codec: FunctionCodec[Any]
    operation: Operation[Any]
    called: str
    on_replay: OnReplay | None

    def async_function(self) -> Callable[..., Any]:
        function, payload, codec, operation = self[:4]

        @wraps(function)
        async def once(*args: Any, **kwargs: Any) -> Any:
            codec.prepare()
            key, fingerprint = payload.read(args, kwargs)
            if key is None:
                return await function(*args, **kwargs)
            result = await run_once(operation, key, fingerprint, partial(function, *args, **kwargs))
            if type(result) is not Replayed:
                return result
            told = self.tell(result, key)
            return _given(result, await told if isawaitable(told) else told)

        return once

    def sync_function(self) -> Callable[..., Any]:
        from lambdaframe.idempotency.blocking import run_blocking

        function, payload, codec, operation = self[:4]

        @wraps(function)
        def once(*args: Any, **kwargs: Any) -> Any:
            codec.prepare()
            key, fingerprint = payload.read(args, kwargs)
            if key is None:
                return function(*args, **kwargs)
            result = run_blocking(operation, key, fingerprint, partial(function, *args, **kwargs))
            return _given(result, self.tell(result, key)) if type(result) is Replayed else result

        return once

    def tell(self, replayed: Replayed, key: str) -> Any:
        """What ``on_replay`` gives."""
        assert self.on_replay is not None, "the codec tells of replays only then"
        return self.on_replay(replayed.value, Replay(self.called, key, replayed.kind))


def _given(replayed: Replayed, told: Any) -> Any:
    """What the caller gets of a replay that ``on_replay`` was told of."""
    if replayed.kind == "error":
        raise replayed.value
    return told


def _name_of(function: Any) -> str:
    """``module.qualname``. Raises ConfigurationError for what can't be made idempotent."""
    if isinstance(function, classmethod | staticmethod | property):
        kind = type(cast("object", function)).__name__
        raise ConfigurationError(f"{function!r}: put @idempotent below @{kind}, next to the function itself.")
    if isinstance(function, type) or not callable(function) or not hasattr(function, "__qualname__"):
        raise ConfigurationError(f"{function!r} is no function: write 'def' or 'async def', and decorate that.")
    name = f"{function.__module__}.{function.__qualname__}"
    if is_generator_callable(function):
        raise ConfigurationError(
            f"{name} is a generator, and an idempotent function gives its result once: collect what it yields in a "
            "list and return that."
        )
    return name


def _check_errors(name: str, final_errors: tuple[type[Exception], ...]) -> None:
    for kind in final_errors:
        if not (isinstance(kind, type) and issubclass(kind, Exception)):  # pyright: ignore[reportUnnecessaryIsInstance] — users without a type checker
            raise ConfigurationError(f"{name}: final_errors takes exception classes, not {kind!r}.")


def _check_hook(name: str, on_replay: OnReplay | None, is_async: bool) -> None:
    if on_replay is None:
        return
    if not callable(on_replay):
        raise ConfigurationError(f"{name}: on_replay= is a function of a result and a Replay, not {on_replay!r}.")
    if not is_async and is_async_callable(on_replay):
        raise ConfigurationError(f"{name} is a sync function, and so is its on_replay=: write 'def', not 'async def'.")


def _check_codec(name: str, codec: Any) -> None:
    if codec is None:
        return
    if isinstance(codec, type) or not all(callable(getattr(codec, each, None)) for each in ("encode", "decode")):
        raise ConfigurationError(f"{name}: codec= is an object with encode() and decode(), not {codec!r}.")
