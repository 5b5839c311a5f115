"""A server on this machine that speaks AWS's APIs: moto, as a context manager, and what is asked of its queues."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, Self

from docs.examples.loopback import free_port, wait_until_listening

REGION = "eu-central-1"

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}
"""What a client of the local server needs in its environment: nothing of this machine's own account."""


class LocalAWS:
    """moto's server in a process of its own, on a free loopback port, with nothing in it. ``url`` is where it is."""

    def __enter__(self) -> Self:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._output = tempfile.TemporaryFile("a+")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
            env=os.environ | CREDENTIALS,
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            wait_until_listening(port, self._process)
        except BaseException as error:
            self._stop()
            self._output.seek(0)
            error.add_note(self._output.read())
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def client(self, service: str) -> Any:
        """A client of boto3."""
        import boto3  # type: ignore[import-untyped]  # pyright: ignore[reportMissingTypeStubs] -- it has none

        make: Any = boto3.client  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] -- no types
        return make(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id="local",
            aws_secret_access_key="local",
        )

    def _stop(self) -> None:
        self._process.kill()
        self._process.wait()
        self._output.close()


class LocalQueue:
    """A queue of the local server, with a dead-letter queue after ``receives`` receives.

    ``visibility``: seconds. A ``name`` that ends with ``.fifo`` makes both FIFO queues.
    """

    def __init__(self, aws: LocalAWS, name: str, *, visibility: int = 30, receives: int = 3) -> None:
        self._sqs = aws.client("sqs")
        self.name = name
        stem, dot, fifo = name.partition(".")
        kind = {"FifoQueue": "true", "ContentBasedDeduplication": "true"} if fifo else {}
        self.dead = self._make(f"{stem}-dead{dot}{fifo}", kind)
        arn = self._sqs.get_queue_attributes(QueueUrl=self.dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        policy = f'{{"deadLetterTargetArn": "{arn}", "maxReceiveCount": {receives}}}'
        self.url = self._make(name, {**kind, "VisibilityTimeout": str(visibility), "RedrivePolicy": policy})

    def _make(self, name: str, attributes: Mapping[str, str]) -> str:
        url: str = self._sqs.create_queue(QueueName=name, Attributes=dict(attributes))["QueueUrl"]
        return url

    def send(self, bodies: Iterable[str], **options: Any) -> None:
        """Send them, one after the other. ``options``: of SendMessage, such as ``MessageGroupId``."""
        for body in bodies:
            self._sqs.send_message(QueueUrl=self.url, MessageBody=body, **options)

    def waiting(self) -> int:
        """How many messages are visible."""
        return self.counts()[0]

    def in_flight(self) -> int:
        """How many messages are hidden, because somebody has them in work."""
        return self.counts()[1]

    def is_empty(self) -> bool:
        """Whether nothing is left, nor delayed."""
        return self.counts() == (0, 0, 0)

    def counts(self) -> tuple[int, int, int]:
        """How many messages are visible, hidden and delayed."""
        names = [f"ApproximateNumberOfMessages{kind}" for kind in ("", "NotVisible", "Delayed")]
        found = self._sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)["Attributes"]
        visible, hidden, delayed = (int(found[name]) for name in names)
        return visible, hidden, delayed

    def dead_letters(self) -> list[str]:
        """The bodies in the dead-letter queue; they stay there."""
        found: list[Mapping[str, Any]] = []
        while received := self._sqs.receive_message(QueueUrl=self.dead, MaxNumberOfMessages=10).get("Messages", ()):
            found.extend(received)
        for message in found:
            self._sqs.change_message_visibility(
                QueueUrl=self.dead, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
            )
        return sorted(message["Body"] for message in found)
