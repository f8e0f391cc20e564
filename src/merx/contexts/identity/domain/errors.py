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


class CustomersHoldNoPermissions(Invalid):
    slug = "identity.customers-hold-no-permissions"
    title = "Only staff can hold permissions"


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
