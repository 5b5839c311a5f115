"""Which shards of a stream may be read now: a parent to its end before its children. Pure functions.

https://docs.aws.amazon.com/streams/latest/dev/kinesis-using-sdk-java-after-resharding.html
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple


class Shard(NamedTuple):
    """``parents``: the shards it was split off or merged from. ``closed``: nothing is written to it any more."""

    id: str
    parents: tuple[str, ...] = ()
    closed: bool = False


def shard(listed: Mapping[str, Any]) -> Shard:
    """A shard as ListShards gives it."""
    parents = (listed.get("ParentShardId"), listed.get("AdjacentParentShardId"))
    numbers: Mapping[str, Any] = listed.get("SequenceNumberRange") or {}
    return Shard(
        listed["ShardId"],
        tuple(parent for parent in parents if parent),
        numbers.get("EndingSequenceNumber") is not None,
    )


def readable(shards: Iterable[Shard], finished: Collection[str]) -> list[Shard]:
    """The shards that are not finished and whose parents are: read to their end, or gone with their records."""
    known = {each.id: each for each in shards}
    waiting = known.keys() - set(finished)
    return [
        each for key, each in known.items() if key in waiting and not any(parent in waiting for parent in each.parents)
    ]
