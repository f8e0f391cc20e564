"""Run a worker, one process: mails, indexes and whatever else follows from what customers and staff do.

Start as many as needed, on as many hosts as there are. With --check FILE: only say whether the worker that was started
with --heartbeat FILE is well (exit code 0 or 1).
"""

import argparse
import os
from pathlib import Path


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--heartbeat", type=Path, metavar="FILE", help="touch this file every two seconds")
    parser.add_argument("--check", type=Path, metavar="FILE", help="was this file touched lately?")


def run(args: argparse.Namespace) -> int:
    from merx.bootstrap.worker import alive, work

    if args.check is not None:
        return 0 if alive(args.check) else 1

    from merx.infra.settings import SettingsError, load_settings

    settings = load_settings(os.environ)
    if settings.storage == "memory":
        raise SettingsError(["MERX_STORAGE=memory has no worker: the API process does that work itself"])

    from merx.bootstrap.container import build
    from merx.bootstrap.schedule import schedule_of
    from merx.bootstrap.servers import refuse_unsafe_servers
    from merx.bootstrap.signals import run_process
    from merx.infra.failpoints import arm
    from merx.infra.logging import configure_logging

    configure_logging(settings)
    arm(settings)
    refuse_unsafe_servers(settings)
    app = build(settings)
    schedule_of(app)
    run_process(work(app, settings, args.heartbeat))
    return 0
