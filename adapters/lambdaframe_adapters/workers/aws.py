"""The seam to AWS: the one place that knows aioboto3 and its errors."""

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from lambdaframe.errors import ConfigurationError, LambdaFrameError

_AWS_QUEUE = re.compile(
    r"sqs(?:-fips)?\.([a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|api\.aws)|([a-z0-9-]+)\.queue\.amazonaws\.com"
)
"""Hosts in the URLs of AWS's own queues.

https://docs.aws.amazon.com/general/latest/gr/sqs-service.html
"""


class WorkerError(LambdaFrameError):
    """Raised when a worker can't start: the queue or stream is not there, or may not be read."""


@asynccontextmanager
async def connect(service: str, *, endpoint_url: str | None = None, region: str | None = None) -> AsyncGenerator[Any]:
    """A client of aioboto3 for ``"sqs"`` or ``"kinesis"``.

    Raises ConfigurationError where aioboto3 is missing or no region is known. Credentials are found as ever: in the
    environment, in the profile, in the container's role.
    """
    try:
        import aioboto3  # type: ignore[import-untyped]  # pyright: ignore[reportMissingTypeStubs] -- it has none
        from botocore.config import Config  # type: ignore[import-untyped]  # pyright: ignore[reportMissingTypeStubs]
        from botocore.exceptions import NoRegionError  # type: ignore[import-untyped]  # pyright: ignore
    except ImportError as exc:
        raise ConfigurationError("A worker needs aioboto3: pip install 'lambdaframe[aws]'.") from exc
    # A long poll of 20 s must not be taken for a connection that hangs.
    config: Any = Config(read_timeout=60, max_pool_connections=50, retries={"mode": "standard"})
    session: Any = aioboto3.Session()
    made = session.client(service, endpoint_url=endpoint_url, region_name=region, config=config)
    try:
        entered = await made.__aenter__()
    except NoRegionError as exc:
        raise ConfigurationError("No region is known: give one (--region) or set AWS_DEFAULT_REGION.") from exc
    try:
        yield entered
    finally:
        await made.__aexit__(None, None, None)


def failures() -> tuple[type[Exception], ...]:
    """What a call to AWS may raise: an answer that says no, or no answer."""
    from botocore.exceptions import BotoCoreError, ClientError  # pyright: ignore -- it has no types

    return (ClientError, BotoCoreError, OSError, TimeoutError)


def code_of(error: Exception) -> str:
    """AWS's name for the error (``ExpiredIteratorException``); the class's name where no answer came."""
    answer: Any = getattr(error, "response", None)
    found = answer.get("Error", {}).get("Code") if isinstance(answer, dict) else None  # pyright: ignore
    return str(found or type(error).__name__)  # pyright: ignore[reportUnknownArgumentType]


def place_of_queue(url: str) -> tuple[str | None, str | None]:
    """Endpoint and region, as far as a queue's URL tells them.

    A queue of AWS names its region; the endpoint is then AWS's own. The URL of any other server begins with the
    endpoint: what stands for a local queue is never asked of AWS.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    known = _AWS_QUEUE.fullmatch(host)
    if known is not None:
        return None, known[1] or known[2]
    return f"{parts.scheme}://{parts.netloc}", None
