"""A function's zip file: its module, the two packages, and what they depend on, as this interpreter has them."""

import re
from importlib.metadata import distribution
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

ROOT = Path(__file__).parents[2]
PACKAGES = (ROOT / "lambdaframe", ROOT / "adapters" / "lambdaframe_adapters")


def package(module: Path) -> bytes:
    """The zip file. Dependencies are taken from where they are installed: nothing is downloaded."""
    content = BytesIO()
    with ZipFile(content, "w", ZIP_DEFLATED, compresslevel=1) as archive:
        archive.write(module, "main.py")
        for folder in PACKAGES:
            for path in sorted(folder.rglob("*")):
                if path.suffix in {".py", ".typed"}:
                    archive.write(path, str(path.relative_to(folder.parent)))
        for name in sorted(dependencies("lambdaframe")):
            for file in distribution(name).files or []:
                path = Path(str(file.locate()))
                if ".." not in file.parts and path.suffix != ".pyc" and path.is_file():
                    archive.write(path, str(file))
    return content.getvalue()


def dependencies(name: str) -> set[str]:
    """The distributions that one needs without its extras, and those that these need."""
    found: set[str] = set()
    todo = [name]
    while todo:
        for requirement in distribution(todo.pop()).requires or []:
            needed = re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]
            if ";" not in requirement and needed not in found:
                found.add(needed)
                todo.append(needed)
    return found
