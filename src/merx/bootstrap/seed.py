"""Fills a shop so that it can be tried: accounts, shipping, a catalogue with stock, and everything that follows.

Each part finds out itself what is there already, so a second start costs next to nothing.
"""

from collections.abc import Callable
from pathlib import Path

import msgspec

from merx.bootstrap.catalogue_import import CatalogueFile, ImportReport, import_file
from merx.bootstrap.container import App
from merx.contexts.identity.domain.account import AccountKind
from merx.contexts.identity.domain.role import OWNER
from merx.infra.settings import Settings, SettingsError

Progress = Callable[[str, int, int | None], None]
"""Title of the step, how far it is, and of how many when that is known."""


class Login(msgspec.Struct, frozen=True):
    email: str
    password: str

    def __repr__(self) -> str:
        return "Login(***)"


class SeedResult(msgspec.Struct, frozen=True):
    staff: Login
    customer: Login
    catalogue: ImportReport


# Known to everybody who reads this, which is why production refuses them.
STAFF = Login("staff@merx.example", "staff-of-the-demo")
CUSTOMER = Login("customer@merx.example", "customer-of-the-demo")


async def seed(settings: Settings, catalogue: Path | None, progress: Progress) -> SeedResult:
    """Without a catalogue the one shipped with the package. Raises SettingsError in production."""
    _check(settings)
    app = App(settings)
    try:
        return await fill(app, catalogue, progress)
    finally:
        await app.close()


async def fill(app: App, catalogue: Path | None, progress: Progress) -> SeedResult:
    """The same in an application that exists, before it serves anybody."""
    _check(app.settings)
    progress("accounts and shipping", 0, None)
    ensure = app.contexts.identity.ensure_account()
    await ensure(STAFF.email, "Sam Staff", AccountKind.staff, (), STAFF.password, (OWNER,))
    await ensure(CUSTOMER.email, "Casey Customer", AccountKind.customer, (), CUSTOMER.password)
    await app.contexts.shipping.seed_shipping()()
    return SeedResult(STAFF, CUSTOMER, await _bring_in(app, CatalogueFile(catalogue), progress))


def _check(settings: Settings) -> None:
    if settings.production:
        raise SettingsError(["MERX_ENVIRONMENT=production: everybody knows the passwords of the demo accounts"])


async def _bring_in(app: App, source: CatalogueFile, progress: Progress) -> ImportReport:
    progress("catalogue", 0, None)
    # One index made at the end costs less than one that follows every batch.
    with app.registry.silenced("search."):
        report, run = await import_file(app, source, lambda done, total: progress("catalogue", done, total))
        if report.done_before:
            return report
        progress("stock and categories", 0, None)
        await app.deliverer.drain()
        progress("search index", 0, report.products)
        await app.contexts.search.reindex()(lambda done: progress("search index", done, report.products))
    # Only now: a start that was stopped before makes the index again.
    await app.contexts.catalog.import_catalogue().finish(run)
    return report
