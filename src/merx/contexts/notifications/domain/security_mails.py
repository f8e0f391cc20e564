"""Mails about second factors: whoever did not do that herself must hear of it."""

from collections.abc import Callable
from typing import Any

from merx.contexts.identity.events import (
    FactorAdded,
    FactorRemoved,
    PasskeyCopied,
    RecoveryCodesMade,
    RecoveryCodeUsed,
    SecondFactorGuessed,
)
from merx.contexts.notifications.domain.mail import MailKind
from merx.contexts.notifications.domain.shop import Said, Shop, said
from merx.kernel.model import Event

_NOT_YOU = "If that was not you, choose a new password now and tell us."


def _factor(event: FactorAdded | FactorRemoved) -> str:
    return "An authenticator app" if event.factor == "totp" else f"The passkey “{event.label}”"


def factor_added(event: FactorAdded, shop: Shop) -> Said:
    words = (
        f"{_factor(event)} was added to your account at {shop.name}. From now on signing in with your password takes "
    )
    return said("A second factor was added", event.name, f"{words}a second factor too.", _NOT_YOU)


def factor_removed(event: FactorRemoved, shop: Shop) -> Said:
    by = " by the people who look after the shop" if event.by_staff else ""
    words = f"{_factor(event)} was removed from your account at {shop.name}{by}."
    return said("A second factor was removed", event.name, words, _NOT_YOU)


def recovery_codes_made(event: RecoveryCodesMade, shop: Shop) -> Said:
    words = f"new recovery codes were made for your account at {shop.name}. The old ones open nothing any more."
    return said("You have new recovery codes", event.name, words, _NOT_YOU)


def recovery_code_used(event: RecoveryCodeUsed, shop: Shop) -> Said:
    words = f"a recovery code of your account at {shop.name} was used. "
    left = "It was the last one." if event.left == 0 else f"You have {event.left} left."
    return said("A recovery code was used", event.name, words + left, "Make new ones when few are left.", _NOT_YOU)


def second_factor_guessed(event: SecondFactorGuessed, shop: Shop) -> Said:
    if "oidc" in event.methods:
        words = (
            f"somebody came to your account at {shop.name} through a sign-in provider that is linked to it and then "
            "gave a wrong second factor, several times. Nobody was let in."
        )
        what = (
            "If that was not you, secure your account at the provider, or remove the provider from your account here."
        )
        return said("Somebody may have signed in at your provider", event.name, words, what)
    words = (
        f"somebody gave the right password of your account at {shop.name} and then a wrong second factor, several "
        "times. Nobody was let in."
    )
    return said("Somebody may know your password", event.name, words, "If that was not you, choose a new password now.")


def passkey_copied(event: PasskeyCopied, shop: Shop) -> Said:
    words = (
        f"the passkey “{event.label}” of your account at {shop.name} was used in a way that tells of a copy. "
        "It was refused."
    )
    return said("A passkey was refused", event.name, words, "Remove it and register a new one. If it goes on, tell us.")


def _each(event: Any) -> str:
    return str(event.id)


def daily(event: Any) -> str:
    return f"{event.account_id}:{event.at:%Y-%m-%d}"


# Its kind, what it says, and what makes two events one mail.
SECURITY_MAILS: dict[type[Event], tuple[MailKind, Callable[[Any, Shop], Said], Callable[[Any], str]]] = {
    FactorAdded: (MailKind.factor_added, factor_added, _each),
    FactorRemoved: (MailKind.factor_removed, factor_removed, _each),
    RecoveryCodesMade: (MailKind.recovery_codes_made, recovery_codes_made, _each),
    RecoveryCodeUsed: (MailKind.recovery_code_used, recovery_code_used, _each),
    # Whoever guesses must not fill a mailbox.
    SecondFactorGuessed: (MailKind.second_factor_guessed, second_factor_guessed, daily),
    PasskeyCopied: (MailKind.passkey_copied, passkey_copied, daily),
}
