"""A stream that remembers each write, and an invocation to write lines in."""

import io
import json
from collections.abc import Generator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from lambdaframe.invocation import Invocation, current

CONTEXT: Any = SimpleNamespace(
    function_name="orders",
    function_version="$LATEST",
    memory_limit_in_mb="512",
    invoked_function_arn="arn:aws:lambda:eu-west-1:123456789012:function:orders",
    aws_request_id="52fdfc07-2182-154f-163f-5f0f9a621d72",
)
"""As awslambdaric fills it."""


class Written(io.StringIO):
    """A text stream that keeps each ``write`` apart, and counts what was flushed."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[str] = []
        self.flushed = 0

    def write(self, text: str, /) -> int:
        self.writes.append(text)
        return super().write(text)

    def flush(self) -> None:
        self.flushed = len(self.writes)

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The lines, read as JSON."""
        return [json.loads(line) for line in self.getvalue().split("\n")[:-1]]

    @property
    def line(self) -> dict[str, Any]:
        """The only line."""
        [line] = self.lines
        return line


@contextmanager
def invocation(**facts: Any) -> Generator[None]:
    """Code inside runs as in this invocation."""
    token = current.set(Invocation(**facts))
    try:
        yield
    finally:
        current.reset(token)
