"""What users hear: somebody has an account now, and what happens to the orders of customers.

Entries of the timeline take the id of their event, so hearing it twice changes nothing.
"""

import msgspec

from merx.contexts.identity.events import AccountClosed, AccountRegistered, EmailChanged
from merx.contexts.orders.events import OrderCancelled, OrderPlaced, OrderShipped
from merx.contexts.users.domain.profile import Profile
from merx.contexts.users.events import ConsentChanged
from merx.contexts.users.ports.queries import TimelineEntry
from merx.contexts.users.ports.repositories import UsersUow
from merx.kernel.ids import new_id


async def on_account_registered(event: AccountRegistered, uow: UsersUow) -> None:
    """Also after the person has opened their profile, which stays as it is."""
    await uow.profiles.ensure(Profile.begin(event.account_id, event.email, event.name, event.kind, event.at))
    await uow.timeline.note(TimelineEntry(event.id, event.at, "registered", event.kind, None), event.account_id)


async def on_email_changed(event: EmailChanged, uow: UsersUow) -> None:
    """A profile that is made later is made with the new address already."""
    for profile in await uow.profiles.find((event.account_id,)):
        profile.write_to(event.new_email)
        await uow.profiles.save(profile)


async def on_account_closed(event: AccountClosed, uow: UsersUow) -> None:
    """Whoever leaves for good consents to nothing any more, and whoever acts on consents hears it."""
    for consent in await uow.consents.granted(event.account_id):
        withdrawn = msgspec.structs.replace(consent, id=new_id(), granted=False, source="account-closed", at=event.at)
        await uow.consents.add(withdrawn)
        uow.emit(
            ConsentChanged(
                at=event.at,
                account_id=event.account_id,
                purpose=withdrawn.purpose.value,
                granted=False,
                source=withdrawn.source,
            )
        )


async def on_order_placed(event: OrderPlaced, uow: UsersUow) -> None:
    if event.customer_id is not None:
        detail = f"{event.number}: {event.total}"
        await uow.timeline.note(
            TimelineEntry(event.id, event.at, "order_placed", detail, event.order_id), event.customer_id
        )


async def on_order_shipped(event: OrderShipped, uow: UsersUow) -> None:
    if event.customer_id is not None:
        detail = f"{event.number}: {event.carrier} {event.tracking_number}".strip()
        await uow.timeline.note(
            TimelineEntry(event.id, event.at, "order_shipped", detail, event.order_id), event.customer_id
        )


async def on_order_cancelled(event: OrderCancelled, uow: UsersUow) -> None:
    if event.customer_id is not None:
        detail = f"{event.number}: {event.reason}"
        await uow.timeline.note(
            TimelineEntry(event.id, event.at, "order_cancelled", detail, event.order_id), event.customer_id
        )
