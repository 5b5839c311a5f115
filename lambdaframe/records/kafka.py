"""A record of a Kafka topic, with what Kafka knows of it as typed members."""

from collections.abc import Mapping
from typing import Any

from lambdaframe.records.record import Record


class KafkaRecord(Record):
    """A :class:`Record` of a topic. ``id`` is ``topic-partition@offset``, ``group`` is ``topic-partition``.

    ``key`` and ``headers`` are decoded when they are asked for, and raise PoisonRecordError when that can't be done.
    """

    __slots__ = ()

    @property
    def topic(self) -> str:
        found: str = self.attributes["topic"]
        return found

    @property
    def partition(self) -> int:
        found: int = self.attributes["partition"]
        return found

    @property
    def offset(self) -> int:
        """Its place in the partition."""
        found: int = self.attributes["offset"]
        return found

    @property
    def key(self) -> bytes | None:
        """The key as it was sent; None where there is none."""
        found: bytes | None = self.attributes["key"]
        return found

    @property
    def headers(self) -> Mapping[str, bytes]:
        """The headers. Of a name that was sent more than once it is the last; ``raw`` has them all."""
        found: Mapping[str, bytes] = self.attributes["headers"]
        return found

    @property
    def timestamp_type(self) -> str | None:
        """``"CREATE_TIME"``: the producer wrote ``timestamp``. ``"LOG_APPEND_TIME"``: the broker did."""
        found: Any = self.attributes["timestamp_type"]
        return found if isinstance(found, str) else None
