"""Where the lines of a test go."""

import sys

from loguru import logger


def log_as_usual() -> None:
    """To standard error, where pytest and `capfd` find them. Whoever had them elsewhere calls this at the end: the next
    test would look for what must not be written into a log that nobody writes.
    """
    logger.remove()
    # As in every process of Merx: neither the values of variables are shown nor who called the caller.
    logger.add(_write, backtrace=False, diagnose=False)


def _write(line: str) -> None:
    # Looked up late, so that pytest captures it.
    sys.stderr.write(line)
