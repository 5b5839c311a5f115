"""Credentials in texts: what looks like one is hidden wherever it stands, and what the application's patterns find.

Keys tell most credentials (see ``redaction``). A message or a URL may hold one all the same. Searching every value of
every line would cost more than the line, so a finished line is asked for a few tell-tale letters, and only one that
has them is searched and made anew.
"""

import re
from collections.abc import Iterable
from typing import Any, cast

from lambdaframe.errors import ConfigurationError
from lambdaframe.logging.values import MASK

_TELL_TALES = ("@", "=", "eyJ", "AKIA", "ASIA", "earer ", "uthorization", "PRIVATE KEY")
"""Looked for one by one: a regular expression of them takes four times as long."""
_SHORTEST = 12
"""Characters. No text that is shorter holds a credential worth the look."""

_CREDENTIALS = (
    r"\beyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]+)*",  # a JSON Web Token
    r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",  # the id of an AWS access key
    r"(?i:\bbearer\s+)(?=[\w.~+/=-]*\d)[\w.~+/=-]{16,}",
    r"(?i:(?<=authorization: )|(?<=authorization:)|(?<=authorization=))(?i:basic\s+)?[^\s\"',;]+",
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    r"(?<=://)[^/\s:@]*:[^/\s@]+(?=@)",  # a URL's user and password
    r"(?i:(?<=password=)|(?<=secret=)|(?<=token=))[^&\s\"',;]+",  # a query string or connection string
)


class Secrets:
    """Finds credentials in texts, and what ``patterns`` match besides: regular expressions.

    Raises ConfigurationError for one that is none.
    """

    __slots__ = ("_all", "_own", "_patterns")

    def __init__(self, patterns: Iterable[str] = ()) -> None:
        own = [f"(?:{each})" for each in patterns]
        try:
            self._own = re.compile("|".join(own)) if own else None
        except re.error as exc:
            raise ConfigurationError(f"redact_patterns takes regular expressions: {exc}.") from exc
        self._patterns = (*_CREDENTIALS, *own)
        self._all: re.Pattern[str] | None = None  # compiled when it is first needed: a cold start has no time for it

    def suspects(self, text: str) -> bool:
        """Whether a text, or a whole line, may hold something to be hidden."""
        if len(text) >= _SHORTEST:
            for letters in _TELL_TALES:
                if letters in text:
                    return True
        return self._own is not None and self._own.search(text) is not None

    def clear(self, values: Iterable[Any]) -> bool:
        """Whether none of these values is a text that may hold something to be hidden."""
        for value in values:
            if type(value) is str and (len(value) >= _SHORTEST or self._own is not None) and self.suspects(value):
                return False
        return True

    def scrub(self, value: Any) -> Any:
        """The plain JSON value with every credential in its texts hidden."""
        if isinstance(value, str):
            if self._all is None:
                self._all = re.compile("|".join(self._patterns))
            return self._all.sub(MASK, value)
        if isinstance(value, dict):
            return {key: self.scrub(item) for key, item in cast("dict[str, Any]", value).items()}
        return self._each(cast("Iterable[Any]", value)) if isinstance(value, list) else value

    def _each(self, items: Iterable[Any]) -> list[Any]:
        return [self.scrub(item) for item in items]
