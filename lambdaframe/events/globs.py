"""Texts with wildcards: whether one takes a text, takes all that another takes, or takes nothing that another takes.

Exact texts, prefixes, suffixes and wildcards are one thing here: literal parts with any run of characters between
them. ``("a",)`` is exact, ``("a", "")`` a prefix, ``("", "a")`` a suffix, ``("a", "b")`` the wildcard ``a*b``.
"""

from typing import Final, NamedTuple, TypeAlias

_ANY: Final = ""
"""The token for any run of characters. Every other token is one character."""

_Tokens: TypeAlias = tuple[str, ...]


class Glob(NamedTuple):
    """``fold``: case does not matter; then the parts are case-folded."""

    parts: tuple[str, ...]
    fold: bool = False


def glob(*parts: str, fold: bool = False) -> Glob:
    """A text of these parts, with anything between them."""
    return Glob(tuple(part.casefold() for part in parts) if fold else parts, fold)


def takes_text(taker: Glob, text: str) -> bool:
    """Whether the text is one of those that are meant. Linear, whatever the text."""
    parts = taker.parts
    if taker.fold:
        text = text.casefold()
    head = parts[0]
    if len(parts) == 1:
        return text == head
    end = len(text) - len(parts[-1])
    at = len(head)
    if end < at or not text.startswith(head) or not text.endswith(parts[-1]):
        return False
    for part in parts[1:-1]:
        at = text.find(part, at, end)
        if at < 0:
            return False
        at += len(part)
    return True


def covers_glob(wide: Glob, narrow: Glob) -> bool:
    """Whether surely every text that ``narrow`` takes is taken by ``wide``. It may not see it in odd cases."""
    if narrow.fold and not wide.fold:
        return False
    tokens = _tokens(narrow, wide.fold)
    parts = [tuple(part) for part in wide.parts]
    if len(parts) == 1:
        return tokens == parts[0]
    head, *middle, tail = parts
    at, end = len(head), len(tokens) - len(tail)
    if end < at or tokens[:at] != head or tokens[end:] != tail:
        return False
    for part in middle:
        found = next((i for i in range(at, end - len(part) + 1) if tokens[i : i + len(part)] == part), None)
        if found is None:
            return False
        at = found + len(part)
    return True


def apart_globs(one: Glob, other: Glob) -> bool:
    """Whether there is no text that both take."""
    fold = one.fold or other.fold
    left, right = _tokens(one, fold), _tokens(other, fold)
    # meets[j]: whether what is left of both, from i and j on, can be one text.
    below = [False] * (len(right) + 1)
    for i in range(len(left), -1, -1):
        row = [False] * (len(right) + 1)
        for j in range(len(right), -1, -1):
            row[j] = _meets(left, right, i, j, row, below)
        below = row
    return not below[0]


def _meets(left: _Tokens, right: _Tokens, i: int, j: int, row: list[bool], below: list[bool]) -> bool:
    here, there = i < len(left), j < len(right)
    if not here and not there:
        return True
    if here and left[i] == _ANY and (below[j] or (there and row[j + 1])):
        return True
    if there and right[j] == _ANY and (row[j + 1] or (here and below[j])):
        return True
    return here and there and left[i] == right[j] != _ANY and below[j + 1]


def _tokens(given: Glob, fold: bool) -> _Tokens:
    """The characters, and ``_ANY`` between the parts."""
    tokens: list[str] = []
    for index, part in enumerate(given.parts):
        if index:
            tokens.append(_ANY)
        tokens.extend(part.casefold() if fold and not given.fold else part)
    return tuple(tokens)
