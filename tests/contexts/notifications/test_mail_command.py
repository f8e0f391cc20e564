"""`merx mail` at a terminal."""

import os

import msgspec
import pytest

from merx.bootstrap.cli import main
from merx.contexts.identity.events import AccountRegistered
from merx.contexts.notifications.adapters.folder import FolderMailbox
from merx.contexts.notifications.adapters.rfc5322 import sender_of
from merx.contexts.notifications.domain.shop import Shop
from merx.contexts.notifications.domain.templates import TEMPLATES
from merx.kernel.ids import new_id
from tests.contexts.notifications.conftest import NOW, placed


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """No shop of this machine, a wide terminal, and a clock in UTC."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("MERX_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "160")


async def write(folder, event, **changes):
    mail = TEMPLATES[type(event)].render(event, Shop("Merx", "https://shop.example", str, "", str))
    await FolderMailbox(folder, sender_of("Merx <shop@localhost>")).send(msgspec.structs.replace(mail, **changes))
    return str(event.id)[-8:]


@pytest.fixture
async def mails(tmp_path):
    folder = tmp_path / ".merx" / "mail"
    account = AccountRegistered(at=NOW.replace(hour=13), account_id=new_id(), email="jörg@example.com", name="Jörg")
    order = placed(number="[bold]1[/bold]")
    # The newer one first: the list is by time of the event.
    return await write(folder, account), await write(folder, order)


def run(capsys, *arguments):
    code = main(["mail", *arguments])
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def test_the_list(mails, capsys):
    code, out, _ = run(capsys, "list")
    rows = out.splitlines()
    assert code == 0
    assert rows[0].split() == ["Time", "Id", "To", "Subject"]
    assert mails[1] in rows[1]
    assert "Your order [bold]1[/bold]" in rows[1]
    assert "Ada Lovelace <Ada@Example.com>" in rows[1]
    assert mails[0] in rows[2]
    assert "jörg@example.com" in rows[2]


async def test_what_is_piped_into_grep_is_one_line_a_mail(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "60")
    long = "Confirm that we shall forget you, " * 3 + "the end"
    await write(tmp_path / ".merx" / "mail", placed(), subject=long)
    assert run(capsys, "list")[1].splitlines()[1].rstrip().endswith(long)


def test_the_list_may_be_short(mails, capsys):
    assert mails[1] not in run(capsys, "list", "--limit", "1")[1]


def test_another_folder(mails, capsys, tmp_path):
    assert run(capsys, "list", "--data", "other") == (0, "No mail in other/mail yet.\n", "")
    assert mails[0] in run(capsys, "list", "--data", str(tmp_path / ".merx"))[1]


def test_show_the_newest(mails, capsys):
    code, out, _ = run(capsys, "show", "last")
    assert code == 0
    assert out.startswith("To:      Jörg <jörg@example.com>\nSubject: Welcome to Merx\nDate:    2030-01-15")
    assert "\n\nHello Jörg,\n\nyour account at Merx is ready." in out


def test_show_by_id(mails, capsys):
    code, out, _ = run(capsys, "show", mails[1].upper())
    assert code == 0
    assert "2 × Shirt (colour: red, size: M)" in out


def test_show_the_file(mails, capfdbinary):
    assert main(["mail", "show", mails[1], "--raw"]) == 0
    assert b"Content-Type: text/html" in capfdbinary.readouterr().out


@pytest.mark.parametrize(("wanted", "sentence"), [("ffff-nothing", "no mail in"), ("-", "2 mails have '-'")])
def test_no_such_mail(mails, capsys, wanted, sentence):
    code, out, err = run(capsys, "show", "--", wanted)
    assert (code, out) == (1, "")
    assert sentence in err


def test_an_empty_mailbox(capsys):
    assert run(capsys, "list") == (0, "No mail in .merx/mail yet.\n", "")
    assert run(capsys, "show", "last")[0] == 1


async def test_what_a_mail_says_cannot_drive_the_terminal(tmp_path, capsys):
    await write(tmp_path / ".merx" / "mail", placed(), text="\x1b[2Jgone\x07\r\n\x9b31mred")
    _, out, _ = run(capsys, "show", "last")
    assert not {"\x1b", "\x07", "\x9b", "\r"} & set(out)
