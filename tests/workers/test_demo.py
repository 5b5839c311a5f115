"""The demonstration that is killed in the middle ends with every order fulfilled."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_demonstration_loses_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "docs.examples.worker_demo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "50 of 50 orders are fulfilled" in done.stdout
    assert "In the dead-letter queue: ['this is no JSON']" in done.stdout
