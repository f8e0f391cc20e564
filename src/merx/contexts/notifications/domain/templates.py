"""Which mail tells of which event. A new mail is one function in the module of its matter, and one line in the table
at the end.
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
from merx.contexts.notifications.domain.account_mails import (
    change_email,
    email_change_announced,
    email_changed,
    identity_linked,
    identity_unlinked,
    password_changed,
    registration_repeated,
    reset_password,
    session_ended,
    staff_invited,
    verify_email,
    welcome,
)
from merx.contexts.notifications.domain.body import Paragraph, as_html, as_text
from merx.contexts.notifications.domain.greeting import callable_name
from merx.contexts.notifications.domain.mail import Mail, MailKind, one_line
from merx.contexts.notifications.domain.order_mails import order_cancelled, order_placed, order_shipped
from merx.contexts.notifications.domain.privacy_mails import (
    account_closed,
    confirm_erasure,
    erasure_cancelled,
    erasure_scheduled,
    export_ready,
)
from merx.contexts.notifications.domain.security_mails import SECURITY_MAILS, daily
from merx.contexts.notifications.domain.shop import Said, Shop
from merx.contexts.orders.events import OrderCancelled, OrderPlaced, OrderShipped
from merx.contexts.privacy.events import (
    ErasureAsked,
    ErasureBegun,
    ErasureCancelled,
    ErasureScheduled,
    ExportReady,
)
from merx.kernel.model import Event

__all__ = ["TEMPLATES", "Shop", "Template"]


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
            to_name=callable_name(self.name(event)),
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
    RegistrationRepeated: Template(MailKind.registration_repeated, registration_repeated, occasion=daily),
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
