"""Starting, watching and ending one operating system process, ours or one found running."""

import asyncio
import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from merx.infra.embedded.account import Account

POLL_SECONDS = 0.02
PR_SET_PDEATHSIG = 1


@dataclass(slots=True)
class Process:
    """A process by id. `child` is None for one that was found running and belongs to somebody else."""

    pid: int
    child: subprocess.Popen[bytes] | None = None

    def alive(self) -> bool:
        if self.child is not None:
            return self.child.poll() is None
        return running(self.pid)

    @property
    def exit_code(self) -> int | None:
        return self.child.poll() if self.child is not None else None

    def send(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    async def wait(self, timeout: float) -> bool:
        """True when the process has ended within `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while self.alive():
            if time.monotonic() >= deadline:
                return False
            await asyncio.sleep(POLL_SECONDS)
        return True

    async def stop(self, *steps: tuple[int, float]) -> None:
        """Sends each signal in turn and waits its seconds; ends with SIGKILL to the whole group of an own child."""
        for number, seconds in steps:
            if not self.alive():
                break
            self.send(number)
            if await self.wait(seconds):
                break
        if self.alive():
            self.send(signal.SIGKILL)
            await self.wait(5)
        if self.child is not None:
            # An own child leads its session: whatever it left behind carries its id as the group.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)


def spawn(
    command: Sequence[str],
    *,
    log: Path,
    cwd: Path,
    env: Mapping[str, str],
    account: Account | None = None,
    parent_death_signal: int | None = None,
) -> Process:
    """Starts `command` as leader of a new session, so that a Ctrl-C in the terminal reaches only us.

    `parent_death_signal` is what the child gets when this process dies without a word (Linux only). Linux counts the
    death of the *thread* that spawned, so call from the main thread.
    """
    with log.open("ab") as output:
        child = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env=dict(env),
            start_new_session=True,
            preexec_fn=die_with_parent(parent_death_signal),  # noqa: PLW1509 - it only makes two system calls
            **(account.switch if account else {}),
        )
    return Process(child.pid, child)


def die_with_parent(number: int | None) -> Callable[[], None] | None:
    """A `preexec_fn`: the child gets the signal `number` when its parent dies. None where systems can not do that."""
    if number is None or not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def ask() -> None:
        libc.prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)
        if os.getppid() != parent:  # it died between fork and prctl
            os._exit(1)

    return ask


def running(pid: int) -> bool:
    """False for a zombie too: it holds a pid but no file, lock or socket.

    A process whose first thread has ended while others still run looks like a zombie and holds everything.
    """
    return state(pid) not in ("", "Z", "X") or _threads(pid) > 1


def state(pid: int) -> str:
    """The one-letter state of a process, "" when there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        if Path("/proc/self/stat").exists():
            return ""
    except (ProcessLookupError, IndexError):
        return ""
    return _ask_ps(pid, "state=")[:1]


def _threads(pid: int) -> int:
    try:
        return len(list(Path(f"/proc/{pid}/task").iterdir()))
    except (FileNotFoundError, ProcessLookupError):
        return 0


def command_line(pid: int) -> list[str]:
    """The arguments a process was started with, empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
    except (FileNotFoundError, ProcessLookupError):
        if Path("/proc/self/stat").exists():
            return []
    return _ask_ps(pid, "command=").split()


def birth(pid: int) -> str:
    """A mark that differs between two processes that got the same pid one after the other."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (FileNotFoundError, ProcessLookupError, IndexError):
        if Path("/proc/self/stat").exists():
            return ""
    return _ask_ps(pid, "lstart=")


def _ask_ps(pid: int, column: str) -> str:
    # Systems without /proc (macOS).
    answer = subprocess.run(
        ["/bin/ps", "-o", column, "-p", str(pid)], capture_output=True, text=True, timeout=5, check=False
    )
    return answer.stdout.strip()
