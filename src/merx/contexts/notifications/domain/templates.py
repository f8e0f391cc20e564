"""Which mail tells of which event. A new mail is one function and one line in the table at the end."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote
from uuid import UUID

import msgspec

from merx.contexts.identity.events import AccountRegistered, RefreshTokenReused, RegistrationRepeated
from merx.contexts.notifications.domain.body import Block, Lines, Link, Paragraph, Table, as_html, as_text
from merx.contexts.notifications.domain.mail import Mail, MailKind, one_line
from merx.contexts.orders.events import OrderCancelled, OrderPlaced, OrderShipped, PlacedLine
from merx.kernel.model import Event

# Codes that read badly in a sentence.
_PAYMENT_NAMES = {"cod": "cash on delivery"}


class Shop(msgspec.Struct, frozen=True):
    """How the shop calls itself and where it is found; `order_token` is what a guest opens an order with."""

    name: str
    public_url: str
    order_token: Callable[[UUID], str]

    def order_link(self, order_id: UUID, *, guest: bool) -> str:
        """The token stands behind `#`: browsers do not send that part, so it appears in no log on the way."""
        address = f"{self.public_url.rstrip('/')}/orders/{order_id}"
        return f"{address}#token={quote(self.order_token(order_id))}" if guest else address


# What a mail says: its subject and its body.
Said = tuple[str, list[Block]]


def order_placed(event: OrderPlaced, shop: Shop) -> Said:
    address = event.address
    blocks: list[Block] = [
        Paragraph(f"Hello {address.name},"),
        Paragraph(f"thank you for your order {event.number}."),
        Table(
            [
                *((_line(line), str(line.line_total)) for line in event.lines),
                ("Items", str(event.items_total)),
                (f"Shipping ({event.shipping_name})", str(event.shipping_total)),
                ("Total", str(event.total)),
            ],
            totals=3,
        ),
        Paragraph(f"Payment: {_PAYMENT_NAMES.get(event.payment_method, event.payment_method.replace('_', ' '))}"),
        Paragraph("We send it to:"),
        Lines(
            [
                address.name,
                address.line1,
                address.line2,
                f"{address.postal_code} {address.city}",
                f"{address.region} {address.country}",
                address.phone,
            ]
        ),
    ]
    if shop.public_url:
        blocks.append(Link("See your order", shop.order_link(event.order_id, guest=event.customer_id is None)))
    return f"Your order {event.number}", blocks


def _line(line: PlacedLine) -> str:
    options = ", ".join(f"{name}: {value}" for name, value in line.options.items())
    return f"{line.quantity} × {line.name}" + (f" ({options})" if options else "")


def order_shipped(event: OrderShipped, _: Shop) -> Said:
    units = sum(event.quantities.values())
    blocks: list[Block] = [
        Paragraph("Hello,"),
        Paragraph(f"{units} {'item' if units == 1 else 'items'} of your order {event.number} left our house."),
    ]
    if event.carrier or event.tracking_number:
        blocks.append(Lines([f"Carrier: {event.carrier}" if event.carrier else "", _tracking(event.tracking_number)]))
    return f"Your order {event.number} is on its way", blocks


def _tracking(number: str) -> str:
    return f"Tracking number: {number}" if number else ""


def order_cancelled(event: OrderCancelled, _: Shop) -> Said:
    rest = "" if event.whole else "the rest of "
    blocks: list[Block] = [Paragraph("Hello,"), Paragraph(f"{rest}your order {event.number} was cancelled.")]
    if not event.whole:
        blocks.append(Paragraph("What was sent before is yours; only that is to be paid."))
    if event.reason:
        blocks.append(Paragraph(f"Reason: {event.reason}"))
    subject = f"Your order {event.number} was cancelled"
    return subject if event.whole else f"The rest of your order {event.number} was cancelled", blocks


def welcome(event: AccountRegistered, shop: Shop) -> Said:
    blocks: list[Block] = [
        Paragraph(f"Hello {event.name},"),
        Paragraph(f"your account at {shop.name} is ready. Sign in with this e-mail address."),
        Paragraph("If that was not you, somebody used your address by mistake and you need not do anything."),
    ]
    return f"Welcome to {shop.name}", blocks


def registration_repeated(event: RegistrationRepeated, shop: Shop) -> Said:
    blocks: list[Block] = [
        Paragraph(f"Hello {event.name},"),
        Paragraph(f"somebody, probably you, registered at {shop.name} with this e-mail address."),
        Paragraph("You have an account already and nothing about it was changed: sign in with your password."),
    ]
    return f"Your account at {shop.name}", blocks


def session_ended(event: RefreshTokenReused, shop: Shop) -> Said:
    blocks: list[Block] = [
        Paragraph(f"Hello {event.name},"),
        Paragraph(
            f"a sign-in to your account at {shop.name} was used from two places at once. "
            "Somebody may have copied it, so we ended it on both."
        ),
        Paragraph("Sign in again. If this surprises you, choose a new password."),
    ]
    return "We signed you out on one device", blocks


class Template(msgspec.Struct, frozen=True):
    """`wanted`: whether to write at all. `occasion`: events of the same occasion make one mail."""

    kind: MailKind
    compose: Callable[[Any, Shop], Said]
    name: Callable[[Any], str] = lambda event: event.name
    wanted: Callable[[Any], bool] = lambda _: True
    occasion: Callable[[Any], str] = lambda event: str(event.id)

    def render(self, event: Any, shop: Shop) -> Mail:
        subject, blocks = self.compose(event, shop)
        blocks.append(Paragraph(shop.name))
        subject = one_line(subject)
        return Mail(
            kind=self.kind,
            event_id=event.id,
            at=event.at,
            to_address=event.email,
            to_name=one_line(self.name(event), 120),
            subject=subject,
            text=as_text(blocks),
            html=as_html(subject, blocks),
        )


def _nameless(_: Any) -> str:
    return ""


TEMPLATES: dict[type[Event], Template] = {
    OrderPlaced: Template(MailKind.order_placed, order_placed, name=lambda event: event.address.name),
    OrderShipped: Template(MailKind.order_shipped, order_shipped, name=_nameless),
    OrderCancelled: Template(MailKind.order_cancelled, order_cancelled, name=_nameless),
    AccountRegistered: Template(MailKind.welcome, welcome, wanted=lambda event: event.kind == "customer"),
    # Anybody can type anybody's address into a form: once a day is enough to know.
    RegistrationRepeated: Template(
        MailKind.registration_repeated,
        registration_repeated,
        occasion=lambda event: f"{event.account_id}:{event.at:%Y-%m-%d}",
    ),
    RefreshTokenReused: Template(MailKind.session_ended, session_ended),
}
