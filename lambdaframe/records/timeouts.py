"""How long one record may take."""

from typing import Any

from lambdaframe.concurrency import time_limit
from lambdaframe.records.calling import RecordCall
from lambdaframe.records.record import Record


def timed(call: RecordCall, seconds: float) -> RecordCall:
    """``call`` cancelled after so many seconds, which raises TimeoutError."""

    async def bounded(record: Record, arguments: tuple[Any, ...]) -> Any:
        result: Any = None
        async with time_limit(seconds, TimeoutError(f"The record took longer than its {seconds:g} s")):
            result = await call(record, arguments)
        return result  # noqa: RET504 — for type checkers the block might swallow an exception

    return bounded
