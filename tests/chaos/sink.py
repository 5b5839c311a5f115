"""The resource behind the operation: one value for a key, fenced."""


class FencedSink:
    """Remembers the highest token it has accepted for each key and refuses lower ones. A repeated write is accepted."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[int, bytes]] = {}

    def write(self, key: str, token: int, value: bytes) -> bool:
        """Whether the value stands now."""
        highest, held = self._held.get(key, (0, b""))
        if token < highest or (token == highest and value != held):
            return False
        self._held[key] = (token, value)
        return True
