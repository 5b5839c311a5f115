"""What an argument gets where the request has no value for it."""

from collections.abc import Callable
from copy import deepcopy
from enum import Enum
from functools import partial
from typing import Any, NamedTuple

from lambdaframe.http.binding.dependant import Field
from lambdaframe.signature import EMPTY

_IMMUTABLE = (str, int, float, bytes, type(None), Enum)


class Default(NamedTuple):
    """``value`` is ``EMPTY`` where there is none; ``factory`` is called for each request."""

    value: Any
    factory: Callable[[], Any] | None

    @property
    def required(self) -> bool:
        return self.value is EMPTY and self.factory is None

    def make(self) -> Any:
        """A value that no other request has."""
        return self.value if self.factory is None else self.factory()


def default_of(field: Field) -> Default:
    """A mutable default is copied for each request."""
    if field.default_factory is not None:
        return Default(EMPTY, field.default_factory)
    if field.default is EMPTY or isinstance(field.default, _IMMUTABLE):
        return Default(field.default, None)
    return Default(EMPTY, partial(deepcopy, field.default))
