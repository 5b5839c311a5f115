"""What the demonstration prints: an exchange, its log lines, and what was expected where the answer is another."""

import json
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TextIO, cast

RESET, BOLD, DIM, RED, GREEN, CYAN = "\033[0m", "\033[1m", "\033[2m", "\033[31m", "\033[32m", "\033[36m"


@dataclass(frozen=True)
class Difference:
    """Something that should have been otherwise. ``where`` names it: ``status``, ``body.id``."""

    where: str
    expected: Any
    got: Any


def differences(where: str, expected: Any, got: Any) -> Iterable[Difference]:
    """How ``got`` differs. Of an expected object only the named members count; everything else must be equal."""
    if isinstance(expected, Mapping) and isinstance(got, Mapping):
        members, found = cast("Mapping[str, Any]", expected), cast("Mapping[str, Any]", got)
        for name, value in members.items():
            yield from differences(f"{where}.{name}", value, found.get(name))
    elif expected != got:
        yield Difference(where, expected, got)


class Screen:
    """Prints, and counts what was right and wrong. Colours where ``stream`` is a terminal, unless NO_COLOR is set.

    ``stream`` is standard output unless another is given.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._colours = self._stream.isatty() and not os.environ.get("NO_COLOR")
        self.right = 0
        self.wrong = 0

    def part(self, title: str, remark: str) -> None:
        """The heading of one of the three ways."""
        self._print(f"\n{self._in(BOLD, title)}\n{remark}\n")

    def exchange(
        self, kind: str, title: str, asked: str, answer: str, lines: Iterable[str], wrong: Iterable[Difference]
    ) -> None:
        """One event: its kind, what was asked, the answer, the log lines, and whether it was as expected."""
        wrong = list(wrong)
        mark = self._in(RED, "WRONG") if wrong else self._in(GREEN, "ok")
        self._print(f"  {self._in(CYAN, kind)} · {title}  {mark}")
        self._print(f"    > {asked.rstrip()}")
        self._print(f"    < {answer}")
        self.lines(lines)
        for difference in wrong:
            self._print(self._in(RED, f"    {difference.where}: expected {difference.expected!r}"))
            self._print(self._in(RED, f"    {' ' * len(difference.where)}       got {difference.got!r}"))
        self._print("")
        if wrong:
            self.wrong += 1
        else:
            self.right += 1

    def lines(self, lines: Iterable[str]) -> None:
        """Log lines, as they were written."""
        for line in lines:
            self._print(self._in(DIM, f"    | {line}"))

    def say(self, text: str) -> None:
        self._print(text)

    def verdict(self, text: str) -> None:
        self._print(self._in(RED if self.wrong else GREEN, text))

    def _print(self, text: str) -> None:
        print(text, file=self._stream, flush=True)

    def _in(self, colour: str, text: str) -> str:
        return f"{colour}{text}{RESET}" if self._colours else text


def compact(value: Any) -> str:
    """JSON on one line."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
