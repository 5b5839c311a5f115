"""Lambda's context object, as a fake."""

import time
from dataclasses import dataclass, field
from uuid import uuid4

from lambdaframe.types import Clock


@dataclass
class LambdaContext:
    """What Lambda passes beside the event. ``timeout``: seconds until the deadline, counted from when this was made.

    https://docs.aws.amazon.com/lambda/latest/dg/python-context.html
    """

    timeout: float = 30.0
    aws_request_id: str = field(default_factory=lambda: str(uuid4()))
    function_name: str = "function"
    function_version: str = "$LATEST"
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:function"
    memory_limit_in_mb: str = "128"
    log_group_name: str = "/aws/lambda/function"
    log_stream_name: str = "2026/01/01/[$LATEST]0123456789abcdef0123456789abcdef"
    clock: Clock = time

    def __post_init__(self) -> None:
        self._deadline = self.clock.monotonic() + self.timeout

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the deadline, 0 after it."""
        return max(0, int((self._deadline - self.clock.monotonic()) * 1000))
