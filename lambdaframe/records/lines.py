"""Answers that wait for those before them in their group: what is acknowledged can't be put back behind a record that
comes again, so a FIFO group is acknowledged from its front."""

from collections import deque

from lambdaframe.records.record import Record
from lambdaframe.types import Message


class Lines:
    """The records of each group in the order they came, with the answers that wait."""

    __slots__ = ("_answers", "_lines")

    def __init__(self) -> None:
        self._lines: dict[str, deque[Record]] = {}
        self._answers: dict[Record, Message] = {}

    def add(self, record: Record) -> None:
        """The next record has come."""
        if record.group is not None:
            self._lines.setdefault(record.group, deque()).append(record)

    def due(self, record: Record, answer: Message) -> list[Message]:
        """What may be sent now that there is this answer: it, those that have waited for it, or nothing yet.

        Behind a failure nothing of its group is ever due: it comes again.
        """
        group = record.group
        if group is None:
            return [answer]
        line = self._lines.get(group)
        if line is None:
            return []
        self._answers[record] = answer
        due: list[Message] = []
        while line and line[0] in self._answers:
            due.append(self._answers.pop(line.popleft()))
            if due[-1]["type"] == "records.failed":
                for later in line:
                    self._answers.pop(later, None)
                line.clear()
        if not line:
            del self._lines[group]
        return due
