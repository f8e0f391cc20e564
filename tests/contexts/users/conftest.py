"""Users on each storage, wired as in the application, with a clock that stands still."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest
from dependency_injector import providers

from merx.bootstrap.container import App
from merx.contexts.identity.adapters.passwords import Argon2Passwords
from merx.contexts.identity.domain.account import AccountKind
from merx.contexts.users.ports.queries import UserFilter
from merx.contexts.users.usecases.address_book import SaveAddress
from merx.infra.settings import Settings
from merx.kernel.actor import ActorKind
from merx.kernel.address import Address
from tests.support.apps import new_app
from tests.support.asgi import AsgiClient
from tests.support.clock import FixedClock
from tests.support.customers import customer
from tests.support.drain import drain
from tests.support.stage import staged

HOME = Address(
    name="Ada", line1="1 Market Street", city="San Francisco", country="US", region="CA", postal_code="94105"
)
OFFICE = Address(name="Ada", line1="12 MG Road", city="Bengaluru", country="IN", region="KA", postal_code="560 001")


class Town:
    """The wired application, and shortcuts for what many tests do."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.clock = FixedClock()
        app.infra.clock.override(providers.Object(self.clock))
        app.contexts.identity.passwords.override(providers.Object(Argon2Passwords(memory_kib=64, time_cost=1)))
        self.users = app.contexts.users

    async def account(self, email: str = "ada@example.com", name: str = "Ada", kind: str = "customer") -> UUID:
        """Registered, and nobody has told the users yet."""
        made: UUID = await self.app.contexts.identity.ensure_account()(
            email, name, AccountKind(kind), (), "correct horse battery"
        )
        return made

    async def tell(self) -> None:
        await drain(self.app.deliverer, self.app.infra.deliveries())

    async def person(self, email: str = "ada@example.com", name: str = "Ada", kind: str = "customer") -> UUID:
        account_id = await self.account(email, name, kind)
        await self.tell()
        return account_id

    async def save(self, account_id: UUID, address: Address = HOME, **fields: object):
        return await self.users.save_address()(customer(account_id), account_id, SaveAddress(address=address, **fields))

    async def book(self, account_id: UUID):
        return (await self.users.read_addresses()(account_id, None, 100)).items

    def bearer(self, account_id: UUID, kind: ActorKind = ActorKind.customer, *permissions: str) -> dict[str, str]:
        return {"authorization": f"Bearer {self.app.infra.access_tokens().issue(account_id, kind, permissions)}"}


@pytest.fixture
def memory_town() -> Town:
    return Town(new_app())


@pytest.fixture
async def postgres_town(database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    app = App(Settings(database_url=database_url, data_dir=str(tmp_path)))
    yield Town(app)
    await app.close()


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.services)])
def town(request: pytest.FixtureRequest) -> Town:
    found: Town = request.getfixturevalue(f"{request.param}_town")
    return found


@pytest.fixture
async def client(memory_town: Town) -> AsgiClient:
    return AsgiClient(staged(memory_town.app.settings, memory_town.app))


async def find(town: Town, **wanted) -> list[str]:
    """Names found, over pages of two."""
    names, after = [], None
    while True:
        page = await town.users.queries().users(UserFilter(limit=2, after=after, **wanted))
        names += [user.name for user in page.items]
        after = page.next
        if after is None:
            return names
