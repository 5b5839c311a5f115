"""What Lambda makes of a function's answer to a batch.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
"""

from collections.abc import Sequence
from typing import Any

from lambdaframe_adapters._json import ARRAY, OBJECT


def reported(answer: Any) -> Sequence[Any] | None:
    """The identifiers of the items that the answer says have failed; none for the whole success, None for the whole
    failure. ``answer`` is decoded JSON.

    The whole success is an empty or null answer, and an empty, null or missing ``batchItemFailures``: so a misspelt
    name of that key reads as success, too. The whole failure is an item whose identifier is empty, null or under
    another key. AWS does not say what becomes of an answer that is no object, or of failures that are no list: here
    it is the failure. Whether the source knows the identifiers is for the poller to check.
    """
    if answer is None or answer in ("", {}):
        return ()
    if not isinstance(answer, OBJECT):
        return None
    failures: Any = answer.get("batchItemFailures")
    if failures is None:
        return ()
    if not isinstance(failures, ARRAY):
        return None
    identifiers = [item.get("itemIdentifier") if isinstance(item, OBJECT) else None for item in failures]
    return identifiers if all(identifiers) else None
