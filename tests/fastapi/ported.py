"""From FastAPI to lambdaframe by replacing names, which is all that moving an application takes."""

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

MODULES: Mapping[str, str] = {
    "fastapi": "lambdaframe",
    "fastapi.exceptions": "lambdaframe.errors",
    "fastapi.middleware": "lambdaframe",
    "fastapi.middleware.cors": "lambdaframe",
    "fastapi.middleware.gzip": "lambdaframe",
    "fastapi.middleware.httpsredirect": "starlette.middleware.httpsredirect",
    "fastapi.middleware.trustedhost": "starlette.middleware.trustedhost",
    "fastapi.responses": "lambdaframe",
    "fastapi.security": "lambdaframe.security",
    "fastapi.sse": "lambdaframe",
    "fastapi.staticfiles": "starlette.staticfiles",
    "fastapi.templating": "starlette.templating",
    "fastapi.testclient": "lambdaframe.testing",
}
"""Where a name of a module of FastAPI's is found here."""

NAMES: Mapping[str, str] = {"FastAPI": "App", "APIRouter": "Router", "api_route": "route"}

_IMPORT = re.compile(r"^( *)from (fastapi(?:\.\w+)*) import", re.MULTILINE)
_NAME = re.compile(rf"\b({'|'.join(NAMES)})\b")


def ported(text: str) -> str:
    """The source of an application for FastAPI as one for lambdaframe. A module without counterpart is not found."""
    text = _IMPORT.sub(lambda found: f"{found[1]}from {MODULES.get(found[2], _absent(found[2]))} import", text)
    return _NAME.sub(lambda found: NAMES[found[1]], text)


def _absent(module: str) -> str:
    return module.replace("fastapi", "lambdaframe", 1)


def load_ported(path: Path) -> ModuleType:
    """The module in this file, ported."""
    module = ModuleType(f"ported.{path.stem}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # string annotations and dataclasses look their module up
    exec(compile(ported(path.read_text()), str(path), "exec"), module.__dict__)
    return module
