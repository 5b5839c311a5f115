"""What becomes of a record that Amazon Data Firehose has sent to be transformed.

https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-status-model.html
https://docs.aws.amazon.com/firehose/latest/dev/dynamic-partitioning-partitioning-keys.html
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias


class Ok(NamedTuple):
    """Deliver ``data``: bytes or a string as it is; any other value, a model too, as a line of JSON with its newline.

    ``partition_keys``: for dynamic partitioning, both names and values strings.
    """

    data: Any
    partition_keys: Mapping[str, str] = MappingProxyType({})


class Dropped:
    """Deliver nothing, and on purpose."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Dropped()"


class ProcessingFailed:
    """It can't be transformed: Firehose puts what it had sent with the failed records of its S3 bucket."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "ProcessingFailed()"


FirehoseResult: TypeAlias = Ok | Dropped | ProcessingFailed
"""What a consumer of ``app.firehose`` may return, beside the data alone."""
