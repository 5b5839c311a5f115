"""From ``main:app`` on the command line to the application object."""

import importlib
import sys
from pathlib import Path
from typing import Any

from lambdaframe.app import App
from lambdaframe.errors import LambdaFrameError


class LoadError(LambdaFrameError):
    """Raised when what the command line names is no application, or can't be imported."""


def load_app(target: str, folder: str | Path = ".") -> App:
    """Import ``module:name``; the module may stand in ``folder``. Raises LoadError, which says what is wrong.

    What goes wrong inside the module is its cause.
    """
    module_name, _, name = target.partition(":")
    if not module_name or not name:
        raise LoadError(f"Write module:name, such as main:app, not {target!r}.")
    place = str(Path(folder).resolve())
    if place not in sys.path:
        sys.path.insert(0, place)
    found: Any = _module(module_name, place)
    for part in name.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            raise LoadError(f"The module {module_name!r} has no {name!r}.") from None
    if not isinstance(found, App):
        raise LoadError(f"{target} is a {type(found).__name__}, not a lambdaframe.App.")
    return found


def _module(name: str, place: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as exc:
        if exc.name is not None and f"{name}.".startswith(f"{exc.name}."):
            raise LoadError(f"There is no module {exc.name!r} in {place} or among what is installed.") from None
        raise LoadError(f"{name!r} can't be imported: there is no module {exc.name!r}.") from exc
    except Exception as exc:
        raise LoadError(f"{name!r} can't be imported: {type(exc).__name__}: {exc}") from exc
