"""Records that the Kinesis Producer Library has packed into one, taken apart by ``aws-kinesis-agg`` (extra ``[kpl]``).

An aggregated record is a magic number, a protobuf message and the MD5 of that message. What only looks like one, with
another sum or message behind the magic number, is an ordinary record, as for Amazon's own consumers.

https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md
"""

import sys
from base64 import b64encode
from binascii import a2b_base64
from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final, NamedTuple

from lambdaframe.errors import ConfigurationError

_MAGIC: Final = b"\xf3\x89\x9a\xc2"
_DIGEST: Final = 16


class Part(NamedTuple):
    """One record of an aggregated one. ``data`` as it was sent."""

    partition_key: str
    explicit_hash_key: str | None
    data: bytes


def parts(data: Any) -> list[Part] | None:
    """The records in an aggregated one; None for an ordinary record. ``data``: base64.

    Raises ConfigurationError for an aggregated record where ``aws-kinesis-agg`` is not installed.
    """
    try:
        octets = a2b_base64(data, strict_mode=True)
    except (ValueError, TypeError):
        return None  # poison, as ordinary data would be
    message = octets[len(_MAGIC) : -_DIGEST]
    if not octets.startswith(_MAGIC) or not message or _md5(message) != octets[-_DIGEST:]:
        return None
    make, broken = _library()
    aggregated = make()
    try:
        aggregated.ParseFromString(message)
        # Not by the library's own generator: it swallows a wrong index, and with it the records behind.
        return [_part(aggregated, record) for record in aggregated.records]
    except (broken, IndexError, UnicodeDecodeError):
        return None


def _part(aggregated: Any, record: Any) -> Part:
    explicit: str | None = None
    if record.HasField("explicit_hash_key_index"):
        explicit = aggregated.explicit_hash_key_table[record.explicit_hash_key_index]
    return Part(aggregated.partition_key_table[record.partition_key_index], explicit, record.data)


def taken_apart(raw: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """The records in one of Lambda's, each as Lambda would have delivered it; None for an ordinary record.

    They have ``aggregated``, ``subSequenceNumber`` and ``explicitHashKey`` beside the usual members. Raises as
    ``parts``.
    """
    around = raw["kinesis"]
    found = parts(around.get("data"))
    if found is None:
        return None
    return [
        {
            **raw,
            "kinesis": {
                **around,
                "partitionKey": part.partition_key,
                "explicitHashKey": part.explicit_hash_key,
                "subSequenceNumber": number,
                "aggregated": True,
                "data": b64encode(part.data).decode(),
            },
        }
        for number, part in enumerate(found)
    ]


def _md5(message: bytes) -> bytes:
    from hashlib import md5

    return md5(message, usedforsecurity=False).digest()


def _library() -> tuple[Any, type[Exception]]:
    """The class of aggregated messages, and the error of those that are none."""
    path = sys.path[:]
    try:
        library = import_module("aws_kinesis_agg.deaggregator")
        errors = import_module("google.protobuf.message")
    except ImportError as exc:
        raise ConfigurationError(
            "The stream has records that the Kinesis Producer Library has aggregated. Install lambdaframe[kpl], which "
            f"takes them apart ({exc})."
        ) from exc
    finally:
        sys.path[:] = path  # the library puts itself in front of all other code
    return library.messages_pb2.AggregatedRecord, errors.DecodeError
