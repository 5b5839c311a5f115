"""What a worker must know of a queue before it polls it.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from lambdaframe_adapters.workers.aws import WorkerError, failures


class Queue(NamedTuple):
    """A queue as it says it is. ``visibility``: seconds. ``redrive``: it has a dead-letter queue."""

    url: str
    arn: str
    visibility: int
    redrive: bool

    @property
    def name(self) -> str:
        return self.arn.rpartition(":")[2]


async def open_queue(client: Any, url: str) -> Queue:
    """Ask the queue for its attributes. Raises WorkerError when it is not there or may not be read."""
    names = ["QueueArn", "VisibilityTimeout", "RedrivePolicy"]
    try:
        answer: Any = await client.get_queue_attributes(QueueUrl=url, AttributeNames=names)
    except failures() as exc:
        raise WorkerError(f"The queue {url} can't be read: {exc}") from exc
    attributes: Mapping[str, Any] = answer.get("Attributes", {})
    return Queue(
        url, attributes["QueueArn"], int(attributes.get("VisibilityTimeout", 30)), bool(attributes.get("RedrivePolicy"))
    )
