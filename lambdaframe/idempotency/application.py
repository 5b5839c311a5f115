"""Idempotency as an application has it: one store, and the guards of its routes and consumers over it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lambdaframe.http.routing.routes import IdempotentRoute, check_idempotent
from lambdaframe.idempotency.store import Store, open_store

if TYPE_CHECKING:
    from lambdaframe.idempotency.http import Guard
    from lambdaframe.idempotency.records import RecordCall
    from lambdaframe.records.options import IdempotentConsumer

_OF_CONSUMERS = ("ttl", "lease", "on_expiry")


class Idempotency:
    """``store``: a store, or the URL of one, which is then opened here and closed here. ``app``: part of all keys.
    ``defaults``: for routes and consumers that do not say otherwise. ``around``: puts something around the moves.

    Raises ConfigurationError for a store or an option that can't be.
    """

    def __init__(
        self,
        store: str | Store,
        app: str,
        defaults: IdempotentRoute,
        around: Callable[[Store], Store] | None = None,
    ) -> None:
        self.store = open_store(store)
        self._moves = self.store if around is None else around(self.store)
        self.defaults = defaults
        self._app = app
        self._opened = isinstance(store, str)
        if defaults:
            from lambdaframe.idempotency.http import route_options

            check_idempotent(defaults, "idempotency_options")
            route_options("idempotency_options", **defaults)

    @property
    def consumer_defaults(self) -> "IdempotentConsumer":
        """Those of the defaults that consumers have, too."""
        given: Any = {name: value for name, value in self.defaults.items() if name in _OF_CONSUMERS}
        options: IdempotentConsumer = given
        return options

    def http_guard(self, operation: str, options: IdempotentRoute) -> "Guard":
        """The guard of a route. Raises ConfigurationError."""
        from lambdaframe.idempotency.http import http_guard

        return http_guard(self._moves, app=self._app, operation=operation, **options)

    def record_guard(
        self, source: str, name: str | None, key: Callable[[Any], Any] | str | None, options: "IdempotentConsumer"
    ) -> "Callable[[RecordCall], RecordCall]":
        """The guard of a consumer. Raises ConfigurationError."""
        from lambdaframe.idempotency.records import record_guard

        return record_guard(self._moves, app=self._app, source=source, name=name, key=key, **options)

    async def close(self) -> None:
        """Close the connections of a store that was opened here. They are opened again when they are needed."""
        close = getattr(self.store, "aclose", None)
        if self._opened and close is not None:
            await close()
