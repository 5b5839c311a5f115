"""A store in a DynamoDB table: one conditional UpdateItem for each move.

The condition is evaluated where the item is, so each move is atomic, and a refusal brings the item that refused it.
How an item looks is the layout's; this module asks and translates.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from lambdaframe.errors import ConfigurationError, StoreUnavailableError
from lambdaframe.idempotency.counters import Counters
from lambdaframe.idempotency.lock import Lockable
from lambdaframe.idempotency.policy import Duration
from lambdaframe.idempotency.store import Naming
from lambdaframe.idempotency.stores._dynamodb_client import ATTEMPTS, BACKOFF, ClientFactory
from lambdaframe.idempotency.stores._dynamodb_errors import failures, translated
from lambdaframe.idempotency.stores._dynamodb_options import (
    checked_endpoint,
    checked_layout,
    checked_seconds,
    checked_size,
    checked_table,
    read_url,
)
from lambdaframe.idempotency.stores._dynamodb_table import ensure_table, keys_of
from lambdaframe.idempotency.stores.dynamodb_layout import Item, Layout
from lambdaframe.idempotency.stores.per_loop import PerLoop
from lambdaframe.idempotency.transitions import (
    NOTHING,
    TABLE,
    Claim,
    Entry,
    Move,
    Outcome,
    Reply,
    Verdict,
    allowed,
    refusal,
)
from lambdaframe.types import Clock

if TYPE_CHECKING:
    import aioboto3  # type: ignore[import-untyped]  # pyright: ignore[reportMissingTypeStubs] -- it has none


class DynamoDBStore(Lockable):
    """Records in a DynamoDB table.

    ``table``: its name or ARN. ``layout``: ``"powertools"`` shares a table with Powertools for AWS Lambda.
    ``region_name``, ``endpoint_url``, ``session``: where, and with whose credentials; by default as the environment
    says. ``clock``: what time it is (``time()``, seconds); the clocks of all who use the table may differ by less than
    a second. ``create_table``: make the table before the first move, if it is not there. ``connect_timeout``,
    ``read_timeout``: seconds of one of three attempts. ``max_result_size``: the longest result that is kept, in bytes.
    ``idle_limit``: after so many seconds without a move new connections are made.

    Moves raise StoreUnavailableError when DynamoDB can't be reached, is throttled or gives no answer in time, and
    ConfigurationError for what does not change by itself: no such table, no permission, no region. It runs on asyncio,
    in any number of loops.
    """

    def __init__(
        self,
        table: str,
        *,
        layout: Literal["lambdaframe", "powertools"] | Layout = "lambdaframe",
        region_name: str | None = None,
        endpoint_url: str | None = None,
        session: "aioboto3.Session | None" = None,
        clock: Clock = time,
        create_table: bool = False,
        connect_timeout: Duration = 1.0,
        read_timeout: Duration = 2.0,
        max_result_size: int = 350_000,
        idle_limit: Duration = 60.0,
    ) -> None:
        self.table = checked_table(table)
        self._name = f"DynamoDB table {table!r}"
        self.max_result_size = checked_size(max_result_size)
        self.counters = Counters()
        self._layout = checked_layout(layout)
        self.naming: Naming | None = self._layout if isinstance(self._layout, Naming) else None
        self._clock = clock
        self._create = create_table
        connect = checked_seconds("connect_timeout", connect_timeout)
        read = checked_seconds("read_timeout", read_timeout)
        self._limit = ATTEMPTS * (connect + read) + BACKOFF
        self._factory = ClientFactory(
            _sessions(session),
            region_name=region_name,
            endpoint_url=checked_endpoint(endpoint_url),
            connect=connect,
            read=read,
        )
        self._clients: PerLoop[Any] = PerLoop(
            self._client, idle_limit=checked_seconds("idle_limit", idle_limit), clock=clock
        )

    @classmethod
    def from_url(cls, url: str) -> Self:
        """The store that ``dynamodb://table?region=…&endpoint_url=…&layout=powertools&create=true`` names.

        ``connect_timeout``, ``read_timeout``, ``idle_limit`` and ``max_result_size`` may stand there, too.
        """
        table, options = read_url(url)
        return cls(table, **options)

    async def acquire(self, claim: Claim) -> Reply:
        """See Store."""
        return await self._move("acquire", claim)

    async def complete(self, claim: Claim, outcome: Outcome) -> Reply:
        """See Store."""
        return await self._move("complete", claim, outcome)

    async def release(self, claim: Claim) -> Reply:
        """See Store."""
        return await self._move("release", claim)

    async def extend(self, claim: Claim) -> Reply:
        """See Store."""
        return await self._move("extend", claim)

    async def create_table(self) -> None:
        """Make the table: on demand, with its time to live switched on; return when it is active.

        A table that is there is left as it is, but for a time to live that is off; one of other keys, or of another
        time to live, is a ConfigurationError. Needs CreateTable, DescribeTable, UpdateTimeToLive and
        DescribeTimeToLive.
        """
        async with self._asking("create its table") as client:
            await ensure_table(client, self.table, self._layout)

    async def aclose(self) -> None:
        """Close the connections. What is in use ends first; a store that is used again connects again."""
        await self._clients.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _move(self, move: Move, claim: Claim, outcome: Outcome = NOTHING) -> Reply:
        async with self._asking(move) as client, asyncio.timeout(self._limit):
            now = round(self._clock.time() * 1_000)
            update = self._layout.update(move, claim, outcome, now)
            for _ in range(ATTEMPTS):
                try:
                    answer = await client.update_item(
                        TableName=self.table,
                        ReturnValues="ALL_NEW",
                        ReturnValuesOnConditionCheckFailure="ALL_OLD",
                        **update,
                    )
                except client.exceptions.ConditionalCheckFailedException as refused:
                    item = refused.response.get("Item")
                else:
                    item = answer["Attributes"]
                    return self._reply(move, Verdict.GRANTED, item, self._layout.entry(item, claim), now)
                told = item is not None
                if not told:
                    # There is no item any more, or the server is one that does not send it.
                    found = await client.get_item(TableName=self.table, Key=update["Key"], ConsistentRead=True)
                    item = found.get("Item", {})
                rule, entry = TABLE[move], self._layout.entry(item, claim)
                if told or not allowed(rule, entry, claim, now):
                    return self._reply(move, refusal(rule, entry, claim, now), item, entry, now)
        raise StoreUnavailableError(self._name, move, TimeoutError(f"the record changed {ATTEMPTS} times meanwhile"))

    def _reply(self, move: Move, verdict: Verdict, item: Item, entry: Entry, now: int) -> Reply:
        started = move == "acquire" and verdict in {Verdict.GRANTED, Verdict.MINE}
        return Reply(verdict, entry, now, started and self._layout.took_over(item))

    @asynccontextmanager
    async def _asking(self, what: str) -> AsyncGenerator[Any]:
        """The running loop's client; its errors become ours."""
        try:
            async with self._clients.use() as client:
                yield client
        except failures() as exc:
            raise translated(exc, self._name, what, keys_of(self._layout)) from exc

    async def _client(self, stack: AsyncExitStack) -> Any:
        client = await self._factory.client(stack)
        if self._create:
            await ensure_table(client, self.table, self._layout)
            self._create = False
        return client


def _sessions(given: "aioboto3.Session | None") -> "Callable[[], aioboto3.Session]":
    try:
        import aioboto3  # pyright: ignore[reportMissingTypeStubs] -- it has none
    except ImportError as exc:
        raise ConfigurationError("DynamoDBStore needs aioboto3: install lambdaframe[dynamodb].") from exc
    return aioboto3.Session if given is None else lambda: given
