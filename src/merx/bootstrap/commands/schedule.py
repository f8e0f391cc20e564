"""Run the scheduler, one process. A second one does no harm, it only stands by."""

import argparse
import os


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--list", action="store_true", help="show the jobs and their periods, and end")


def run(args: argparse.Namespace) -> int:
    from merx.infra.settings import SettingsError, load_settings

    settings = load_settings(os.environ)
    if settings.storage == "memory" and not args.list:
        raise SettingsError(["MERX_STORAGE=memory has no scheduler: the API process does that work itself"])

    from merx.bootstrap.container import build
    from merx.bootstrap.schedule import schedule_of, timetable_of
    from merx.bootstrap.scheduler import keep_time
    from merx.bootstrap.servers import refuse_unsafe_servers
    from merx.bootstrap.signals import run_process
    from merx.infra.logging import configure_logging

    app = build(settings)
    schedule = schedule_of(app)
    if args.list:
        for job in schedule.jobs:
            print(f"{job.name:<40} every {job.every}" + (f" at {job.offset}" if job.offset else ""))
        return 0
    configure_logging(settings)
    refuse_unsafe_servers(settings)

    async def main() -> None:
        await keep_time(timetable_of(app, schedule), settings)
        await app.close()

    run_process(main())
    return 0
