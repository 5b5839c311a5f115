"""The captured events in ``tests/events``, by ``source/variant``.

They are the examples of AWS's documentation and of the SAM command line's templates, filled in.
"""

import copy
import json
from pathlib import Path
from typing import Any, Final

_EVENTS: Final = Path(__file__).parents[1] / "events"

NAMES: Final = sorted(
    f"{path.parent.name}/{path.stem}" for path in _EVENTS.glob("*/*.json") if path.parent.name != "unknown"
)
UNKNOWN: Final = sorted(f"unknown/{path.stem}" for path in _EVENTS.glob("unknown/*.json"))

_LOADED: Final[dict[str, Any]] = {name: json.loads((_EVENTS / f"{name}.json").read_bytes()) for name in NAMES + UNKNOWN}


def captured(name: str, **changed: Any) -> dict[str, Any]:
    """A copy of an event; ``changed`` replaces members, with ``__`` for each level: ``requestContext__stage="dev"``."""
    event: dict[str, Any] = copy.deepcopy(_LOADED[name])
    for path, value in changed.items():
        *way, last = path.split("__")
        part: Any = event
        for step in way:
            part = part[step]
        part[last] = value
    return event
