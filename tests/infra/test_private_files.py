"""A file is there whole or not at all, and nobody else may read it."""

import os
import stat
from pathlib import Path

import pytest

from merx.infra import private_files


def left(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_it_takes_the_place_of_what_was_there(tmp_path: Path):
    file = tmp_path / "new" / "folder" / "it"
    private_files.put(file, b"one")
    private_files.put(file, b"two")
    assert (file.read_bytes(), left(file.parent)) == (b"two", ["it"])
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_the_first_one_wins(tmp_path: Path):
    file = tmp_path / "it"
    private_files.put_once(file, lambda: b"one")
    private_files.put_once(file, lambda: b"two")
    assert (file.read_bytes(), left(tmp_path)) == (b"one", ["it"])


def test_what_cannot_be_put_leaves_nothing_behind(tmp_path: Path):
    taken = tmp_path / "it"
    taken.mkdir()
    (taken / "inside").touch()
    with pytest.raises(OSError, match="directory"):
        private_files.put(taken, b"one")
    assert left(tmp_path) == ["it"]


def test_what_a_killed_writer_left_goes_with_it(tmp_path: Path):
    file, other = tmp_path / "it", tmp_path / "other"
    private_files.put(other, b"stays")
    for name in (".it.7.ab12cd34", ".it.8.ab12cd34", "it"):
        (tmp_path / name).write_bytes(b"half")
    private_files.remove(file)
    private_files.remove(file)
    assert left(tmp_path) == ["other"]
    assert os.access(other, os.R_OK)
