"""The emulator's own manners, with the plainest of handlers."""

import os
import threading
from pathlib import Path

import pytest

from docs.examples.emulator import Emulator, EmulatorError, fetch, unsupported
from docs.examples.loopback import ServerError, Uvicorn

pytestmark = pytest.mark.skipif(unsupported() is not None, reason=str(unsupported()))

PLAIN = """
import os, sys

print("imported")
calls = 0


def handler(event, context):
    global calls
    calls += 1
    print("called", event)
    print("error line", file=sys.stderr)
    if event == "fail":
        raise ValueError("as asked")
    if event == "die":
        os._exit(3)
    left = context.get_remaining_time_in_millis()
    return {"calls": calls, "pid": os.getpid(), "mode": os.environ["MODE"], "left": left}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "plain.py").write_text(PLAIN)
    return tmp_path


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_one_process_answers_every_call_and_ends_with_the_emulator(folder: Path) -> None:
    with Emulator(folder, "plain.handler", environment={"MODE": "test"}, timeout=7) as emulator:
        first, lines = emulator.invoke({"n": 1})
        second, _ = emulator.invoke("two")
        assert lines == ["imported", "called {'n': 1}", "error line"]
        assert (first["calls"], second["calls"]) == (1, 2)
        assert first["pid"] == second["pid"]
        assert first["mode"] == "test"
        assert 5_000 < second["left"] <= 7_000
        assert is_alive(first["pid"])
    assert not is_alive(first["pid"])


def test_an_error_is_answered_as_lambda_does(folder: Path) -> None:
    with Emulator(folder, "plain.handler", environment={"MODE": "test"}) as emulator:
        answer, lines = emulator.invoke("fail")
        assert (answer["errorType"], answer["errorMessage"]) == ("ValueError", "as asked")
        assert "called fail" in lines
        assert emulator.invoke("again")[0]["calls"] == 2


def test_a_process_that_dies_is_replaced_by_a_new_one(folder: Path) -> None:
    with Emulator(folder, "plain.handler", environment={"MODE": "test"}) as emulator:
        answer, _ = emulator.invoke("die")
        assert answer["errorType"] == "Runtime.ExitError"
        assert emulator.invoke("again")[0]["calls"] == 1


def test_concurrent_callers_wait_for_each_other(folder: Path) -> None:
    with Emulator(folder, "plain.handler", environment={"MODE": "test"}) as emulator:
        found: list[tuple[int, list[str]]] = []

        def call(number: int) -> None:
            answer, lines = emulator.invoke({"n": number})
            found.append((answer["calls"], [line for line in lines if line.startswith("called")]))

        callers = [threading.Thread(target=call, args=(number,)) for number in range(8)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
    assert sorted(calls for calls, _ in found) == list(range(1, 9))
    assert sorted(line for _, lines in found for line in lines) == [f"called {{'n': {number}}}" for number in range(8)]


def test_the_binary_is_fetched_once(monkeypatch: pytest.MonkeyPatch) -> None:
    binary = fetch()
    assert os.access(binary, os.X_OK)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    assert fetch() == binary


def test_without_a_way_to_the_index_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(EmulatorError, match=r"inside aws-sam-cli==.* could not be downloaded"):
        fetch(tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == [], "nothing half done is left"


@pytest.mark.parametrize(
    ("system", "machine", "says"), [("darwin", "arm64", "Linux only"), ("linux", "riscv64", "x86_64")]
)
def test_elsewhere_it_says_what_is_missing(
    system: str, machine: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", system)
    monkeypatch.setattr("platform.machine", lambda: machine)
    with pytest.raises(EmulatorError, match=says):
        fetch()


def test_a_server_that_does_not_start_is_an_error_with_its_words(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("raise RuntimeError('no way')")
    with pytest.raises(ServerError, match="ended with status 1") as caught, Uvicorn(tmp_path):
        pass
    assert "no way" in "".join(caught.value.__notes__)
