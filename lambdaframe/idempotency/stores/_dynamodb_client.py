"""Making clients of DynamoDB without keeping the loop from its work.

For the first client of a session botocore reads its description of the service, for some 50 ms, and keeps it. So a
client is made and thrown away outside of the loop before the first real one.
"""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from typing import Any
from weakref import WeakKeyDictionary

from lambdaframe.concurrency import on_asyncio

ATTEMPTS = 3
"""How often the client asks, the first time included."""
BACKOFF = 3.0
"""Seconds between the three attempts together, at most, in botocore's standard mode.

https://docs.aws.amazon.com/boto3/latest/guide/retries.html
"""
_CONNECTIONS = 50


class ClientFactory:
    """Makes clients of DynamoDB. ``new_session``: gives an aioboto3.Session, the user's or a new one.

    What takes long is done when it is made, in Lambda before the first event; if that is inside a running loop, before
    the first client. ``connect``, ``read``: seconds.
    """

    def __init__(
        self,
        new_session: Callable[[], Any],
        *,
        region_name: str | None,
        endpoint_url: str | None,
        connect: float,
        read: float,
    ) -> None:
        from botocore.config import Config  # type: ignore[import-untyped]  # pyright: ignore -- it has no types

        self._new_session = new_session
        self._where = {"region_name": region_name, "endpoint_url": endpoint_url}
        self._config: Any = Config(
            connect_timeout=connect,
            read_timeout=read,
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            max_pool_connections=_CONNECTIONS,
            parameter_validation=False,  # DynamoDB does it, too
        )
        # Sessions belong to a loop, because the locks around refreshed credentials do.
        self._sessions: WeakKeyDictionary[asyncio.AbstractEventLoop, Any] = WeakKeyDictionary()
        self._spare: list[Any] = []
        if not on_asyncio():
            self._spare.append(self._session())

    async def client(self, stack: AsyncExitStack) -> Any:
        """A client for the running loop, open until the stack is closed. Raises what botocore raises."""
        loop = asyncio.get_running_loop()
        session: Any = self._sessions.get(loop)
        if session is None:
            try:
                session = self._spare.pop()
            except IndexError:
                session = await asyncio.to_thread(self._session)
            self._sessions[loop] = session
        made: Any = session.client("dynamodb", config=self._config, **self._where)
        return await stack.enter_async_context(made)

    def _session(self) -> Any:
        session = self._new_session()
        making = _make_client(session)
        with suppress(StopIteration):
            making.send(None)  # without credentials it has nothing to wait for
        making.close()
        return session


async def _make_client(session: Any) -> None:
    """Make a client that asks for nothing, and throw it away."""
    from botocore import UNSIGNED  # type: ignore[import-untyped]  # pyright: ignore -- it has no types
    from botocore.config import Config  # pyright: ignore -- as above

    config: Any = Config(signature_version=UNSIGNED)
    async with session.client("dynamodb", region_name="us-east-1", config=config):
        pass
