"""Starlette's source distribution, in the installed version: the wheel has no tests."""

import shutil
import subprocess
import sys
import tarfile
import tempfile
from importlib.metadata import version
from pathlib import Path

CACHE = Path(__file__).parents[2] / ".cache"


class SourceError(Exception):
    """The source distribution can't be had. The message says why."""


def starlette_source(cache: Path = CACHE) -> Path:
    """The folder of the unpacked source distribution; downloads it (3 MB) when it is not in ``cache`` yet.

    Raises SourceError where pip can't download it.
    """
    name = f"starlette-{version('starlette')}"
    folder = cache / name
    if folder.exists():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as temporary:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
        done = subprocess.run(
            [*command, "--dest", temporary, name.replace("-", "==")], capture_output=True, text=True, check=False
        )
        if done.returncode:
            said = done.stderr.strip().splitlines() or ["pip says nothing"]
            raise SourceError(f"The source of {name} could not be downloaded: {said[-1]}")
        with tarfile.open(next(Path(temporary).glob("*.tar.gz"))) as archive:
            archive.extractall(temporary, filter="data")
        unpacked = Path(temporary, name)
        # Installed is what is tested; the copy beside the tests would be imported instead.
        shutil.rmtree(unpacked / "starlette")
        try:
            unpacked.rename(folder)  # one step: another process sees the whole folder or none
        except OSError:
            if not folder.exists():
                raise
    return folder
