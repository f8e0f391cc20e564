"""What can go wrong when somebody signs in through a provider. Slugs reach the account page behind `#error=`."""

from merx.kernel.errors import Conflict, Invalid, MerxError, NotFound, Unauthenticated, Unavailable


class ProviderNotFound(NotFound):
    slug = "identity.provider-not-found"
    title = "No such sign-in provider"


class UnsafeReturn(MerxError):
    slug = "identity.unsafe-return"
    title = "`return_to` must be a path of the shop, such as /orders"


class SignInInterrupted(MerxError):
    """One answer for a forged, a used and an expired state, and for one of another browser or another provider."""

    slug = "identity.sign-in-interrupted"
    title = "The sign-in took too long or began elsewhere, start again"


class SignInDeclined(MerxError):
    """The provider came back with an error, most often because its owner chose `cancel` there."""

    slug = "identity.sign-in-declined"
    title = "The provider did not sign you in"


class ProviderRefused(MerxError):
    """What the provider says about the person does not hold; the reason is in the log and nowhere else."""

    slug = "identity.provider-refused"
    title = "What the provider says could not be verified"


class ProviderAway(Unavailable):
    slug = "identity.provider-away"
    title = "The sign-in provider does not answer"


class LinkFirst(Conflict):
    """Nobody signs in through this identity yet. The same whether or not its e-mail has an account."""

    slug = "identity.link-first"
    title = "Sign in or register here first, then link the provider to your account"


class AccountClosed(Unauthenticated):
    slug = "identity.account-closed"
    title = "This account cannot sign in"


class IdentityTaken(Conflict):
    slug = "identity.identity-taken"
    title = "This identity belongs to another account"


class VerifyEmailFirst(Conflict):
    """Whoever registered with the address of somebody else must not leave a way in behind for later."""

    slug = "identity.verify-email-first"
    title = "Verify the e-mail of your account first"


class TooManyIdentities(Conflict):
    slug = "identity.too-many-identities"
    title = "No more identities can be linked to this account"


class LastWayIn(Conflict):
    slug = "identity.last-way-in"
    title = "This is the only way to sign in to the account"


class StaffProvider(Conflict):
    slug = "identity.staff-provider"
    title = "This provider is for staff"


class IdentityNotFound(NotFound):
    """One answer for an unknown identity and for one of somebody else."""

    slug = "identity.identity-not-found"
    title = "No such linked identity"


class PasswordNeeded(Invalid):
    slug = "identity.password-needed"
    title = "The present password is needed"
