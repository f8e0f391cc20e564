"""Where the lines of a test go."""

import sys

from loguru import logger


def log_as_usual() -> None:
    """To standard error, where pytest and `capfd` find them. Whoever had them elsewhere calls this at the end: the next
    test would look for what must not be written into a log that nobody writes.
    """
    logger.remove()
    # As in every process of Merx: the values of variables are not shown.
    logger.add(_write, diagnose=False)


def _write(line: str) -> None:
    # Looked up late, so that pytest captures it.
    sys.stderr.write(line)
