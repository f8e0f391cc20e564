"""The MERX_* variables of a shop in a data folder, for its child processes and for commands in another terminal."""

import json
import os
from collections.abc import Mapping, MutableMapping
from ipaddress import ip_address
from pathlib import Path

from merx.infra.embedded import DataFolder

# Commands that bring their own servers or are themselves one never look for a running shop.
STANDING_ALONE = frozenset({"demo", "serve", "worker", "schedule", "openapi"})
NAMES_A_SHOP = ("MERX_DATABASE_URL", "MERX_REDIS_URL", "MERX_STORAGE")


def is_everywhere(host: str) -> bool:
    """Whether what listens on `host` is found at every address of the machine."""
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return False


def shop_environment(
    folder: DataFolder, *, host: str, port: int, database_url: str, owner_url: str, redis_url: str
) -> dict[str, str]:
    """`owner_url` is for those alone who migrate."""
    reached = "localhost" if host in ("127.0.0.1", "::1") or is_everywhere(host) else host
    return {
        "MERX_ENVIRONMENT": "development",
        "MERX_STORAGE": "postgres",
        "MERX_DATABASE_URL": database_url,
        "MERX_MIGRATE_DATABASE_URL": owner_url,
        "MERX_REDIS_URL": redis_url,
        "MERX_DATA_DIR": str(folder.path),
        "MERX_HOST": host,
        "MERX_PORT": str(port),
        "MERX_PUBLIC_URL": f"http://{reached}:{port}",
        "MERX_CURRENCY": os.environ.get("MERX_CURRENCY", "USD"),
        "MERX_SECRET": "",
        "MERX_SECRET_FILE": str(folder.keys / "secret"),
        "MERX_TOKEN_KEY_FILE": str(folder.keys / "token.pem"),
        "MERX_MAIL_DIR": "",
        "MERX_SEARCH_DIR": "",
        # Ctrl-C on a laptop should not wait for a browser's open request.
        "MERX_SHUTDOWN_SECONDS": "3",
    }


def publish(folder: DataFolder, environment: Mapping[str, str]) -> None:
    """Lets `merx token` and the like find this shop from another terminal for as long as it runs."""
    file = _file(folder.path)
    file.touch(mode=0o600)
    file.write_text(json.dumps(dict(environment)))


def withdraw(folder: DataFolder) -> None:
    _file(folder.path).unlink(missing_ok=True)


def join_running_shop(environ: MutableMapping[str, str]) -> None:
    """Points the settings to the shop that runs in the data folder, unless they name servers themselves."""
    if any(environ.get(name) for name in NAMES_A_SHOP):
        return
    try:
        found = json.loads(_file(Path(environ.get("MERX_DATA_DIR") or ".merx")).read_text())
    except (OSError, ValueError):
        return
    for name, value in found.items():
        if value and not environ.get(name):
            environ[name] = value


def _file(folder: Path) -> Path:
    return folder / "run" / "shop.json"
