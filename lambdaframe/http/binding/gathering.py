"""How one field finds its raw value among those of a request: the last one, all of them, or a model's worth.

A gatherer gives ``EMPTY`` where the request has none.
"""

from collections.abc import Callable, Collection
from types import NoneType
from typing import Any, TypeAlias, get_args

from lambdaframe.http.binding.dependant import Field
from lambdaframe.http.binding.models import Shape, shape_of
from lambdaframe.http.binding.parameters import Place
from lambdaframe.http.binding.shapes import takes_bytes
from lambdaframe.http.binding.values import Values
from lambdaframe.signature import EMPTY, bare

Gather: TypeAlias = Callable[[Values], Any]


def gather_one(field: Field) -> Gather:
    """The first header of a name; of everything else the last value. An empty form field was not filled in."""
    place, name, content = field.place, field.name, takes_bytes(field.annotation)
    if place == "header":
        return _gather_header(field.name.encode("latin-1"))

    def gather(values: Values) -> Any:
        found = values.of(place).get(name)
        if found is None or (place == "form" and found[-1] == ""):
            return EMPTY
        return values.content(found[-1]) if content else found[-1]

    return gather


def _gather_header(name: bytes) -> Gather:
    def gather(values: Values) -> Any:
        found = values.header(name)
        return found[0].decode("latin-1") if found else EMPTY

    return gather


def gather_all(field: Field) -> Gather:
    """Every value of a name."""
    place, name, content = field.place, field.name, takes_bytes(field.annotation)

    def gather(values: Values) -> Any:
        found = values.of(place).get(name)
        if found is None:
            return EMPTY
        return [values.content(value) for value in found] if content else found

    return gather


class ModelGatherer:
    """A dict for a model to validate. ``claimed``: names that other fields take, so that they are no extras."""

    def __init__(self, field: Field, claimed: Collection[str]) -> None:
        self._field = field
        self._claimed = frozenset(claimed)
        self._optional = not field.required or NoneType in get_args(bare(field.annotation))
        self._shape: Shape | None = None

    @property
    def shape(self) -> Shape:
        """The model's own, read at first use: by then it is complete."""
        if self._shape is None:
            self._shape = shape_of(self._field)
        return self._shape

    def __call__(self, values: Values) -> Any:
        """What the request holds of the model's fields, and everything that nobody claimed."""
        shape, place = self.shape, self._field.place
        lists = values.of(place)
        if self._optional and not self._is_sent(lists):
            return EMPTY
        gathered: dict[str, Any] = {}
        taken: set[str] = set()
        for member in shape.members:
            key, sent = next((pair for pair in member.keys if pair[1] in lists), member.keys[0])
            taken.update(other for pair in member.keys for other in (pair if pair[0] != pair[1] else ()))
            taken.add(sent)
            if sent in lists:
                value = _of_member(values, lists[sent], place, many=member.many, content=takes_bytes(member.annotation))
                if value is not EMPTY:
                    gathered[key] = value
        for name, found in lists.items():
            if name not in taken and name not in self._claimed:
                gathered[name] = found[0] if len(found) == 1 else found
        return gathered

    def _is_sent(self, lists: Collection[str]) -> bool:
        shape = self.shape
        return any(name in shape.own or (shape.extra and name not in self._claimed) for name in lists)

    def located(self, errors: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Errors with headers called as they are sent."""
        if self._field.place != "header":
            return errors
        sent = dict(pair for member in self.shape.members for pair in member.keys)
        return [
            {**error, "loc": [sent.get(error["loc"][0], error["loc"][0]), *error["loc"][1:]]} if error["loc"] else error
            for error in errors
        ]


def _of_member(values: Values, found: list[Any], place: Place, *, many: bool, content: bool) -> Any:
    if many:
        return [values.content(value) for value in found] if content else found
    value = found[0 if place == "header" else -1]
    if place == "form" and value == "":
        return EMPTY
    return values.content(value) if content else value
