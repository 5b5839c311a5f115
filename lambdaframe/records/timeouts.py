"""How long one record may take."""

import asyncio
from typing import Any

from lambdaframe.concurrency import on_asyncio
from lambdaframe.records.calling import RecordCall
from lambdaframe.records.record import Record


def timed(call: RecordCall, seconds: float) -> RecordCall:
    """``call`` cancelled after so many seconds, which raises TimeoutError."""
    message = f"The record took longer than its {seconds:g} s"

    async def bounded(record: Record, arguments: tuple[Any, ...]) -> Any:
        run = _on_asyncio if on_asyncio() else _on_trio
        return await run(seconds, message, call, record, arguments)

    return bounded


async def _on_asyncio(seconds: float, message: str, call: RecordCall, *args: Any) -> Any:
    # Its own timeout rather than anyio's: that would cancel every await of the clean-up as well.
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            return await call(*args)
    except TimeoutError:
        if limit.expired():
            raise TimeoutError(message) from None
        raise


async def _on_trio(seconds: float, message: str, call: RecordCall, *args: Any) -> Any:
    from anyio import move_on_after

    result: Any = None
    with move_on_after(seconds) as limit:
        result = await call(*args)
    if limit.cancelled_caught:
        raise TimeoutError(message)
    return result
