"""What the person at the terminal sees: moving bars on a terminal, plain lines in a pipe or a log."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from typing import Protocol

Report = Callable[[int, int | None], None]
"""How far a step is: done, and of how many when that is known."""

PLAIN_SECONDS = 5.0


class Screen(Protocol):
    def say(self, text: str = "") -> None:
        """One or more lines that stay."""

    def step(self, title: str) -> contextlib.AbstractContextManager[Report]:
        """Shows that `title` is being done; leaving the block without an error marks it done."""

    def close(self) -> None:
        """Ends the moving part; `say` works on."""


def make_screen() -> Screen:
    return BarScreen() if sys.stdout.isatty() else PlainScreen()


class PlainScreen:
    def say(self, text: str = "") -> None:
        # A terminal that was closed must not keep the servers from being stopped.
        with contextlib.suppress(OSError, ValueError):
            print(text, flush=True)  # noqa: T201 - the terminal is its output

    @contextlib.contextmanager
    def step(self, title: str) -> Iterator[Report]:
        began = told = time.monotonic()

        def report(done: int, total: int | None) -> None:
            nonlocal told
            if time.monotonic() - told >= PLAIN_SECONDS:
                told = time.monotonic()
                self.say(f"  {title}: {_count(done, total)}")

        yield report
        self.say(f"  {title}: done in {time.monotonic() - began:.1f} s")

    def close(self) -> None:
        return


class BarScreen:
    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        self._console = Console(highlight=False)
        self._progress = Progress(
            SpinnerColumn(finished_text="[green]✓"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TextColumn("{task.fields[count]}"),
            TimeElapsedColumn(),
            console=self._console,
        )
        self._progress.start()

    def say(self, text: str = "") -> None:
        with contextlib.suppress(OSError, ValueError):
            self._console.print(text, markup=False, soft_wrap=True)

    @contextlib.contextmanager
    def step(self, title: str) -> Iterator[Report]:
        task = self._progress.add_task(title, total=None, count="")

        def report(done: int, total: int | None) -> None:
            self._progress.update(task, completed=done, total=total, count=_count(done, total))

        yield report
        self._progress.update(task, completed=1, total=1)

    def close(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._progress.stop()


def _count(done: int, total: int | None) -> str:
    if total is None:
        return f"{done:,}" if done else ""
    return f"{done:,} of {total:,}"
