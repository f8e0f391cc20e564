"""What counts as a running process."""

import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from merx.infra.embedded.processes import running, state

pytestmark = pytest.mark.services

LEADERLESS = """
import ctypes, sys, threading
threading.Thread(target=sys.stdin.readline).start()
ctypes.CDLL(None).pthread_exit(None)
"""


def eventually(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 10
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux shows the first thread as a zombie")
def test_a_process_runs_until_its_last_thread_has_ended() -> None:
    with subprocess.Popen([sys.executable, "-c", LEADERLESS], stdin=subprocess.PIPE) as child:
        assert child.stdin is not None
        assert eventually(lambda: state(child.pid) == "Z")
        assert running(child.pid), "a thread of it still holds its files"
        assert child.poll() is None
        child.stdin.close()
        assert eventually(lambda: not running(child.pid))
        assert child.poll() is not None, "what no longer runs can be waited for at once"
