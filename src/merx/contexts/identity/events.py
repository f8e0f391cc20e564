"""What others may hear of accounts."""

from typing import Literal
from uuid import UUID

from merx.kernel.model import Event


class AccountRegistered(Event, frozen=True, tag="identity.account-registered.v1"):
    """`code_id`: the one-time code that proves the e-mail; the mail computes its text. None needs no proof."""

    account_id: UUID
    email: str
    name: str
    kind: Literal["customer", "staff"] = "customer"
    code_id: UUID | None = None


class RegistrationRepeated(Event, frozen=True, tag="identity.registration-repeated.v1"):
    """Somebody registered with the e-mail of this account. The visitor was told nothing; its owner should know."""

    account_id: UUID
    email: str
    name: str


class SignedIn(Event, frozen=True, tag="identity.signed-in.v1"):
    """`methods`: with what, `password`, `totp`, `recovery_code`, `passkey` or `oidc`."""

    account_id: UUID
    methods: tuple[str, ...] = ()


class RefreshTokenReused(Event, frozen=True, tag="identity.refresh-token-reused.v1"):
    """A refresh token was used again after its time: it was copied. The session that it belonged to is over."""

    account_id: UUID
    session_id: UUID
    email: str
    name: str


class CodeAsked(Event, frozen=True, tag="identity.code-asked.v1"):
    """A visitor typed an e-mail to get a code. Whether it has an account is looked up later, off the request."""

    purpose: Literal["verify-email", "reset-password"]
    email: str


class EmailVerificationRequested(Event, frozen=True, tag="identity.email-verification-requested.v1"):
    account_id: UUID
    code_id: UUID
    email: str
    name: str


class EmailVerified(Event, frozen=True, tag="identity.email-verified.v1"):
    """The owner of the account proved to read the mailbox of `email`."""

    account_id: UUID
    email: str


class PasswordResetRequested(Event, frozen=True, tag="identity.password-reset-requested.v1"):
    account_id: UUID
    code_id: UUID
    email: str
    name: str


class PasswordChanged(Event, frozen=True, tag="identity.password-changed.v1"):
    account_id: UUID
    email: str
    name: str


class EmailChangeAsked(Event, frozen=True, tag="identity.email-change-asked.v1"):
    """Whether the new address is free is looked up later, off the request.

    `credentials_version` is the account's at the time: a password changed since calls the wish off.
    """

    account_id: UUID
    credentials_version: int
    new_email: str


class EmailChangeAnnounced(Event, frozen=True, tag="identity.email-change-announced.v1"):
    """Goes to the present address: its owner can still stop it."""

    account_id: UUID
    email: str
    name: str


class EmailChangeRequested(Event, frozen=True, tag="identity.email-change-requested.v1"):
    """`email` is the new address, not yet the account's: the code goes there."""

    account_id: UUID
    code_id: UUID
    email: str
    name: str


class StaffInvited(Event, frozen=True, tag="identity.staff-invited.v1"):
    """Somebody is asked to join the staff. `code_id` is None when the address has an account already."""

    invitation_id: UUID
    code_id: UUID | None
    email: str


class EmailChanged(Event, frozen=True, tag="identity.email-changed.v1"):
    """`email` is the old address, which is told; `new_email` is the account's from now on, and proved."""

    account_id: UUID
    email: str
    name: str
    new_email: str


class FactorAdded(Event, frozen=True, tag="identity.factor-added.v1"):
    """`label` is the name that the owner gave to a passkey."""

    account_id: UUID
    email: str
    name: str
    factor: Literal["totp", "passkey"]
    label: str = ""


class FactorRemoved(Event, frozen=True, tag="identity.factor-removed.v1"):
    """`by_staff`: somebody who looks after the shop took it away, not the owner."""

    account_id: UUID
    email: str
    name: str
    factor: Literal["totp", "passkey"]
    label: str = ""
    by_staff: bool = False


class RecoveryCodesMade(Event, frozen=True, tag="identity.recovery-codes-made.v1"):
    """The codes made before are void."""

    account_id: UUID
    email: str
    name: str


class RecoveryCodeUsed(Event, frozen=True, tag="identity.recovery-code-used.v1"):
    """`left`: how many the owner has still."""

    account_id: UUID
    email: str
    name: str
    left: int


class SecondFactorGuessed(Event, frozen=True, tag="identity.second-factor-guessed.v1"):
    """Somebody failed with the second factor as often as one sign-in allows, after all of `methods` were right: the
    password, or a provider that is linked.
    """

    account_id: UUID
    email: str
    name: str
    methods: tuple[str, ...] = ("password",)


class PasskeyCopied(Event, frozen=True, tag="identity.passkey-copied.v1"):
    """A passkey counted backwards: there is a second one like it. It was refused."""

    account_id: UUID
    email: str
    name: str
    label: str


class IdentityLinked(Event, frozen=True, tag="identity.identity-linked.v1"):
    """A provider became one more way into an account that was there before; its owner is told."""

    account_id: UUID
    identity_id: UUID
    provider: str
    email: str
    name: str


class IdentityUnlinked(Event, frozen=True, tag="identity.identity-unlinked.v1"):
    account_id: UUID
    identity_id: UUID
    provider: str
    email: str
    name: str


class AccountClosed(Event, frozen=True, tag="identity.account-closed.v1"):
    """For good: nobody signs in with it any more."""

    account_id: UUID
