"""Kinesis data streams and DynamoDB streams with Lambda behind them.

https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final, Unpack
from zlib import crc32

from lambdaframe_adapters.testing.pollers.functions import Handler
from lambdaframe_adapters.testing.pollers.poller import Sent, known
from lambdaframe_adapters.testing.pollers.streams import StreamOptions, StreamPoller, stamp
from lambdaframe_adapters.testing.records import dynamodb_event, kinesis_event

_FIRST_SEQUENCE: Final = 49590338271490256608559692538361571095921575989136588898


class _ShardPoller(StreamPoller):
    """Shards; a batch is of one of them. A group's shard is that of its hash."""

    _info: ClassVar[str]

    def __init__(
        self, handler: Handler, shards: int, first_sequence_number: int, **options: Unpack[StreamOptions]
    ) -> None:
        super().__init__(handler, **options)
        self._shards = shards
        self._sequence = first_sequence_number

    def _shard(self, group: str | None) -> str:
        return f"shardId-{crc32(str(group).encode('utf-8', 'surrogatepass')) % self._shards:012}"

    def _put(self, group: str, body: Any, raw: dict[str, Any]) -> Sent:
        record = Sent(str(self._sequence), group, body, self.clock.time(), raw)
        self._sequence += 1
        return self._append(self._shard(group), record)

    def _event(self, records: Sequence[Sent]) -> Mapping[str, Any]:
        return {"Records": [record.raw for record in records]}

    def _from_checkpoint(self, records: Sequence[Sent], identifiers: Sequence[Any]) -> list[Sent] | None:
        if not known(identifiers, records):
            return None
        if not identifiers:
            return []
        checkpoint = min(map(int, identifiers))
        return [record for record in records if int(record.id) >= checkpoint]

    def _batch_info(self, records: Sequence[Sent]) -> dict[str, Any]:
        first, last = records[0], records[-1]
        return {
            self._info: {
                "shardId": self._shard(first.group),
                "startSequenceNumber": first.id,
                "endSequenceNumber": last.id,
                "approximateArrivalOfFirstRecord": stamp(first.sent_at),
                "approximateArrivalOfLastRecord": stamp(last.sent_at),
                "batchSize": len(records),
                "streamArn": first.raw["eventSourceARN"],
            }
        }


class KinesisPoller(_ShardPoller):
    """A data stream and its event source mapping: see ``StreamPoller`` for ``options``.

    ``shards``: a record's is that of its partition key's hash. ``first_sequence_number``: sequence numbers go up from
    there, and AWS does not say how long they are.
    """

    _info = "KinesisBatchInfo"

    def __init__(
        self,
        handler: Handler,
        stream: str = "stream",
        *,
        shards: int = 1,
        first_sequence_number: int = _FIRST_SEQUENCE,
        **options: Unpack[StreamOptions],
    ) -> None:
        super().__init__(handler, shards, first_sequence_number, **options)
        self.stream = stream

    def send(self, data: Any, *, partition_key: str = "key") -> Sent:
        """Put a record into the stream. Data that is neither bytes nor a string is sent as JSON."""
        raw = kinesis_event([data], stream=self.stream, partition_keys=[partition_key])["Records"][0]
        raw["kinesis"]["sequenceNumber"] = str(self._sequence)
        raw["kinesis"]["approximateArrivalTimestamp"] = self.clock.time()
        raw["eventID"] = f"{self._shard(partition_key)}:{self._sequence}"
        return self._put(partition_key, data, raw)


class DynamoDBPoller(_ShardPoller):
    """A table's stream and its event source mapping: see ``StreamPoller`` for ``options``.

    ``keys``: the names of the table's key attributes. ``shards``, ``first_sequence_number``: as of ``KinesisPoller``.
    """

    _info = "DDBStreamBatchInfo"

    def __init__(
        self,
        handler: Handler,
        table: str = "table",
        *,
        keys: Sequence[str] = ("id",),
        shards: int = 1,
        first_sequence_number: int = _FIRST_SEQUENCE,
        **options: Unpack[StreamOptions],
    ) -> None:
        super().__init__(handler, shards, first_sequence_number, **options)
        self.table = table
        self._keys = tuple(keys)

    def send(self, new: Mapping[str, Any] | None = None, *, old: Mapping[str, Any] | None = None) -> Sent:
        """Put a change into the stream, of Python values: no ``old`` item is an INSERT, no ``new`` one a REMOVE.

        Raises ValueError without either, KeyError for an item without its keys, TypeError for a value that DynamoDB
        does not know.
        """
        raw = dynamodb_event([(old, new)], table=self.table, keys=self._keys)["Records"][0]
        raw["dynamodb"]["SequenceNumber"] = str(self._sequence)
        raw["dynamodb"]["ApproximateCreationDateTime"] = int(self.clock.time())
        raw["eventID"] = f"{self._sequence:032x}"[-32:]
        key = json.dumps(raw["dynamodb"]["Keys"], sort_keys=True)
        return self._put(key, old if new is None else new, raw)
