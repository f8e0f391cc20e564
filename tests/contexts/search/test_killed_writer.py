"""A writer that is killed: nothing is locked, nothing is broken, and the batch that comes again goes in."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from merx.contexts.search.adapters.tantivy.generations import FolderPlace
from merx.contexts.search.adapters.tantivy.index import FolderSearchIndex
from merx.kernel.ids import new_id
from tests.contexts.search.conftest import Shop, document, listed

pytestmark = pytest.mark.services  # no server, but processes that are started and killed

ROOT = Path(__file__).parents[3]

# Holds both locks and has added documents that are not committed.
HALF_WRITTEN = """
import sys, time
from pathlib import Path
from merx.contexts.search.adapters.tantivy.generations import FolderPlace
from merx.contexts.search.adapters.tantivy.writer import GenerationWriter
from tests.contexts.search.conftest import document, listed

place = FolderPlace(Path(sys.argv[1]))
lock = place.lock()
writer = GenerationWriter(place.current())
writer.put([listed(document(f"Lost lamp {n}")) for n in range(300)])
print("written", flush=True)
time.sleep(60)
"""

# Has begun a rebuild and filled half of it.
HALF_REBUILT = """
import sys, time
from pathlib import Path
from merx.contexts.search.adapters.tantivy.generations import FolderPlace
from merx.contexts.search.adapters.tantivy.writer import GenerationWriter
from tests.contexts.search.conftest import document, listed

place = FolderPlace(Path(sys.argv[1]))
running = place.begin_rebuild()
writer = GenerationWriter(place.create(), bulk=True)
writer.put([listed(document(f"Lost lamp {n}")) for n in range(300)])
writer._writer.commit()
print("written", flush=True)
time.sleep(60)
"""


def killed(program: str, folder: Path) -> None:
    paths = os.pathsep.join((str(ROOT), str(ROOT / "src")))
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(folder)], stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": paths}
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"written\n"
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        process.stdout.close() if process.stdout else None


async def test_a_killed_writer_leaves_the_last_commit_and_no_lock(tmp_path: Path) -> None:
    shop = Shop(FolderSearchIndex(tmp_path))
    await shop.sell(document("Lamp"))
    killed(HALF_WRITTEN, tmp_path)
    assert await shop.names("lamp") == ["Lamp"]
    # The delivery was never marked done, so its products come again.
    assert await shop.index.apply([listed(document("Second lamp"))]) == 1
    assert (await shop.find("lamp", facets=())).total == 2
    await shop.index.close()


async def test_a_killed_rebuild_leaves_the_old_index_and_can_be_begun_again(tmp_path: Path) -> None:
    shop = Shop(FolderSearchIndex(tmp_path))
    await shop.sell(document("Lamp"))
    killed(HALF_REBUILT, tmp_path)
    assert await shop.names("lamp") == ["Lamp"]
    assert (tmp_path / "changes").exists()
    await shop.index.apply([listed(document("Second lamp"))])
    assert not (tmp_path / "changes").exists()
    await shop.sell(document("Third lamp"))
    assert (await shop.find("lamp", facets=())).total == 2
    assert len(list((tmp_path / "generations").iterdir())) == 2
    await shop.index.close()


def test_changes_are_noted_only_while_a_rebuild_runs(tmp_path: Path) -> None:
    place = FolderPlace(tmp_path)
    key = new_id()
    place.note([key])
    assert not (tmp_path / "changes").exists()
    running = place.begin_rebuild()
    FolderPlace(tmp_path).note([key])
    assert place.noted(0) == ([key], 16)
    assert place.noted(16) == ([], 16)
    running.release()
