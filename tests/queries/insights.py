"""A small reader of CloudWatch Logs Insights' language: enough of it to run the documented queries over real lines.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
"""

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, TypeAlias

Row: TypeAlias = dict[str, Any]
Expression: TypeAlias = Callable[[Row], Any]

_TOKEN = re.compile(r'\s*(?:"([^"]*)"|(\d+(?:\.\d+)?[smhd]?)\b|([@\w.]+)|(!=|<=|>=|[=<>(),|\[\]*]))')


def run(query: str, lines: Iterable[str]) -> list[Row]:
    """The rows that the query gives for these lines, the first of which is the oldest."""
    rows = [_row(line, at) for at, line in enumerate(lines)]
    for command in query.strip().split("|"):
        reader = _Reader(command)
        rows = _COMMANDS[reader.word()](reader, rows)
        reader.end()
    return rows


def _row(line: str, at: int) -> Row:
    """The fields of a JSON line: nested names with dots, booleans as numbers."""
    row: Row = {"@message": line, "@timestamp": at}

    def flatten(prefix: str, value: Any) -> None:
        if isinstance(value, dict):
            for key, item in value.items():  # pyright: ignore[reportUnknownVariableType] -- of any JSON
                flatten(f"{prefix}.{key}" if prefix else str(key), item)  # pyright: ignore[reportUnknownArgumentType]
        elif value is not None:
            row[prefix] = int(value) if isinstance(value, bool) else value

    with suppress(json.JSONDecodeError):
        flatten("", json.loads(line))
    return row


class _Reader:
    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        at = 0
        text = text.strip()
        while at < len(text):
            found = _TOKEN.match(text, at)
            assert found, f"what is this: {text[at:]!r}"
            kinds = ("text", "number", "name", "sign")
            self._tokens.append(
                next((kind, it) for kind, it in zip(kinds, found.groups(), strict=True) if it is not None)
            )
            at = found.end()
        self._at = 0

    def peek(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""

    def next(self) -> tuple[str, str]:
        self._at += 1
        return self._tokens[self._at - 1]

    def word(self) -> str:
        return self.next()[1]

    def takes(self, word: str) -> bool:
        if self.peek() == word:
            self._at += 1
            return True
        return False

    def wants(self, word: str) -> None:
        assert self.takes(word), f"{word!r} is missing before {self.peek()!r}"

    def end(self) -> None:
        assert not self.peek(), f"left over: {self.peek()!r}"


def _condition(reader: _Reader) -> Expression:
    parts = [_conjunction(reader)]
    while reader.takes("or"):
        parts.append(_conjunction(reader))
    return lambda row: any(part(row) for part in parts)


def _conjunction(reader: _Reader) -> Expression:
    parts = [_comparison(reader)]
    while reader.takes("and"):
        parts.append(_comparison(reader))
    return lambda row: all(part(row) for part in parts)


_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
}


def _comparison(reader: _Reader) -> Expression:
    if reader.takes("not"):
        inner = _comparison(reader)
        return lambda row: not inner(row)
    if reader.takes("("):
        inner = _condition(reader)
        reader.wants(")")
        return inner
    if reader.takes("ispresent"):
        reader.wants("(")
        name = reader.word()
        reader.wants(")")
        return lambda row: name in row
    left = _value(reader)
    if reader.takes("in"):
        reader.wants("[")
        choices = [_value(reader)]
        while reader.takes(","):
            choices.append(_value(reader))
        reader.wants("]")
        return lambda row: left(row) in [choice(row) for choice in choices]
    compare, right = _COMPARE[reader.word()], _value(reader)
    return lambda row: left(row) is not None and right(row) is not None and compare(left(row), right(row))


def _value(reader: _Reader) -> Expression:
    kind, text = reader.next()
    if kind == "text":
        return lambda row: text
    if kind == "number":
        return lambda row: float(text)
    assert kind == "name", text
    return lambda row: row.get(text)


def _filter(reader: _Reader, rows: list[Row]) -> list[Row]:
    keeps = _condition(reader)
    return [row for row in rows if keeps(row)]


def _percentile(values: list[float], part: str) -> float:
    return sorted(values)[max(math.ceil(len(values) * float(part) / 100) - 1, 0)]


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "count": len,
    "sum": sum,
    "avg": _mean,
    "max": max,
    "min": min,
    "pct": _percentile,
}


def _stats(reader: _Reader, rows: list[Row]) -> list[Row]:
    columns: list[tuple[str, Callable[[list[Row]], Any]]] = []
    while True:
        function = _FUNCTIONS[reader.word()]
        reader.wants("(")
        field = reader.word()
        arguments = [reader.word()] if reader.takes(",") else []
        reader.wants(")")
        reader.wants("as")
        columns.append((reader.word(), _aggregate(function, field, arguments)))
        if not reader.takes(","):
            break
    groups: dict[tuple[Any, ...], list[Row]] = {}
    by: list[str] = []
    if reader.takes("by"):
        by.append(_group(reader))
        while reader.takes(","):
            by.append(_group(reader))
    for row in rows:
        groups.setdefault(tuple(row.get(name) for name in by if name != "bin"), []).append(row)
    named = [name for name in by if name != "bin"]
    return [
        {**dict(zip(named, group, strict=True)), **{name: column(members) for name, column in columns}}
        for group, members in groups.items()
    ]


def _aggregate(function: Callable[..., Any], field: str, arguments: list[str]) -> Callable[[list[Row]], Any]:
    return lambda rows: function([row.get(field) for row in rows if field == "*" or field in row], *arguments)


def _group(reader: _Reader) -> str:
    name = reader.word()
    if name == "bin":  # everything that is looked at here lies in one bin
        reader.wants("(")
        assert re.fullmatch(r"\d+[smhd]", reader.word())
        reader.wants(")")
    return name


def _sort(reader: _Reader, rows: list[Row]) -> list[Row]:
    name = reader.word()
    descending = not reader.takes("asc") and reader.takes("desc")
    return sorted(rows, key=lambda row: row[name], reverse=descending)


def _limit(reader: _Reader, rows: list[Row]) -> list[Row]:
    return rows[: int(reader.word())]


def _display(reader: _Reader, rows: list[Row]) -> list[Row]:
    names = [reader.word()]
    while reader.takes(","):
        names.append(reader.word())
    return [{name: row[name] for name in names if name in row} for row in rows]


_COMMANDS: Mapping[str, Callable[[_Reader, list[Row]], list[Row]]] = {
    "filter": _filter,
    "stats": _stats,
    "sort": _sort,
    "limit": _limit,
    "display": _display,
    "fields": _display,
}
