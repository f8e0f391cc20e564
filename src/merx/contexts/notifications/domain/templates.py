"""Which mail tells of which event. A new mail is one function and one line in the table at the end.

Those about second factors are in `security_mails.py`.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from merx.contexts.identity.events import (
    AccountRegistered,
    EmailChangeAnnounced,
    EmailChanged,
    EmailChangeRequested,
    EmailVerificationRequested,
    IdentityLinked,
    IdentityUnlinked,
    PasswordChanged,
    PasswordResetRequested,
    RefreshTokenReused,
    RegistrationRepeated,
    StaffInvited,
)
from merx.contexts.notifications.domain.body import Block, Lines, Link, Paragraph, Table, as_html, as_text
from merx.contexts.notifications.domain.mail import Mail, MailKind, one_line
from merx.contexts.notifications.domain.privacy_mails import (
    account_closed,
    confirm_erasure,
    erasure_cancelled,
    erasure_scheduled,
    export_ready,
)
from merx.contexts.notifications.domain.security_mails import SECURITY_MAILS
from merx.contexts.notifications.domain.shop import Said, Shop
from merx.contexts.orders.events import OrderCancelled, OrderPlaced, OrderShipped, PlacedLine
from merx.contexts.privacy.events import (
    ErasureAsked,
    ErasureBegun,
    ErasureCancelled,
    ErasureScheduled,
    ExportReady,
)
from merx.kernel.model import Event

__all__ = ["TEMPLATES", "Shop", "Template"]

# Codes that read badly in a sentence.
_PAYMENT_NAMES = {"cod": "cash on delivery"}


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
    ]
    if event.code_id is not None:
        blocks.append(Paragraph("Please confirm within 24 hours that this address is yours."))
        blocks += shop.with_code("Confirm your e-mail address", "verify-email", event.code_id)
        blocks.append(Paragraph("If you did not register, do not confirm: somebody used your address by mistake."))
    else:
        blocks.append(Paragraph("If that was not you, somebody used your address by mistake and you need do nothing."))
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


def verify_email(event: EmailVerificationRequested, shop: Shop) -> Said:
    blocks: list[Block] = [
        Paragraph(f"Hello {event.name},"),
        Paragraph(f"confirm within 24 hours that this address belongs to your account at {shop.name}."),
        *shop.with_code("Confirm your e-mail address", "verify-email", event.code_id),
        Paragraph("If you did not register, do not confirm: somebody used your address by mistake."),
    ]
    return "Confirm your e-mail address", blocks


def reset_password(event: PasswordResetRequested, shop: Shop) -> Said:
    blocks: list[Block] = [
        Paragraph(f"Hello {event.name},"),
        Paragraph(
            f"somebody, probably you, asked for a new password at {shop.name}. You have 30 minutes to choose it."
        ),
        *shop.with_code("Choose a new password", "reset-password", event.code_id),
        Paragraph("If that was not you, do nothing: your password stays as it is. Give this code to nobody."),
    ]
    return "Choose a new password", blocks


def password_changed(event: PasswordChanged, shop: Shop) -> Said:
    blocks: list[Block] = [
        Paragraph(f"Hello {event.name},"),
        Paragraph(f"the password of your account at {shop.name} was changed. Other devices were signed out."),
        Paragraph("If that was not you, ask for a new password now and tell us."),
    ]
    return "Your password was changed", blocks


def email_change_announced(event: EmailChangeAnnounced, shop: Shop) -> Said:
    blocks: list[Block] = [
        Paragraph(f"Hello {event.name},"),
        Paragraph(f"somebody, probably you, wants another e-mail address for your account at {shop.name}."),
        Paragraph("If that was not you, change your password now: that stops it."),
    ]
    return "Your e-mail address is about to change", blocks


def change_email(event: EmailChangeRequested, shop: Shop) -> Said:
    blocks: list[Block] = [
        Paragraph(f"Hello {event.name},"),
        Paragraph(f"confirm within one hour that your account at {shop.name} shall have this address."),
        *shop.with_code("Confirm your new e-mail address", "change-email", event.code_id),
        Paragraph("If that was not you, do not confirm: somebody typed your address by mistake."),
    ]
    return "Confirm your new e-mail address", blocks


def email_changed(event: EmailChanged, shop: Shop) -> Said:
    blocks: list[Block] = [
        Paragraph(f"Hello {event.name},"),
        Paragraph(f"your account at {shop.name} has another e-mail address now. We write to this one no more."),
        Paragraph("If that was not you, tell us at once."),
    ]
    return "Your e-mail address was changed", blocks


def staff_invited(event: StaffInvited, shop: Shop) -> Said:
    blocks: list[Block] = [Paragraph("Hello,"), Paragraph(f"you are invited to join the staff of {shop.name}.")]
    if event.code_id is not None:
        blocks.append(Paragraph("Choose your name and your password within 72 hours."))
        blocks += shop.with_code("Accept the invitation", "invitation", event.code_id)
        blocks.append(Paragraph("If you do not know what this is about, do nothing. Give this code to nobody."))
    else:
        blocks.append(Paragraph("This address has an account there already, and one address has one account."))
        blocks.append(Paragraph("Tell whoever invited you another address of yours."))
    return f"Join the staff of {shop.name}", blocks


def identity_linked(event: IdentityLinked, shop: Shop) -> Said:
    blocks: list[Block] = [
        Paragraph(f"Hello {event.name},"),
        Paragraph(f"from now on you can sign in to your account at {shop.name} through {event.provider}."),
        Paragraph("If that was not you, choose a new password now, remove it from your account and tell us."),
    ]
    return f"You can sign in through {event.provider} now", blocks


def identity_unlinked(event: IdentityUnlinked, shop: Shop) -> Said:
    blocks: list[Block] = [
        Paragraph(f"Hello {event.name},"),
        Paragraph(f"{event.provider} is no way to sign in to your account at {shop.name} any more."),
        Paragraph("If that was not you, choose a new password now and tell us."),
    ]
    return f"{event.provider} was removed from your account", blocks


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
    EmailVerificationRequested: Template(MailKind.verify_email, verify_email),
    PasswordResetRequested: Template(MailKind.reset_password, reset_password),
    PasswordChanged: Template(MailKind.password_changed, password_changed),
    EmailChangeAnnounced: Template(MailKind.email_change_announced, email_change_announced),
    EmailChangeRequested: Template(MailKind.change_email, change_email),
    EmailChanged: Template(MailKind.email_changed, email_changed),
    StaffInvited: Template(MailKind.staff_invited, staff_invited, name=_nameless),
    ExportReady: Template(MailKind.export_ready, export_ready),
    ErasureAsked: Template(MailKind.confirm_erasure, confirm_erasure),
    ErasureScheduled: Template(MailKind.erasure_scheduled, erasure_scheduled),
    ErasureCancelled: Template(MailKind.erasure_cancelled, erasure_cancelled),
    ErasureBegun: Template(MailKind.account_closed, account_closed),
    **{
        event: Template(kind, compose, occasion=occasion) for event, (kind, compose, occasion) in SECURITY_MAILS.items()
    },
    IdentityLinked: Template(MailKind.identity_linked, identity_linked),
    IdentityUnlinked: Template(MailKind.identity_unlinked, identity_unlinked),
}
