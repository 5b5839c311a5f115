"""Sending to SQS queues, over connections that are kept for the life of the process. Needs aioboto3, and asyncio."""

import asyncio
import re
from contextlib import AsyncExitStack
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from lambdaframe.concurrency import on_asyncio
from lambdaframe.errors import DeadLetterError

_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}(?<!.{81})|[A-Za-z0-9_-]{1,75}\.fifo")
_REGION = re.compile(r"(?:sqs(?:-fips)?\.([a-z0-9-]+)|([a-z0-9-]+)\.queue)\.(?:amazonaws\.com(?:\.cn)?|api\.aws)")


class Queue(NamedTuple):
    """``name`` is looked up unless there is a ``url``. ``region``, ``endpoint``: None for those of the environment."""

    name: str
    url: str | None = None
    region: str | None = None
    endpoint: str | None = None

    @property
    def fifo(self) -> bool:
        """Whether its messages need a group."""
        return self.name.endswith(".fifo")


def parse_queue(text: str) -> Queue | None:
    """A queue by its name, or by its URL with or without ``https://``; None for what is neither.

    https://docs.aws.amazon.com/general/latest/gr/sqs-service.html
    """
    if _NAME.fullmatch(text):
        return Queue(text)
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        port = parts.port
    except ValueError:
        return None
    name = parts.path.rpartition("/")[2]
    if parts.scheme not in {"http", "https"} or not parts.hostname or not _NAME.fullmatch(name) or parts.query:
        return None
    region = _REGION.fullmatch(parts.hostname)
    if region is not None and port is None:
        return Queue(name, parts.geturl(), region[1] or region[2])
    return Queue(name, parts.geturl(), endpoint=f"{parts.scheme}://{parts.netloc}")


class Queues:
    """The clients of one process, one for each region and endpoint."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._opened = AsyncExitStack()
        self._clients: dict[tuple[str | None, str | None], asyncio.Task[Any]] = {}
        self._urls: dict[Queue, str] = {}

    async def send(self, queue: Queue, message: dict[str, Any]) -> None:
        """Send one message, as ``SendMessage`` takes it.

        Raises what the client raises; DeadLetterError on another loop than asyncio's.
        """
        client = await self._client(queue)
        url = queue.url or self._urls.get(queue)
        if url is None:
            url = self._urls[queue] = (await client.get_queue_url(QueueName=queue.name))["QueueUrl"]
        await client.send_message(QueueUrl=url, **message)

    async def close(self) -> None:
        """Close the clients."""
        opened, self._opened, self._loop = self._opened, AsyncExitStack(), None
        self._clients.clear()
        self._urls.clear()
        await opened.aclose()

    async def _client(self, queue: Queue) -> Any:
        if not on_asyncio():
            raise DeadLetterError("A dead-letter queue needs asyncio; on trio write a function.")
        loop = asyncio.get_running_loop()
        if self._loop is not loop:  # the old one's clients went with it
            self._loop, self._opened, self._clients = loop, AsyncExitStack(), {}
        key = (queue.region, queue.endpoint)
        opening = self._clients.get(key)
        if opening is None:
            opening = self._clients[key] = loop.create_task(self._open(*key))
        try:
            # Shielded: the record that asks first may be cancelled while others wait for the same client.
            return await asyncio.shield(opening)
        except Exception:
            self._clients.pop(key, None)
            raise

    async def _open(self, region: str | None, endpoint: str | None) -> Any:
        import aioboto3  # type: ignore[import-untyped]  # pyright: ignore[reportMissingTypeStubs]  it has none

        session: Any = aioboto3.Session()
        return await self._opened.enter_async_context(session.client("sqs", region_name=region, endpoint_url=endpoint))
