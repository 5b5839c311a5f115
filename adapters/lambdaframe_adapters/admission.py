"""Which events the handler takes: ``sources=`` by their kind, ``allow=`` by where they say that they are from.

It keeps a function to what it was deployed for. It is no authentication: whoever may invoke the function writes the
event. IAM decides who may.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

from lambdaframe.errors import (
    ConfigurationError,
    OriginNotAllowedError,
    SourceNotAllowedError,
    UnknownEventError,
)
from lambdaframe_adapters import empty_batch
from lambdaframe_adapters._options import texts
from lambdaframe_adapters.detection import HTTP_NAMES, RECORD_NAMES, detect
from lambdaframe_adapters.sources import Source


class Admission:
    """``sources``: names that ``detect`` gives, and ``"invoke"``, or None for all. ``allow``: identities, of which an
    event must have one, or None for all. ``takes_invocations``: whether the application takes what is of no source;
    it is asked then, unless ``sources`` say so. Raises ConfigurationError for what could admit nothing."""

    def __init__(
        self,
        sources: Iterable[str] | None,
        allow: Iterable[str] | None,
        takes_invocations: Callable[[], bool] = lambda: False,
    ) -> None:
        self._sources = None if sources is None else _known(frozenset(texts("sources", sources, "'http_api', 'sqs'")))
        self._allowed = None if allow is None else frozenset(texts("allow", allow, "'a1b2c3d4e5'"))
        if self._allowed is not None and not self._allowed:
            raise ConfigurationError("allow is empty, so that no event would be accepted; leave it out to accept all.")
        named = self._sources
        self._takes_invocations = takes_invocations if named is None else lambda: _INVOKE in named

    def source_of(self, event: Any) -> Source:
        """The event's source.

        Raises UnknownEventError, or its subclasses SourceNotAllowedError and OriginNotAllowedError.
        """
        try:
            source = detect(event)
        except UnknownEventError:
            from lambdaframe_adapters import direct

            if not (self._takes_invocations() and direct.matches(event)):
                raise
            source = direct
        if self._sources is not None and source.name not in self._sources:
            raise SourceNotAllowedError(event, source.name, self._sources)
        if self._allowed is not None and source is not empty_batch:
            identities = source.identities(event)
            if self._allowed.isdisjoint(identities):
                raise OriginNotAllowedError(event, source.name, identities, self._allowed)
        return source


_INVOKE: Final = "invoke"
"""The name of ``direct``."""


def _known(sources: frozenset[str]) -> frozenset[str]:
    """A batch without records does not say whose it is: whoever takes any records takes it."""
    names = sorted(HTTP_NAMES | RECORD_NAMES | {_INVOKE})
    unknown = sorted(sources - set(names))
    if unknown or not sources:
        raise ConfigurationError(f"Unknown sources {unknown}; there are {names}.")
    return sources | {empty_batch.name} if sources & RECORD_NAMES else sources
