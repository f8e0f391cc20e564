"""Start a whole shop on this machine: database, queue, API, worker, scheduler.

Everything lives in one folder (default ./.merx). The first start fills it with a sample catalogue, later starts keep
the data. Ctrl-C stops everything.
"""

import argparse
import asyncio
import os
from pathlib import Path


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=os.environ.get("MERX_PORT") or 8000, help="default 8000")
    parser.add_argument("--host", default=os.environ.get("MERX_HOST") or "127.0.0.1", help="default 127.0.0.1")
    parser.add_argument(
        "--data", type=Path, default=Path(os.environ.get("MERX_DATA_DIR") or ".merx"), help="default ./.merx"
    )
    parser.add_argument("--reset", action="store_true", help="delete the shop in the folder and start anew")
    parser.add_argument("--catalogue", type=Path, metavar="FILE", help="import this JSONL file (.gz too)")


def run(args: argparse.Namespace) -> int:
    from merx.bootstrap.demo.shop import Options, demo

    options = Options(data=args.data, host=args.host, port=args.port, reset=args.reset, catalogue=args.catalogue)
    return asyncio.run(demo(options))
