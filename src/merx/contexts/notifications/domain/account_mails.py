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
from merx.contexts.notifications.domain.shop import Said, Shop


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
