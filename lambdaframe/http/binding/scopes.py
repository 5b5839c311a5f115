"""The OAuth2 scopes that the way from a handler to a dependency asks for."""

from collections.abc import Sequence


class SecurityScopes:
    """An argument of this type gets the scopes of every ``Security(..., scopes=[...])`` above it.

    ``scopes``: in the order of the way down, each once. ``scope_str``: the same with spaces between, as in OAuth2.
    """

    def __init__(self, scopes: Sequence[str] | None = None) -> None:
        self.scopes = list(scopes or ())
        self.scope_str = " ".join(self.scopes)
