"""`merx token` at a terminal."""

import argparse
import asyncio
import json
import os

import pytest
from dependency_injector import providers

from merx.bootstrap.cli import main
from merx.bootstrap.commands.token import seconds
from merx.bootstrap.infra import Infra
from merx.contexts.identity.adapters.passwords import Argon2Passwords
from merx.contexts.identity.container import IdentityContainer
from merx.contexts.identity.domain.account import AccountKind
from merx.contexts.identity.domain.totp import Totp
from merx.infra.keys import ensure_keys
from merx.infra.settings import Settings, load_settings
from tests.contexts.identity.conftest import PASSWORD


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("MERX_")]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("text", "value"), [("1", 1), ("90", 90), ("90s", 90), ("30m", 1800), ("12h", 43_200), (" 7d ", 604_800)]
)
def test_times(text, value):
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["", "0", "-1", "31d", "1w", "1.5h", "9999999999", "h", "\u0661"])
def test_no_times(text):
    with pytest.raises(argparse.ArgumentTypeError):
        seconds(text)


def run(capsys, *arguments):
    code = main(["token", *arguments])
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def test_without_a_running_shop(capsys):
    code, out, err = run(capsys)
    assert (code, out) == (1, "")
    assert "No shop is running in .merx. Start one with: merx demo --data .merx" in err
    assert "No shop is running in other." in run(capsys, "--data", "other")[2]


def test_a_shop_in_memory_has_none(capsys, monkeypatch):
    monkeypatch.setenv("MERX_STORAGE", "memory")
    assert run(capsys)[0] == 1


@pytest.mark.services
class TestRunningShop:
    @pytest.fixture
    def folder(self, tmp_path, database_url):
        """What a running shop leaves for other terminals."""
        folder = tmp_path / "shop"
        keys = folder / "keys"
        ensure_keys(keys)
        environment = {
            "MERX_DATABASE_URL": database_url,
            "MERX_DATA_DIR": str(folder),
            "MERX_SECRET_FILE": str(keys / "secret"),
            "MERX_TOKEN_KEY_FILE": str(keys / "token.pem"),
        }
        (folder / "run").mkdir()
        (folder / "run" / "shop.json").write_text(json.dumps(environment))
        asyncio.run(self.staff(load_settings(environment)))
        self.settings = load_settings(environment)
        return folder

    @staticmethod
    async def staff(settings: Settings) -> None:
        infra = Infra(settings=settings)
        identity = IdentityContainer(infra=infra)
        identity.passwords.override(providers.Object(Argon2Passwords(memory_kib=64, time_cost=1)))
        ensure = identity.ensure_account()
        await ensure("first@example.com", "First", AccountKind.staff, ("*",), PASSWORD)
        await ensure("second@example.com", "Second", AccountKind.staff, ("orders:read",), PASSWORD)
        await infra.database().close()

    def actor(self, out):
        """As a process of the shop sees the caller."""

        async def look():
            infra = Infra(settings=self.settings)
            actor = infra.access_tokens().verify(out.strip())
            found = await IdentityContainer(infra=infra).staff_door().actor(actor)
            await infra.database().close()
            return found

        return asyncio.run(look())

    def test_the_token_alone_is_the_output(self, folder, capsys):
        code, out, err = run(capsys, "--data", str(folder))
        assert code == 0
        assert out.count("\n") == 1
        assert self.actor(out).may("orders:write")
        assert "speaks for first@example.com until" in err

    def test_for_one_account_with_less(self, folder, capsys):
        _, out, _ = run(capsys, "--data", str(folder), "--email", "First@example.com", "--permissions", "a:b, c:d")
        assert self.actor(out).permissions == {"a:b", "c:d"}

    def test_more_than_the_account_holds(self, folder, capsys):
        arguments = ("--data", str(folder), "--email", "second@example.com", "--permissions", "orders:write")
        assert run(capsys, *arguments) == (1, "", "merx: second@example.com does not hold orders:write\n")

    def test_nobody_of_that_email(self, folder, capsys):
        code, _, err = run(capsys, "--data", str(folder), "--email", "nobody@example.com")
        assert (code, err) == (1, "merx: no staff account has the e-mail nobody@example.com\n")

    def test_second_factors_are_removed_from_the_command_line(self, folder, capsys):
        """The same folder of a running shop, another command."""

        async def work(change):
            infra = Infra(settings=self.settings)
            async with IdentityContainer(infra=infra).uow() as uow:
                account = await uow.accounts.by_email("first@example.com")
                found = await change(uow, account)
                await uow.commit()
            await infra.database().close()
            return found

        async def put(uow, account):
            totp = Totp.enrol(account.id, b"sealed", account.created_at)
            totp.confirmed_at = account.created_at
            await uow.factors.put_totp(totp)

        async def held(uow, account):
            return await uow.factors.held(account.id)

        asyncio.run(work(put))
        arguments = ["second-factors", "remove", "--data", str(folder), "--email"]
        assert main([*arguments, "First@example.com"]) == 0
        assert capsys.readouterr().out == "1 second factor removed\n"
        assert not asyncio.run(work(held)).any
        assert main([*arguments, "nobody@example.com"]) == 1
        assert "no account has this e-mail" in capsys.readouterr().err
