"""Which keys name a credential. Only keys are looked at: searching every text for secrets would cost every line."""

from collections.abc import Iterable

_NO_SEPARATORS = str.maketrans("", "", "-_. ")

_ENDINGS = (
    "authorization",
    "cookie",
    "cookies",
    "apikey",
    "password",
    "passwords",
    "passwd",
    "passphrase",
    "secret",
    "secrets",
    "secretkey",
    "secretaccesskey",
    "privatekey",
    "credential",
    "credentials",
    "token",
    "jwt",
)
"""Without separators and in lower case: ``x-api-key``, ``clientSecret`` and ``DB_PASSWORD`` are all found."""

_HARMLESS = ("nexttoken", "pagetoken", "continuationtoken", "fencingtoken", "synctoken")
"""Tokens that open nothing: positions in a listing, and the number that fences a lease."""

_MAX_KNOWN, _MAX_LENGTH = 1024, 64


class Credentials:
    """Tells the keys whose values are hidden: those of credentials, and the application's own.

    ``names`` are whole keys; case, hyphens and underscores make no difference. ``known`` are keys found harmless
    before, so that a usual line costs no more than a look-up for each of its keys. It is bounded, because keys may come
    from outside.
    """

    __slots__ = ("_names", "known")

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._names = frozenset(map(_normal, names))
        self.known: set[str] = set()

    def hides(self, key: str) -> bool:
        """Whether the value under this key must not be shown."""
        if key in self.known:
            return False
        name = _normal(key)
        if name in self._names or (name.endswith(_ENDINGS) and not name.endswith(_HARMLESS)):
            return True
        if len(self.known) < _MAX_KNOWN and len(key) <= _MAX_LENGTH:
            self.known.add(key)
        return False


def _normal(key: str) -> str:
    return key.translate(_NO_SEPARATORS).lower()
