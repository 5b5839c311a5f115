"""Sync functions where a process begins and ends: its exit, a fork, a signal."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from docs.examples import local_redis

HEAD = """
import os, sys, threading
from lambdaframe.idempotency import MemoryStore, idempotent

class Noisy(MemoryStore):
    async def release(self, claim):
        print("released", flush=True)
        return await super().release(claim)

store = Noisy()

@idempotent(key="key", fingerprint=(), store=store)
def create(key, work=None):
    print("run", key, flush=True)
    if work is not None:
        work()
    return key
"""

SCRIPTS = {
    "it ends while the loop waits": (
        """
create("a")
create("a")
""",
        ["run a"],
    ),
    "it ends in the middle of a daemon thread's call": (
        """
begun = threading.Event()
def work():
    begun.set()
    threading.Event().wait()
threading.Thread(target=create, args=("a", work), daemon=True).start()
begun.wait()
""",
        ["run a"],
    ),
    "a thread goes on when the main one is at its end": (
        """
begun = threading.Event()
def work():
    begun.set()
    threading.main_thread().join()
def call():
    create("a", work)
    print(create("b"), flush=True)
threading.Thread(target=call).start()
begun.wait()
""",
        ["run a", "run b", "b"],
    ),
    "at exit": (
        """
import atexit
atexit.register(lambda: print(create("a"), create("b")))
create("a")
""",
        ["run a", "run b", "a b"],
    ),
    "at an exit of its own": (
        """
create("a", lambda: sys.exit(0))
""",
        ["run a"],
    ),
    "in a forked child": (
        """
create("a")
child = os.fork()
if child == 0:
    print(create("a"), create("b"), flush=True)
    sys.exit()
os.waitpid(child, 0)
print(create("b"))
""",
        ["run a", "run b", "a b", "run b", "b"],
    ),
    "in a child that was forked during a call": (
        """
def work():
    child = os.fork()
    if child == 0:
        print(create("b"), flush=True)
        os._exit(0)
    os.waitpid(child, 0)
create("a", work)
print(create("a"))
""",
        ["run a", "run b", "b", "a"],
    ),
    "where the store's loop runs in the main thread": (
        """
import asyncio, anyio.to_thread
async def main():
    await anyio.to_thread.run_sync(create, "a")
asyncio.run(main())
print(create("a"))
""",
        ["run a", "a"],
    ),
}


@pytest.mark.parametrize("title", SCRIPTS)
def test_a_process_ends_in_peace(title: str, tmp_path: Path) -> None:
    """With its exit status, in time, and without a word that nobody asked for."""
    script, printed = SCRIPTS[title]
    path = tmp_path / "script.py"
    path.write_text(HEAD + script)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-W", "ignore:This process:DeprecationWarning", str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout.splitlines(), done.stderr) == (0, printed, "")


@pytest.mark.skipif(local_redis.unsupported() is not None, reason=str(local_redis.unsupported()))
def test_a_process_closes_its_connections(tmp_path: Path) -> None:
    """Also those that were made on the loop of threads that have none; a later call, at exit, makes new ones."""
    path = tmp_path / "script.py"
    path.write_text(
        """
import asyncio, atexit, sys
import anyio.to_thread
from lambdaframe.idempotency import idempotent, open_store

store = open_store(sys.argv[1])

@idempotent(key="key", store=store)
def create(key):
    print("run", key, flush=True)
    return key

async def main():
    print(await asyncio.to_thread(create, "a"), await anyio.to_thread.run_sync(create, "a"))

atexit.register(lambda: print(create("a"), create("b")))
create("a")
asyncio.run(main())
"""
    )
    with local_redis.LocalRedis() as server:
        done = subprocess.run(
            [sys.executable, "-W", "error", str(path), server.url],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["run a", "a a", "run b", "a b"]


def test_a_script_that_is_interrupted_gives_its_key_back(tmp_path: Path) -> None:
    """Ctrl-C while the store does not answer: what was granted is released before the process ends."""
    path = tmp_path / "script.py"
    path.write_text(
        HEAD
        + """
import asyncio
class Stuck(Noisy):
    asked = 0
    async def acquire(self, claim):
        reply = await super().acquire(claim)
        self.asked += 1
        if self.asked == 1:
            print("granted", flush=True)
            await asyncio.Event().wait()
        return reply

idempotent(key="key", store=Stuck())(lambda key: print("ran"))("a")
"""
    )
    with subprocess.Popen(
        [sys.executable, str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "granted\n"
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=60)
    assert out == "released\n"
    assert errors.rstrip().endswith("KeyboardInterrupt")
    assert process.returncode == -signal.SIGINT
