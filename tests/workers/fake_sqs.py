"""An SQS client in memory, on the clock of the loop: it does what a test says, and writes down what it was asked."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from botocore.exceptions import ClientError  # type: ignore[import-untyped]  # pyright: ignore -- it has no types

ARN = "arn:aws:sqs:eu-central-1:123456789012:orders"
URL = "https://sqs.eu-central-1.amazonaws.com/123456789012/orders"


def refused(code: str = "ServiceUnavailable") -> Exception:
    """What a call raises that AWS has said no to."""
    error: Exception = ClientError({"Error": {"Code": code, "Message": "no"}}, "Call")
    return error


def sent(
    identifier: str, body: str = "{}", *, receipt: str | None = None, count: int = 1, group: str | None = None
) -> dict[str, Any]:
    """A message as ReceiveMessage gives it."""
    attributes = {"ApproximateReceiveCount": str(count), **({"MessageGroupId": group} if group else {})}
    receipt = receipt or f"{identifier}-{count}"
    return {"MessageId": identifier, "ReceiptHandle": receipt, "Body": body, "Attributes": attributes}


class Change(NamedTuple):
    """A change of visibility: when, of which receipt, for how many seconds."""

    at: float
    receipt: str
    seconds: int


class FakeSQS:
    """``deliver`` makes messages ready to be received. ``deletes``: the receipts of each call that deletes.

    ``to_raise``: errors of the next polls. ``delete_answers``: what the next calls that delete answer, or raise.
    ``delete_takes``: seconds.
    """

    def __init__(self, *, waits: bool = True) -> None:
        self._waits = waits
        self._ready: list[Mapping[str, Any]] = []
        self._news = asyncio.Event()
        self._began = asyncio.get_running_loop().time()
        self.polls: list[tuple[float, int]] = []
        self.deletes: list[list[str]] = []
        self.changes: list[Change] = []
        self.to_raise: list[Exception] = []
        self.delete_answers: list[Mapping[str, Any] | Exception] = []
        self.deleted = asyncio.Event()
        self.delete_takes = 0.0

    def deliver(self, *messages: Mapping[str, Any]) -> None:
        self._ready.extend(messages)
        self._news.set()

    async def receive_message(
        self,
        *,
        MaxNumberOfMessages: int,  # noqa: N803  AWS's name
        WaitTimeSeconds: int,  # noqa: N803  AWS's name
        **_: Any,
    ) -> Mapping[str, Any]:
        self.polls.append((self.now, MaxNumberOfMessages))
        if self.to_raise:
            raise self.to_raise.pop(0)
        if not self._ready and self._waits:
            self._news.clear()
            try:
                async with asyncio.timeout(WaitTimeSeconds):
                    await self._news.wait()
            except TimeoutError:
                return {}
        taken, self._ready = self._ready[:MaxNumberOfMessages], self._ready[MaxNumberOfMessages:]
        return {"Messages": taken} if taken else {}

    async def delete_message_batch(
        self,
        *,
        Entries: Sequence[Mapping[str, Any]],  # noqa: N803  AWS's name
        **_: Any,
    ) -> Mapping[str, Any]:
        self.deletes.append([entry["ReceiptHandle"] for entry in Entries])
        await asyncio.sleep(self.delete_takes)
        answer: Mapping[str, Any] | Exception = self.delete_answers.pop(0) if self.delete_answers else dict[str, Any]()
        if isinstance(answer, Exception):
            raise answer
        self.deleted.set()
        return answer

    async def change_message_visibility_batch(
        self,
        *,
        Entries: Sequence[Mapping[str, Any]],  # noqa: N803  AWS's name
        **_: Any,
    ) -> Mapping[str, Any]:
        self.changes += [Change(self.now, entry["ReceiptHandle"], entry["VisibilityTimeout"]) for entry in Entries]
        return {}

    @property
    def now(self) -> float:
        """Seconds since it was made."""
        return round(asyncio.get_running_loop().time() - self._began, 3)
