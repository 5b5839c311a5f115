"""A Kinesis client in memory, on the clock of the loop: shards that can be split and merged as AWS does it.

(moto writes to closed shards.)
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from tests.workers.fake_sqs import refused

ARN = "arn:aws:kinesis:eu-central-1:123456789012:stream/clicks"


class FakeShard:
    def __init__(self, name: str, parents: tuple[str, ...]) -> None:
        self.name = name
        self.parents = parents
        self.records: list[dict[str, Any]] = []
        self.closed = False


class FakeKinesis:
    """``ends``: an iterator of a closed shard ends, as AWS's do. ``to_raise``: errors of the next reads.

    ``asked``: each iterator that was asked for: shard, type, and where it starts.
    """

    def __init__(self, *names: str, ends: bool = True) -> None:
        self._ends = ends
        self._sequence = 100
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self.shards = {name: FakeShard(name, ()) for name in names}
        self.reads: list[tuple[float, str]] = []
        self.asked: list[tuple[str, str, Any]] = []
        self.to_raise: list[Exception] = []

    def put(self, shard: str, *bodies: str, key: str = "key") -> None:
        assert not self.shards[shard].closed
        for body in bodies:
            self._sequence += 1
            self.shards[shard].records.append(
                {"SequenceNumber": str(self._sequence), "Data": body.encode(), "PartitionKey": key}
            )

    def reshard(self, parents: tuple[str, ...], children: tuple[str, ...]) -> None:
        for parent in parents:
            self.shards[parent].closed = True
        self.shards.update({child: FakeShard(child, parents) for child in children})

    async def list_shards(self, **_: Any) -> Mapping[str, Any]:
        return {"Shards": [_listed(shard) for shard in self.shards.values()]}

    async def get_shard_iterator(
        self,
        *,
        ShardId: str,  # noqa: N803  AWS's name
        ShardIteratorType: str,  # noqa: N803  AWS's name
        **where: Any,
    ) -> Mapping[str, Any]:
        records = self.shards[ShardId].records
        start = where.get("StartingSequenceNumber", where.get("Timestamp"))
        self.asked.append((ShardId, ShardIteratorType, start))
        index = 0
        if ShardIteratorType == "LATEST":
            index = len(records)
        elif ShardIteratorType == "AFTER_SEQUENCE_NUMBER":
            index = [record["SequenceNumber"] for record in records].index(start) + 1
        return {"ShardIterator": f"{ShardId}:{index}"}

    async def get_records(self, *, ShardIterator: str, Limit: int, **more: Any) -> Mapping[str, Any]:  # noqa: N803
        del more
        name, _, index = ShardIterator.partition(":")
        self.reads.append((round(self._loop.time() - self._began, 3), name))
        if self.to_raise:
            raise self.to_raise.pop(0)
        shard = self.shards[name]
        taken = shard.records[int(index) : int(index) + Limit]
        after = int(index) + len(taken)
        answer: dict[str, Any] = {"Records": taken, "MillisBehindLatest": 0}
        if not (shard.closed and self._ends and after == len(shard.records)):
            answer["NextShardIterator"] = f"{name}:{after}"
        return answer


def _listed(shard: FakeShard) -> Mapping[str, Any]:
    names = dict(zip(("ParentShardId", "AdjacentParentShardId"), shard.parents, strict=False))
    end = {"EndingSequenceNumber": "999"} if shard.closed else {}
    return {"ShardId": shard.name, "SequenceNumberRange": {"StartingSequenceNumber": "1", **end}, **names}


EXPIRED = refused("ExpiredIteratorException")
THROTTLED = refused("ProvisionedThroughputExceededException")
