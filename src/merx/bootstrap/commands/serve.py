"""Run the HTTP API, one process.

Settings come from MERX_* variables; MERX_STORAGE=memory needs no service at all. A shop in memory starts empty, or with
--sample as the shop of `merx demo`.
"""

import argparse
import gc
import math
import os
import sys

from merx.bootstrap.listen import port_problem
from merx.bootstrap.servers import refuse_unsafe_servers
from merx.infra.embedded.errors import EmbeddedError
from merx.infra.settings import SettingsError, load_settings

# The event loop gives the interpreter away with each system call. A thread that searches keeps it for so long, and by
# default for ten times as long.
_SWITCH_SECONDS = 0.0005


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", help="address to listen on, instead of MERX_HOST")
    parser.add_argument("--port", type=int, help="port to listen on, instead of MERX_PORT")
    parser.add_argument("--sample", action="store_true", help="with MERX_STORAGE=memory: start with the sample shop")


def run(args: argparse.Namespace) -> int:
    # The factory below reads the environment itself, so a flag has to go through it.
    for name in ("host", "port"):
        if (value := getattr(args, name)) is not None:
            os.environ[f"MERX_{name.upper()}"] = str(value)
    settings = load_settings(os.environ)
    if args.sample and settings.storage != "memory":
        raise SettingsError(["--sample needs MERX_STORAGE=memory; a database is filled with: merx seed"])
    if settings.port and (problem := port_problem(settings.host, settings.port, how="MERX_PORT={port}")):
        raise EmbeddedError(problem)
    refuse_unsafe_servers(settings)

    # Until the application has started nothing is garbage; it turns the collector on again (`spare_the_collector`).
    gc.disable()
    import uvicorn

    from merx.infra.http.protocol import protocol_for

    config = uvicorn.Config(
        "merx.bootstrap.sample:create_app" if args.sample else "merx.bootstrap.api:create_app",
        factory=True,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http=protocol_for(settings.public_url),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        # How far to believe X-Forwarded-For is decided once, in our own middleware.
        proxy_headers=False,
        backlog=2048,
        timeout_keep_alive=65,
        timeout_graceful_shutdown=math.ceil(settings.shutdown_seconds),
    )
    sys.setswitchinterval(_SWITCH_SECONDS)
    server = uvicorn.Server(config)
    server.run()
    return 0 if server.started else 1
