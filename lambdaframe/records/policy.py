"""What an error means for its record: try again, give up, or never mind."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Literal, TypeAlias

from lambdaframe.errors import DropRecordError, PermanentError, PoisonRecordError
from lambdaframe.records.record import Record

Verdict: TypeAlias = Literal["retry", "permanent", "drop"]

Sink: TypeAlias = Callable[[Record, BaseException], Awaitable[object]]
"""Takes a record that has failed for good. Only when it has returned is the record acknowledged."""


class Policy:
    """The verdict on an error is that of the nearest of its classes; what nobody speaks of is tried again.

    ``sink``: where permanent failures go. Without one they are failures like any other.
    """

    __slots__ = ("_verdicts", "sink")

    def __init__(
        self, permanent: Iterable[type[Exception]] = (), drop: Iterable[type[Exception]] = (), sink: Sink | None = None
    ) -> None:
        self._verdicts: dict[type[BaseException], Verdict] = {
            PermanentError: "permanent",
            PoisonRecordError: "permanent",
            DropRecordError: "drop",
            **dict.fromkeys(permanent, "permanent"),
            **dict.fromkeys(drop, "drop"),
        }
        self.sink = sink

    def verdict(self, error: BaseException) -> Verdict:
        """What becomes of a record that raised this."""
        for kind in type(error).__mro__:
            verdict = self._verdicts.get(kind)
            if verdict is not None:
                return verdict
        return "retry"
