"""How far a stream has been read: for each shard the last sequence number that is done.

In memory it is forgotten with the process; in a file it outlives it.
"""

import asyncio
import json
import os
from pathlib import Path
from typing import Any, Protocol, cast

from lambdaframe_adapters.workers.aws import WorkerError

END = "SHARD_END"
"""Stands for the end of a shard that is closed and read."""


AT = "@"
"""Before a time, in seconds since the epoch: nothing is done yet, and what was written since then is to be read."""


class Checkpoints(Protocol):
    """One writer at a time: nothing keeps a second worker from reading the same stream."""

    async def load(self, stream: str) -> dict[str, str]:
        """The last sequence numbers by shard, of the stream with this ARN."""
        ...

    async def save(self, stream: str, shard: str, sequence: str) -> None:
        """Everything in this shard up to this sequence number is done."""
        ...


class MemoryCheckpoints:
    """Checkpoints of one process."""

    def __init__(self) -> None:
        self._streams: dict[str, dict[str, str]] = {}

    async def load(self, stream: str) -> dict[str, str]:
        return dict(self._streams.get(stream, {}))

    async def save(self, stream: str, shard: str, sequence: str) -> None:
        self._streams.setdefault(stream, {})[shard] = sequence


class FileCheckpoints:
    """Checkpoints in a JSON file, replaced as a whole at each save: a crash leaves the old one or the new one."""

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._one = asyncio.Lock()

    async def load(self, stream: str) -> dict[str, str]:
        """Raises WorkerError for a file of another kind."""
        async with self._one:
            return (await asyncio.to_thread(self._read)).get(stream, {})

    async def save(self, stream: str, shard: str, sequence: str) -> None:
        async with self._one:
            await asyncio.to_thread(self._replace, stream, shard, sequence)

    def _read(self) -> dict[str, dict[str, str]]:
        try:
            found: Any = json.loads(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        except ValueError:
            found = None
        if not isinstance(found, dict) or not all(
            isinstance(shards, dict) for shards in cast("dict[str, Any]", found).values()
        ):
            raise WorkerError(f"The file {self._path} holds something else than checkpoints.")
        return cast("dict[str, dict[str, str]]", found)

    def _replace(self, stream: str, shard: str, sequence: str) -> None:
        streams = self._read()
        streams.setdefault(stream, {})[shard] = sequence
        beside = self._path.with_name(f"{self._path.name}.new")
        with beside.open("w") as file:
            json.dump(streams, file, indent=2, sort_keys=True)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._path)
