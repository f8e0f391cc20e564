"""Runs the blocks of docs/getting-started.md against a running shop, as a reader would paste them.

    python tests/smoke/getting_started.py http://localhost:8000 .merx

A command that fails, or a request that is answered with a failure, ends it with what was printed so far.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "getting-started.md"
LIMIT_SECONDS = 120
_STRICT = """\
set -euo pipefail
curl() { command curl --fail --max-time 20 "$@"; }
merx() { "$PYTHON" -P -m merx "$@"; }
"""


def script() -> str:
    """The blocks marked `sh`; others start servers of their own."""
    return "\n".join(re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE))


def follow(base: str, data: Path) -> str:
    """What the commands printed. Raises CalledProcessError, with the output in it."""
    with tempfile.TemporaryDirectory(prefix="merx-page-") as folder:
        done = subprocess.run(
            ["bash", "-c", _STRICT + script().replace("http://localhost:8000", base)],
            cwd=folder,
            env=os.environ | {"MERX_DATA_DIR": str(data.resolve()), "PYTHON": sys.executable},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LIMIT_SECONDS,
            check=False,
        )
    if done.returncode:
        print(done.stdout)
        raise subprocess.CalledProcessError(done.returncode, str(PAGE), done.stdout)
    return done.stdout


if __name__ == "__main__":
    print(follow(sys.argv[1], Path(sys.argv[2])))
