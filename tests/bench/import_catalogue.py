"""Importing whole catalogues with `merx import`: durable commits, every fact stored, nobody delivering events yet.

    python -m tests.bench import_catalogue FILE...

Without files the shipped sample is imported; a catalogue of 60,000 products must be in within three minutes. Reported
beside it: the same files once more, when nothing changed.
"""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path

from merx.bootstrap.migrate import upgrade
from tests.bench.kit.measure import Figure, parser
from tests.bench.kit.servers import ROOT, folder, postgres

TARGET_SECONDS = 180.0


def run(arguments: Sequence[str]) -> list[Figure]:
    options = parser(__doc__ or "")
    options.add_argument("files", nargs="*", type=Path, help="catalogues, .jsonl or .jsonl.gz")
    given = options.parse_args(arguments).files
    sample = Path(str(files("merx") / "data" / "catalogue.jsonl.gz"))
    with folder() as home, postgres(home) as server:
        upgrade(server.url)
        environment = {"MERX_DATABASE_URL": server.url, "MERX_DATA_DIR": str(home / "data")}
        first = _bring_in(given or [sample], environment)
        again = _bring_in(given or [sample], environment, "--again")
    products = sum(count for count, _ in first)
    seconds = sum(spent for _, spent in first)
    return [
        Figure(
            what=f"{products:,} products imported",
            value=seconds,
            unit="s",
            target=TARGET_SECONDS,
            good="at most",
            detail=f"{products / seconds:,.0f} products/s",
        ),
        Figure(what="the same files again, unchanged", value=sum(spent for _, spent in again), unit="s"),
    ]


def _bring_in(catalogues: Sequence[Path], environment: Mapping[str, str], *flags: str) -> list[tuple[int, float]]:
    """Products and seconds of each file."""
    found = []
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src"), **environment}
    for path in catalogues:
        began = time.perf_counter()
        command = [sys.executable, "-m", "merx", "import", str(path), *flags]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr)
        found.append((int(done.stdout.splitlines()[-1].split()[0].replace(",", "")), time.perf_counter() - began))
        print(f"{path.name}: {done.stdout.splitlines()[-1]} {found[-1][1]:.1f} s", flush=True)
    return found
