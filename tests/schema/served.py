"""The application on PostgreSQL, served over a socket: what the storage refuses, and nothing in front of it does."""

import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn

from merx.bootstrap.migrate import upgrade
from merx.infra.settings import Settings
from tests.support.servers import Databases, run_here, volatile_postgres


@contextmanager
def on_postgres() -> Iterator[Settings]:
    """Of a shop on a server of its own, without Redis."""
    folder = Path(tempfile.mkdtemp(prefix="merx-schema-"))
    folder.chmod(0o755)
    server = volatile_postgres(folder)
    run_here(server.start())
    try:
        databases = Databases(server.url)
        name = databases.create()
        upgrade(databases.url_of(name))
        yield Settings(
            database_url=databases.app_url_of(name),
            redis_url=f"unix://{folder}/nowhere.sock",
            data_dir=str(folder / "data"),
        )
    finally:
        run_here(server.stop())
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def served(api: Any) -> Iterator[str]:
    """Its address, from the moment on at which it answers."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(api, log_level="error", access_log=False))
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    while not server.started:
        if not thread.is_alive():
            raise RuntimeError("the application did not start")
        time.sleep(0.05)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(30)
