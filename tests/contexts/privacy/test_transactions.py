"""No transaction waits for a file, a mail or another context's facade: a life of a customer, to its end."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from merx.bootstrap.container import Contexts
from merx.contexts.notifications.adapters.folder import FolderMailbox
from merx.contexts.notifications.adapters.rfc5322 import sender_of
from merx.contexts.privacy.adapters.folder import FolderExportFiles
from merx.contexts.privacy.adapters.neighbours import IdentityAccounts
from merx.contexts.users.adapters.neighbours import IdentityAccounts as AccountsOfUsers
from merx.infra.memory import MemoryStore
from merx.infra.settings import Settings
from tests.contexts.privacy.conftest import CANARY, Shop, opened


class Watched:
    """Something outside. `inside` is what of it was called while the storage was in a transaction."""

    def __init__(self, outside: Any) -> None:
        self.outside = outside
        # Has one transaction at a time.
        self.store: MemoryStore | None = None
        self.called: set[str] = set()
        self.inside: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.outside, name)

        async def call(*args: Any) -> Any:
            self.called.add(name)
            if self.store is not None and self.store.lock.locked():
                self.inside.add(name)
            return await method(*args)

        return call


class Life:
    def __init__(self, settings: Settings) -> None:
        folder, sender = Path(settings.data_dir), sender_of(settings.mail_from)
        self.files = Watched(FolderExportFiles(folder))
        self.mailbox = Watched(FolderMailbox(folder / "mail", sender))
        self.accounts, self.profiles = Watched(None), Watched(None)
        self.outside = (self.files, self.mailbox, self.accounts, self.profiles)
        self.shop: Shop

    def begin(self, shop: Shop) -> None:
        self.shop = shop
        identity = shop.app.contexts.identity.api()
        self.accounts.outside, self.profiles.outside = IdentityAccounts(identity), AccountsOfUsers(identity)
        for each in self.outside:
            each.store = shop.app.infra.store()


@pytest.fixture
async def life(tmp_path: Path) -> AsyncIterator[Life]:
    settings = Settings(storage="memory", data_dir=str(tmp_path))
    life = Life(settings)
    instead = {
        Contexts.privacy.files: life.files,
        Contexts.privacy.accounts: life.accounts,
        Contexts.users.accounts: life.profiles,
        Contexts.notifications.mailbox: life.mailbox,
    }
    async for shop in opened(settings, instead):
        life.begin(shop)
        yield life


async def test_nothing_outside_is_waited_for_with_a_transaction_open(life: Life):
    shop = life.shop
    person = await shop.live(CANARY)
    await shop.call("PATCH", f"/users/{person.account_id}", {"name": "Canaria F."})
    await shop.export(person)
    await shop.export(person)
    shop.clock.advance(timedelta(days=max(shop.app.settings.export_days, shop.app.settings.mail_days) + 1))
    await shop.job("privacy.forget-exports")
    await shop.job("notifications.forget-mails")
    assert list((shop.data / "exports").glob("*.zip")) == []
    assert shop.mails() == []
    await shop.sign_in(person)
    await shop.export(person)
    await shop.erase(person)
    assert list((shop.data / "exports").glob("*.zip")) == []
    assert [each.inside for each in life.outside] == [set()] * 4
    assert life.files.called == {"write", "read", "remove"}
    assert life.mailbox.called == {"send", "forget", "forget_before"}
    assert life.accounts.called == {"person", "prove", "close"}
    assert life.profiles.called == {"account"}
