"""Brings a shop's database to the newest schema and its first data, in a process of its own.

A process of its own, because the supervisor stays small, answers Ctrl-C at once and forks children as long as it lives.
It is asked on its command line and answers one JSON line on standard output for each piece of progress.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from merx.infra.embedded import EmbeddedError, processes

LONGEST_LINE = 2**20


class Login(msgspec.Struct, frozen=True):
    email: str
    password: str

    def __repr__(self) -> str:
        return "Login(***)"


class Filled(msgspec.Struct, frozen=True, kw_only=True):
    """The logins a person may use, and what the catalogue import refused."""

    staff: Login
    customer: Login
    products: int = 0
    refused: int = 0
    problems: list[str] = []
    problems_file: str = ""


class _Told(msgspec.Struct, omit_defaults=True):
    """One line between the two processes: a step that goes on, or the end."""

    step: str = ""
    done: int = 0
    total: int | None = None
    filled: Filled | None = None
    failed: str = ""


Progress = Callable[[str, int, int | None], None]


async def fill(env: Mapping[str, str], catalogue: Path | None, log: Path, progress: Progress) -> Filled:
    """Raises EmbeddedError. A cancelled call ends the process; the next one goes on where it was."""
    # -P: a file called redis.py in the user's folder is not our library.
    command = [sys.executable, "-P", "-m", __name__, *([str(catalogue)] if catalogue else [])]
    with log.open("ab") as errors:
        child = await asyncio.create_subprocess_exec(
            *command,
            env=env,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            limit=LONGEST_LINE,
            start_new_session=True,
            preexec_fn=processes.die_with_parent(signal.SIGTERM),
        )
    assert child.stdout is not None
    told = _Told()
    try:
        async for line in child.stdout:
            told = msgspec.json.decode(line, type=_Told)
            if told.step:
                progress(told.step, told.done, told.total)
        await child.wait()
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if told.filled is not None:
        return told.filled
    raise EmbeddedError(told.failed or f"The shop could not be filled; read {log}.")


def _tell(told: _Told) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(told) + b"\n")
    sys.stdout.buffer.flush()


def _progress(step: str, done: int, total: int | None) -> None:
    _tell(_Told(step=step, done=done, total=total))


def main(catalogue: Path | None) -> int:
    from merx.bootstrap.failures import sentence
    from merx.bootstrap.migrate import upgrade
    from merx.bootstrap.seed import seed
    from merx.infra.settings import load_settings

    try:
        settings = load_settings(os.environ)
        _progress("database schema", 0, None)
        upgrade(settings.owner_url, ca_file=settings.database_ca_file)
        result = asyncio.run(seed(settings, catalogue, _progress))
    except Exception as error:
        if (known := sentence(error)) is None:
            raise
        _tell(_Told(failed=known))
        return 1
    report = result.catalogue
    _tell(
        _Told(
            filled=Filled(
                staff=Login(result.staff.email, result.staff.password),
                customer=Login(result.customer.email, result.customer.password),
                products=report.products,
                refused=report.refused,
                problems=[f"line {problem.line}: {problem.reason}" for problem in report.problems],
                problems_file=str(report.problems_file or ""),
            )
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else None))
