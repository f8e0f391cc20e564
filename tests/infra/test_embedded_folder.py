"""The data folder: one supervisor at a time, one clear sentence for everything that is wrong with it."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from merx.infra.embedded import DataFolder, EmbeddedError
from merx.infra.embedded.account import Account
from merx.infra.embedded.folder import MARKER
from merx.infra.embedded.sockets import leave_sockets, socket_folder


def refused(work: Callable[[], object]) -> str:
    with pytest.raises(EmbeddedError) as caught:
        work()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def refused_as_nobody(work: Callable[[], object]) -> str:
    """What an ordinary user is told: root may write everywhere, so root steps down in a child process."""
    if os.geteuid() != 0:
        return refused(work)
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        try:
            os.setgid(65534)
            os.setuid(65534)
            work()
            os.write(writing, b"not refused")
        except EmbeddedError as error:
            os.write(writing, str(error).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read().decode()
    os.waitpid(child, 0)
    return said


def test_has_its_parts_and_keeps_keys_private(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "shop")
    folder.open()
    assert {"run", "search", "mail", "keys", "log", "lock", MARKER} == {p.name for p in folder.path.iterdir()}
    assert folder.keys.stat().st_mode & 0o777 == 0o700
    assert folder.is_new
    folder.close()


def test_one_supervisor_at_a_time(tmp_path: Path) -> None:
    first = DataFolder(tmp_path)
    first.open()
    said = refused(DataFolder(tmp_path).open)
    assert f"already running (process {os.getpid()})" in said
    first.close()
    second = DataFolder(tmp_path)
    second.open()
    second.close()


def test_leaves_a_foreign_folder_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("x")
    assert "not a Merx shop" in refused(DataFolder(tmp_path).open)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_file_instead_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("")
    assert "is a file" in refused(DataFolder(tmp_path / "f").open)
    assert "is not a folder" in refused(DataFolder(tmp_path / "f" / "g").open)


def test_a_folder_this_user_may_not_write(tmp_path: Path) -> None:
    for parent in (tmp_path, *tmp_path.parents[:3]):
        parent.chmod(parent.stat().st_mode | 0o055)
    mine = tmp_path / "mine"
    DataFolder(mine).open()
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    assert "can not be written by this user" in refused_as_nobody(DataFolder(closed / "shop").open)
    if os.geteuid() == 0:
        assert "can not be written by this user" in refused_as_nobody(DataFolder(mine).open)


def test_emptying_keeps_the_marker_and_the_lock(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    folder.open()
    (folder.path / "pg").mkdir()
    (folder.path / "pg" / "PG_VERSION").write_text("18")
    (folder.mail / "1.eml").write_text("x")
    folder.empty()
    assert folder.is_new
    assert list(folder.mail.iterdir()) == []
    assert "already running" in refused(DataFolder(tmp_path).open)
    folder.close()


def test_another_layout(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    folder.open()
    (tmp_path / MARKER).write_text("99\n")
    assert "has layout 99" in refused(folder.check_layout)
    folder.empty()
    folder.check_layout()
    folder.close()


def test_sockets_of_a_deep_folder_live_in_the_temp_folder(tmp_path: Path) -> None:
    me = Account(os.geteuid(), os.getegid())
    deep = tmp_path / ("d" * 100) / "run"
    short = socket_folder(deep, me)
    assert short == socket_folder(deep, me)
    assert len(str(short)) < 84
    assert short.stat().st_mode & 0o777 == 0o700
    other = socket_folder(deep.with_name("other"), me)
    assert short != other
    leave_sockets(short, deep)
    leave_sockets(other, deep.with_name("other"))
    assert not short.exists()
    assert not other.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a folder of somebody else")
def test_a_socket_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    me = Account(os.geteuid(), os.getegid())
    taken = socket_folder(tmp_path / ("d" * 100) / "run", me)
    os.chown(taken, 12345, 12345)
    assert "belongs to somebody else" in refused(lambda: socket_folder(tmp_path / ("d" * 100) / "run", me))
    taken.rmdir()
