"""Which shop a command means: the one running in a folder, or the one that the environment names."""

import os
from pathlib import Path

from merx.bootstrap.demo.environment import NAMES_A_SHOP, join_running_shop
from merx.infra.embedded.errors import EmbeddedError
from merx.infra.settings import Settings, load_settings


def settings_of(data: Path | None) -> Settings:
    """The settings of the shop in `data`; without a folder those of the environment, which knows `./.merx` too.

    Raises EmbeddedError when no shop runs there, and SettingsError.
    """
    environ = dict(os.environ) if data is None else {"MERX_DATA_DIR": str(data)}
    join_running_shop(environ)
    if not any(environ.get(name) for name in NAMES_A_SHOP):
        folder = environ.get("MERX_DATA_DIR") or ".merx"
        raise EmbeddedError(f"No shop is running in {folder}. Start one with: merx demo --data {folder}")
    return load_settings(environ)


def mail_folder_of(data: Path | None) -> Path:
    """Where that shop leaves its mail, whether it is running or not."""
    return load_settings(os.environ).mail_folder if data is None else data / "mail"
