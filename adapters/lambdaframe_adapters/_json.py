"""The two containers of decoded JSON, for ``isinstance`` on a part of an event.

They are typed ``type[Any]``, so that a check leaves an event's part ``Any``: its members are as unknown as they were.
"""

from typing import Any, Final

OBJECT: Final[type[Any]] = dict
ARRAY: Final[type[Any]] = list
