"""What can be wrong with an account or with what somebody presents to be let in."""

from merx.kernel.errors import Conflict, Forbidden, Invalid, MerxError, NotFound, Unauthenticated


class AccountNotFound(NotFound):
    slug = "identity.account-not-found"
    title = "No such account"


class EmailTaken(Conflict):
    """Never shown to a visitor: it would tell who is a customer."""

    slug = "identity.email-taken"
    title = "The e-mail belongs to another account"


class InvalidCredentials(Unauthenticated):
    """One answer for an unknown e-mail, a wrong password and a closed account."""

    slug = "identity.invalid-credentials"
    title = "E-mail or password is wrong"


class InvalidRefreshToken(Unauthenticated):
    """One answer for a forged, an expired, a revoked and a reused token."""

    slug = "identity.invalid-refresh-token"
    title = "The refresh token is not valid, sign in again"


class InvalidCode(MerxError):
    """One answer for a forged, a used, an expired and an overtaken code, and for one of somebody else."""

    slug = "identity.invalid-code"
    title = "The code is not valid, ask for a new one"


class SessionNotFound(NotFound):
    """One answer for an unknown session, one of somebody else and one that is over."""

    slug = "identity.session-not-found"
    title = "No such session"


class WeakPassword(Invalid):
    slug = "identity.weak-password"
    title = "The password cannot be used"


class WrongPassword(Invalid):
    """Whoever is signed in did not give the password of the account."""

    slug = "identity.wrong-password"
    title = "The present password is wrong"


class NoPassword(Invalid):
    """Whoever is signed in gave one; the account was made by a provider, or keeps to passkeys."""

    slug = "identity.no-password"
    title = "The account has no password"

    def __init__(self) -> None:
        super().__init__("Choose one first: with a code by mail, as if it were forgotten.")


class InvalidMfaToken(Unauthenticated):
    """One answer for a forged, a used, an expired and an overtaken token, and after too many attempts."""

    slug = "identity.invalid-mfa-token"
    title = "Sign in again"


class FactorRefused(Unauthenticated):
    """One answer for a wrong, a used and a late code, and for a passkey that does not fit, at the door."""

    slug = "identity.factor-refused"
    title = "That does not prove who you are"


class WrongFactor(Invalid):
    """The same for somebody who is signed in."""

    slug = "identity.wrong-factor"
    title = "The code or passkey is not valid"


class OneProof(Invalid):
    slug = "identity.one-proof"
    title = "Give exactly one proof"


class ProofTooWeak(Invalid):
    slug = "identity.proof-too-weak"
    title = "The account has a second factor, show that one"


class TotpHeldAlready(Conflict):
    slug = "identity.totp-held-already"
    title = "The account has an authenticator app, remove that one first"


class NoTotp(Conflict):
    """There is none, or it was not confirmed in time."""

    slug = "identity.no-totp"
    title = "No authenticator app"


class NoSecondFactor(Conflict):
    slug = "identity.no-second-factor"
    title = "The account has no such second factor"


class LastFactor(Conflict):
    slug = "identity.last-factor"
    title = "Staff of this shop must have a second factor, add another one first"


class PasskeyNotFound(NotFound):
    """One answer for an unknown passkey and for one of somebody else."""

    slug = "identity.passkey-not-found"
    title = "No such passkey"


class PasskeyHeldAlready(Conflict):
    slug = "identity.passkey-held-already"
    title = "The passkey is registered already"


class TooManyPasskeys(Conflict):
    slug = "identity.too-many-passkeys"
    title = "The account has as many passkeys as it can, remove one first"


class CustomersHoldNoPermissions(Invalid):
    slug = "identity.customers-hold-no-permissions"
    title = "Only staff can hold permissions"


class StaffNotFound(NotFound):
    """One answer for an unknown account, one that is closed and one of a customer."""

    slug = "identity.staff-not-found"
    title = "No such member of staff"


class SignedOut(Unauthenticated):
    """The token is good for some minutes more, and the session that it came from is over."""

    slug = "identity.signed-out"
    title = "This device was signed out"


class AccessEnded(Unauthenticated):
    """The token is good, and the account that it speaks for is not open any more."""

    slug = "identity.access-ended"
    title = "This account cannot be used any more"


class RoleNotFound(NotFound):
    slug = "identity.role-not-found"
    title = "No such role"


class RoleNameTaken(Conflict):
    slug = "identity.role-name-taken"
    title = "Another role has this name"


class RoleInUse(Conflict):
    slug = "identity.role-in-use"
    title = "Somebody holds this role, or is invited to it"


class OwnerIsFixed(Conflict):
    slug = "identity.owner-is-fixed"
    title = "The role of the owner cannot be changed or removed"


class OwnerHoldsNoOther(Invalid):
    """A role beside it could add nothing, and deny."""

    slug = "identity.owner-holds-no-other"
    title = "Who is an owner holds nothing else"


class LastOwner(Conflict):
    slug = "identity.last-owner"
    title = "A shop has at least one owner"


class UnknownRole(Invalid):
    slug = "identity.unknown-role"
    title = "There is no such role"


class InvitationNotFound(NotFound):
    slug = "identity.invitation-not-found"
    title = "No such invitation"


class InvitationOver(Conflict):
    slug = "identity.invitation-over"
    title = "The invitation was accepted or withdrawn, or sent too often"


class AlreadyInvited(Conflict):
    slug = "identity.already-invited"
    title = "An invitation to this e-mail is open"


class ApiKeyNotFound(NotFound):
    slug = "identity.api-key-not-found"
    title = "No such API key"


class ApiKeyOver(Conflict):
    slug = "identity.api-key-over"
    title = "The API key has ended or was replaced already"


class InvalidApiKey(Unauthenticated):
    """One answer for a made-up, a revoked and an expired key, and for one that is used from elsewhere."""

    slug = "identity.invalid-api-key"
    title = "The API key is not valid"


class WrongNetwork(Invalid):
    slug = "identity.wrong-network"
    title = "Not an address or a network"


class UnknownPermission(Invalid):
    slug = "identity.unknown-permission"
    title = "No route knows this permission"


class MoreThanOwn(Forbidden):
    slug = "identity.more-than-own"
    title = "Nobody can grant more than they have"


class GivenByTwo(Forbidden):
    """A guarded right: it is given to an account, one at a time, and a second person agrees."""

    slug = "identity.given-by-two"
    title = "This right is not given by one person alone"


class StaffStandsForItself(Forbidden):
    slug = "identity.staff-stands-for-itself"
    title = "Nobody acts in the place of staff"
