"""Lambda's event source mappings as fakes: queues, streams and topics that call a handler, in virtual time.

A poller holds what was sent until Lambda would let go of it. It calls any ``handler(event, context)``, reads the answer
by AWS's documented rules, and delivers again what has to come again. No threads, no real waiting, no chance: the same
calls give the same run.

    poller = SQSPoller(LambdaHandler(app), "orders", max_receive_count=3)
    poller.send({"id": 1})
    poller.run()
    assert [message.body for message in poller.dead] == []

Event filtering, batching windows, tumbling windows and parallel pollers are left out.
"""

from lambdaframe_adapters.testing.pollers.answers import reported
from lambdaframe_adapters.testing.pollers.functions import Handler
from lambdaframe_adapters.testing.pollers.kafka import KafkaPoller
from lambdaframe_adapters.testing.pollers.poller import Call, Poller, Sent
from lambdaframe_adapters.testing.pollers.shards import DynamoDBPoller, KinesisPoller
from lambdaframe_adapters.testing.pollers.sqs import SQSPoller
from lambdaframe_adapters.testing.pollers.streams import StreamPoller

__all__ = [
    "Call",
    "DynamoDBPoller",
    "Handler",
    "KafkaPoller",
    "KinesisPoller",
    "Poller",
    "SQSPoller",
    "Sent",
    "StreamPoller",
    "reported",
]
