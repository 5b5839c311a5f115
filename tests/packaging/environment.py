"""An environment outside the project, and commands that fail the test with all they wrote."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(*command: str | Path, cwd: Path | None = None) -> str:
    """The command's standard output. Fails the test with all that it wrote when it does not succeed."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.fail(f"{' '.join(map(str, command))} ended with {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout


@dataclass(frozen=True)
class Environment:
    """A virtual environment with the wheel and what it requires, nothing else."""

    python: Path

    def python_says(self, *arguments: str | Path, cwd: Path) -> str:
        """The standard output of this environment's Python, in a folder outside the project."""
        return run(self.python, *arguments, cwd=cwd)

    def code_says(self, lines: Sequence[str], cwd: Path) -> str:
        return self.python_says("-c", "\n".join(lines), cwd=cwd)
