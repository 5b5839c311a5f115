"""The Python of a Markdown page, run as a reader would: files by their titles, then everything else as one script.

A block that opens with ```` ```python title="main.py" ```` is that file. The others are run one after the other; a
line that starts with ``# > `` says what they print there.
"""

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from subprocess import run

_BLOCK = re.compile(r'^```python(?: title="([\w.]+)")?\n(.*?)^```$', re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Page:
    """``files``: text by name. ``script``: the rest. ``prints``: the lines that the script says it prints."""

    files: dict[str, str]
    script: str
    prints: list[str]


def read_page(path: Path) -> Page:
    """A file that a page shows more than once, as it grows, is its last text."""
    blocks = [(match[1], match[2]) for match in _BLOCK.finditer(path.read_text())]
    script = "\n".join(text for title, text in blocks if not title)
    prints = [line.removeprefix("# > ") for line in script.splitlines() if line.startswith("# > ")]
    return Page({title: text for title, text in blocks if title}, script, prints)


def run_page(page: Page, folder: Path, python: str | Path = sys.executable) -> list[str]:
    """What the page's script prints, log lines and metrics left out. Raises AssertionError with its errors when it
    fails."""
    for name, text in page.files.items():
        (folder / name).write_text(text)
    (folder / "script.py").write_text(page.script)
    done = run([python, "-W", "error", "script.py"], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return [line for line in done.stdout.splitlines() if not line.startswith(('{"level":', '{"_aws":'))]
