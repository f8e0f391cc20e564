"""What somebody reads about an account: its e-mail, its password and the ways into it."""

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
from merx.contexts.notifications.domain.body import Block, Paragraph
from merx.contexts.notifications.domain.shop import Said, Shop, said


def welcome(event: AccountRegistered, shop: Shop) -> Said:
    body: list[str | Block] = [f"your account at {shop.name} is ready. Sign in with this e-mail address."]
    if event.code_id is not None:
        body.append("Please confirm within 24 hours that this address is yours.")
        body += shop.with_code("Confirm your e-mail address", "verify-email", event.code_id)
        body.append("If you did not register, do not confirm: somebody used your address by mistake.")
    else:
        body.append("If that was not you, somebody used your address by mistake and you need do nothing.")
    return said(f"Welcome to {shop.name}", event.name, *body)


def registration_repeated(event: RegistrationRepeated, shop: Shop) -> Said:
    return said(
        f"Your account at {shop.name}",
        event.name,
        f"somebody, probably you, registered at {shop.name} with this e-mail address.",
        "You have an account already and nothing about it was changed: sign in with your password.",
    )


def session_ended(event: RefreshTokenReused, shop: Shop) -> Said:
    return said(
        "We signed you out on one device",
        event.name,
        f"a sign-in to your account at {shop.name} was used from two places at once. "
        "Somebody may have copied it, so we ended it on both.",
        "Sign in again. If this surprises you, choose a new password.",
    )


def verify_email(event: EmailVerificationRequested, shop: Shop) -> Said:
    return said(
        "Confirm your e-mail address",
        event.name,
        f"confirm within 24 hours that this address belongs to your account at {shop.name}.",
        *shop.with_code("Confirm your e-mail address", "verify-email", event.code_id),
        "If you did not register, do not confirm: somebody used your address by mistake.",
    )


def reset_password(event: PasswordResetRequested, shop: Shop) -> Said:
    return said(
        "Choose a new password",
        event.name,
        f"somebody, probably you, asked for a new password at {shop.name}. You have 30 minutes to choose it.",
        *shop.with_code("Choose a new password", "reset-password", event.code_id),
        "If that was not you, do nothing: your password stays as it is. Give this code to nobody.",
    )


def password_changed(event: PasswordChanged, shop: Shop) -> Said:
    return said(
        "Your password was changed",
        event.name,
        f"the password of your account at {shop.name} was changed. Other devices were signed out.",
        "If that was not you, ask for a new password now and tell us.",
    )


def email_change_announced(event: EmailChangeAnnounced, shop: Shop) -> Said:
    return said(
        "Your e-mail address is about to change",
        event.name,
        f"somebody, probably you, wants another e-mail address for your account at {shop.name}.",
        "If that was not you, change your password now: that stops it.",
    )


def change_email(event: EmailChangeRequested, shop: Shop) -> Said:
    return said(
        "Confirm your new e-mail address",
        event.name,
        f"confirm within one hour that your account at {shop.name} shall have this address.",
        *shop.with_code("Confirm your new e-mail address", "change-email", event.code_id),
        "If that was not you, do not confirm: somebody typed your address by mistake.",
    )


def email_changed(event: EmailChanged, shop: Shop) -> Said:
    return said(
        "Your e-mail address was changed",
        event.name,
        f"your account at {shop.name} has another e-mail address now. We write to this one no more.",
        "If that was not you, tell us at once.",
    )


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
    return said(
        f"You can sign in through {event.provider} now",
        event.name,
        f"from now on you can sign in to your account at {shop.name} through {event.provider}.",
        "If that was not you, choose a new password now, remove it from your account and tell us.",
    )


def identity_unlinked(event: IdentityUnlinked, shop: Shop) -> Said:
    return said(
        f"{event.provider} was removed from your account",
        event.name,
        f"{event.provider} is no way to sign in to your account at {shop.name} any more.",
        "If that was not you, choose a new password now and tell us.",
    )
