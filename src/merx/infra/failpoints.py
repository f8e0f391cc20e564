"""Places where a test may end the process, to show that nothing is lost or doubled there.

`MERX_FAILPOINTS=deliver.after-claim` ends it at the first pass, `deliver.after-claim:3` at the third; several are
separated by commas. Production refuses the setting.
"""

import os

from merx.infra.settings import Settings

_armed: dict[str, int] = {}


def arm(settings: Settings) -> None:
    """Called once by each process at its start."""
    _armed.clear()
    if settings.failpoints and settings.production:
        raise RuntimeError("failpoints are refused in production")
    for part in filter(None, (part.strip() for part in settings.failpoints.split(","))):
        name, _, count = part.partition(":")
        _armed[name] = int(count or 1)


def failpoint(name: str) -> None:
    """Does nothing unless armed; then ends the process as kill -9 would: no clean-up, no goodbye."""
    if name not in _armed:
        return
    _armed[name] -= 1
    if _armed[name] <= 0:
        os._exit(137)
