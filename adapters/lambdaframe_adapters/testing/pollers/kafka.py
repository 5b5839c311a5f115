"""A Kafka topic with Lambda behind it: Amazon MSK, or a cluster of one's own.

https://docs.aws.amazon.com/lambda/latest/dg/with-msk.html
https://docs.aws.amazon.com/lambda/latest/dg/kafka-retry-configurations.html
"""

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Unpack
from zlib import crc32

from lambdaframe_adapters._json import OBJECT
from lambdaframe_adapters.testing._gateway import ACCOUNT, REGION
from lambdaframe_adapters.testing.pollers.functions import Handler
from lambdaframe_adapters.testing.pollers.poller import Sent, known
from lambdaframe_adapters.testing.pollers.streams import StreamOptions, StreamPoller, stamp


class KafkaPoller(StreamPoller):
    """A topic and its event source mapping: see ``StreamPoller`` for ``options``.

    A batch spans the topic's ``partitions``; each goes on from the lowest of its offsets that an answer names, in items
    ``{"partition": "topic-0", "offset": 7}``, and those that it does not name are done. AWS takes
    ``ReportBatchItemFailures``, retries and ages for Kafka in provisioned mode only. ``self_managed``: a cluster that
    is not Amazon's. ``first_offset``: of every partition.
    """

    def __init__(
        self,
        handler: Handler,
        topic: str = "topic",
        *,
        partitions: int = 1,
        first_offset: int = 0,
        self_managed: bool = False,
        **options: Unpack[StreamOptions],
    ) -> None:
        super().__init__(handler, **options)
        self.topic = topic
        self._offsets = [first_offset] * partitions
        brokers = "b-1.cluster.abcdef.c1.kafka.us-east-1.amazonaws.com:9092"
        self._frame: dict[str, Any] = {"eventSource": "aws:kafka", "bootstrapServers": brokers}
        if self_managed:
            self._frame = {"eventSource": "SelfManagedKafka", "bootstrapServers": "broker.example.com:9092"}
        else:
            self._frame["eventSourceArn"] = f"arn:aws:kafka:{REGION}:{ACCOUNT}:cluster/cluster/0a1b2c3d-4e5f-6789-0"

    def send(
        self,
        value: Any,
        *,
        key: bytes | str | None = None,
        partition: int | None = None,
        headers: Iterable[tuple[str, bytes]] = (),
    ) -> Sent:
        """Put a record into the topic. A value that is neither bytes nor a string is sent as JSON; None is a tombstone.

        ``partition``: that of the key's hash, or the first one, unless said otherwise.
        """
        octets = key.encode() if isinstance(key, str) else key
        place = crc32(octets or b"") % len(self._offsets) if partition is None else partition
        offset = self._offsets[place]
        self._offsets[place] += 1
        now = self.clock.time()
        raw: dict[str, Any] = {
            "topic": self.topic,
            "partition": place,
            "offset": offset,
            "timestamp": int(now * 1000),
            "timestampType": "CREATE_TIME",
            "headers": [{name: list(content)} for name, content in headers],
        }
        if octets is not None:
            raw["key"] = base64.b64encode(octets).decode()
        if value is not None:
            raw["value"] = base64.b64encode(_octets(value)).decode()
        group = f"{self.topic}-{place}"
        return self._append("", Sent((group, offset), group, value, now, raw))

    def _event(self, records: Sequence[Sent]) -> Mapping[str, Any]:
        parts: dict[str, list[dict[str, Any]]] = {}
        for record in records:
            parts.setdefault(str(record.group), []).append(record.raw)
        return {**self._frame, "records": parts}

    def _from_checkpoint(self, records: Sequence[Sent], identifiers: Sequence[Any]) -> list[Sent] | None:
        places = [(item.get("partition"), item.get("offset")) for item in identifiers if isinstance(item, OBJECT)]
        if len(places) < len(identifiers) or not known(places, records):
            return None
        lowest: dict[str, int] = {}
        for partition, offset in places:
            lowest[partition] = min(offset, lowest.get(partition, offset))
        return [record for record in records if record.id[1] >= lowest.get(record.id[0], record.id[1] + 1)]

    def _batch_info(self, records: Sequence[Sent]) -> dict[str, Any]:
        parts: dict[str, list[Sent]] = {}
        for record in records:
            parts.setdefault(str(record.group), []).append(record)
        return {
            "KafkaBatchInfo": {
                "batchSize": len(records),
                "eventSourceArn": self._frame.get("eventSourceArn"),
                "bootstrapServers": self._frame["bootstrapServers"],
                "recordsInfo": {
                    partition: {
                        "firstRecordOffset": part[0].id[1],
                        "lastRecordOffset": part[-1].id[1],
                        "firstRecordTimestamp": stamp(part[0].sent_at),
                        "lastRecordTimestamp": stamp(part[-1].sent_at),
                    }
                    for partition, part in parts.items()
                },
            }
        }


def _octets(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    return (value if isinstance(value, str) else json.dumps(value)).encode()
