"""What an application says of itself: the parts of its document that are not made from its routes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Info:
    """https://spec.openapis.org/oas/v3.1.0#info-object, and what stands beside it.

    ``summary``, ``contact``, ``license_info`` and ``terms_of_service`` (a URL) are of the Info Object; ``servers``, and
    ``tags`` with their descriptions, stand beside it.
    """

    title: str = "lambdaframe"
    version: str = "0.1.0"
    summary: str | None = None
    description: str | None = None
    terms_of_service: str | None = None
    contact: Mapping[str, Any] | None = None
    license_info: Mapping[str, Any] | None = None
    servers: Sequence[Mapping[str, Any]] = ()
    tags: Sequence[Mapping[str, Any]] = ()

    def head(self) -> dict[str, Any]:
        """The document's ``info`` and ``servers``: what comes before the paths."""
        said = {
            "summary": self.summary,
            "description": self.description,
            "termsOfService": self.terms_of_service,
            "contact": self.contact,
            "license": self.license_info,
        }
        info = {"title": self.title, "version": self.version, **{name: value for name, value in said.items() if value}}
        head: dict[str, Any] = {"openapi": "3.1.0", "info": info}
        if self.servers:
            head["servers"] = [dict(server) for server in self.servers]
        return head
