"""JMESPath expressions that say what of a payload is the key, or is compared: https://jmespath.org/specification.html

An expression is compiled, and its mistakes are found, where the operation is registered. jmespath is an optional
package and imported there.
"""

from collections.abc import Iterator, Sequence
from typing import Any, cast

import orjson

from lambdaframe.errors import ConfigurationError, IdempotencyKeyError
from lambdaframe.idempotency.keys import canonical


class Expression:
    """One compiled expression. ``roots``: the names it reads from the value it is given; None when it may read all."""

    __slots__ = ("_parsed", "operation", "roots", "text")

    def __init__(self, operation: str, text: str, parsed: Any) -> None:
        self.operation = operation
        self.text = text
        self._parsed = parsed
        found = list(_roots(parsed.parsed))
        self.roots = None if None in found else frozenset(cast("list[str]", found))

    def search(self, value: Any) -> Any:
        """What the expression gives for a JSON value: JSON again, None where there is nothing.

        Raises IdempotencyKeyError where a function in it is given what it does not take.
        """
        try:
            return self._parsed.search(value)
        except ValueError as exc:  # JMESPathError
            raise IdempotencyKeyError(f"{self.operation}: {self.text!r} has no result for this payload: {exc}") from exc

    def __repr__(self) -> str:
        return f"<Expression {self.text!r}>"


def expression(operation: str, text: str) -> Expression:
    """Compile it. ``operation`` stands in messages.

    Raises ConfigurationError for a text that is no expression, for a function that JMESPath does not have, and when
    the package is missing.
    """
    try:
        import jmespath
        from jmespath.functions import Functions
    except ModuleNotFoundError as exc:
        raise ConfigurationError(
            f"{operation}: {text!r} is a JMESPath expression, and that needs the package jmespath: "
            "install lambdaframe[jmespath], or give a function."
        ) from exc
    try:
        parsed = jmespath.compile(text)
    except ValueError as exc:
        raise ConfigurationError(f"{operation}: {text!r} is no JMESPath expression: {exc}") from exc
    known = cast("Any", Functions).FUNCTION_TABLE
    for name in _functions(parsed.parsed):
        if name not in known:
            raise ConfigurationError(
                f"{operation}: JMESPath has no function {name}(), in {text!r}; give a Python function instead."
            )
    return Expression(operation, text, parsed)


def as_json(value: Any) -> Any:
    """A value as the JSON that expressions read: models and dataclasses are objects, keys sorted.

    Raises TypeError for what has no JSON, naming the type.
    """
    return orjson.loads(canonical(value))


def is_missing(result: Any) -> bool:
    """Whether a result names nothing: null, an empty text, or a list or an object of nothing but these."""
    if isinstance(result, dict):
        return is_missing(list(cast("dict[str, Any]", result).values()))
    if isinstance(result, list):
        return all(each is None or each == "" for each in cast("Sequence[Any]", result))
    return result is None or result == ""


_LEFT_FIRST = {
    *("subexpression", "index_expression", "pipe"),
    *("projection", "value_projection", "filter_projection", "flatten"),
}
"""Nodes whose first child reads the value, and whose others read what that gave."""


def _roots(node: Any) -> Iterator[str | None]:
    """The names that an expression reads from the value itself; None where it takes all of it."""
    kind, children = node["type"], node["children"]
    if kind == "field":
        yield node["value"]
    elif kind in {"current", "identity"}:
        yield None
    elif kind in _LEFT_FIRST:
        yield from _roots(children[0])
    elif kind not in {"literal", "expref"}:
        for child in children:
            yield from _roots(child)


def _functions(node: Any) -> Iterator[str]:
    if node["type"] == "function_expression":
        yield node["value"]
    for child in node["children"]:
        if isinstance(child, dict):  # a slice's are numbers
            yield from _functions(child)
