"""Security Scheme and Security Requirement Objects, from the dependencies that carry an ``openapi_scheme``.

https://spec.openapis.org/oas/v3.1.0#security-requirement-object
"""

import re
from collections.abc import Iterator
from typing import Any

from lambdaframe.http.binding.dependant import Dependant, SecurityScheme


class SecuritySchemes:
    """The schemes of all operations; ``definitions`` by name."""

    def __init__(self) -> None:
        self.definitions: dict[str, dict[str, Any]] = {}

    def requirements(self, dependant: Dependant) -> list[dict[str, list[str]]]:
        """What an operation asks for.

        Schemes that refuse a request themselves must all be met. Those with ``auto_error=False`` leave that to the
        handler: each of them is one way in, together with the former.
        """
        needed: dict[str, list[str]] = {}
        ways: dict[str, list[str]] = {}
        for function, scheme, scopes in _schemes(dependant, ()):
            found = needed if getattr(function, "auto_error", True) else ways
            known = found.setdefault(self._name(scheme), [])
            known.extend(scope for scope in scopes if scope not in known)
        if not ways:
            return [needed] if needed else []
        return [{**needed, name: scopes} for name, scopes in ways.items()]

    def _name(self, scheme: SecurityScheme) -> str:
        """Its key in the components: its name in the letters that OpenAPI allows there, with a number where another
        scheme has that name already."""
        plain, number = re.sub(r"[^a-zA-Z0-9._-]", "_", scheme.name), 1
        name = plain
        while self.definitions.setdefault(name, scheme.definition) != scheme.definition:
            number += 1
            name = f"{plain}_{number}"
        return name


def _schemes(dependant: Dependant, scopes: tuple[str, ...]) -> Iterator[tuple[Any, SecurityScheme, tuple[str, ...]]]:
    """The schemes of a tree, with the scopes that were asked for on the way to each."""
    for need in dependant.needs:
        asked = (*scopes, *need.scopes)
        scheme = getattr(need.dependant.function, "openapi_scheme", None)
        if scheme is not None:
            yield need.dependant.function, scheme, asked
        yield from _schemes(need.dependant, asked)
