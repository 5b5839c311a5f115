"""``lambdaframe work``: from its options to the workers' settings, checked before anything is polled."""

import math
from collections.abc import Sequence
from urllib.parse import urlsplit

from lambdaframe.app import App
from lambdaframe.errors import ConfigurationError
from lambdaframe_adapters.workers.service import QueueSource, StreamSource
from lambdaframe_adapters.workers.sqs import Retry

SHORTEST = 2.0
"""Seconds: of less, the engine keeps too much in reserve to start anything."""


def sources_of(
    app: App, queues: Sequence[str], streams: Sequence[str], concurrency: int | None
) -> list[QueueSource | StreamSource]:
    """What to poll. ``concurrency`` where given, else each consumer's own.

    Raises NoConsumerError where nobody takes what would come, and ConfigurationError for what is no queue's URL.
    """
    if not queues and not streams:
        raise ConfigurationError("There is nothing to work on: give --sqs URL or --kinesis NAME, as often as you like.")
    sources: list[QueueSource | StreamSource] = []
    for url in queues:
        parts = urlsplit(url)
        name = parts.path.rpartition("/")[2]
        if parts.scheme not in {"http", "https"} or not name:
            raise ConfigurationError(f"--sqs takes the queue's URL, as 'aws sqs get-queue-url' prints it, not {url!r}.")
        consumer = app.consumer_of("sqs", name)
        sources.append(QueueSource(url, concurrency or consumer.options.concurrency))
    for name in streams:
        app.consumer_of("kinesis", name)
        sources.append(StreamSource(name))
    return sources


def retry_of(text: str) -> Retry:
    """``backoff``, ``leave`` or seconds. Raises ConfigurationError."""
    if text == "backoff":
        return "backoff"
    if text == "leave":
        return "leave"
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds <= 43_200:
        raise ConfigurationError(f"--retry is 'backoff', 'leave' or seconds from 0 to 43200, not {text!r}.")
    return seconds


def check_timeout(seconds: float | None) -> None:
    """Raises ConfigurationError for a time in which nothing could be started."""
    if seconds is not None and seconds < SHORTEST:
        raise ConfigurationError(f"--timeout is at least {SHORTEST:g} seconds, not {seconds:g}.")
