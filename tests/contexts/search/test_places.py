"""Where indexes lie."""

from pathlib import Path

import pytest

from merx.contexts.search.adapters.tantivy.generations import FolderPlace
from merx.contexts.search.ports.index import RebuildRunning


def test_a_rebuild_that_could_not_begin_keeps_nobody_from_the_next(tmp_path: Path) -> None:
    place = FolderPlace(tmp_path)
    # Nothing can be noted in here.
    (tmp_path / "changes").mkdir()
    with pytest.raises(IsADirectoryError):
        place.begin_rebuild()
    (tmp_path / "changes").rmdir()
    running = place.begin_rebuild()
    with pytest.raises(RebuildRunning):
        place.begin_rebuild()
    running.release()
    place.begin_rebuild().release()
