"""What can go wrong, by kind. Driving adapters map a kind once: HTTP to a status, workers to retry or dead letter.

MerxError
├── Invalid          the request can never succeed as written
├── Unauthenticated  who is asking is not proven
├── Forbidden        who is asking is known and may not
├── NotFound         nothing there, or nothing the caller may see
├── Conflict         the present state does not allow it
├── RateLimited      too often
└── Unavailable      a dependency is away; the same request may succeed later
    └── Busy         it is there, and others kept it too long
"""

from typing import ClassVar


class FieldError(Exception):
    """One input field that is wrong: a JSON path such as `lines[0].quantity` and a sentence for people."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class MerxError(Exception):
    """Base of all expected failures. `slug` is stable and public; `detail` is safe to show to the caller."""

    slug: ClassVar[str] = "merx.error"
    title: ClassVar[str] = "Error"

    def __init__(
        self, detail: str = "", *, fields: tuple[FieldError, ...] = (), extra: dict[str, object] | None = None
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.fields = fields
        self.extra = extra or {}


class Invalid(MerxError):
    slug = "request.invalid"
    title = "Invalid request"


class KeyReused(Invalid):
    """The same Idempotency-Key came with another body, query or If-Match."""

    slug = "idempotency.key-reused"
    title = "The idempotency key was used for another request"


class Unauthenticated(MerxError):
    slug = "auth.required"
    title = "Authentication required"


class StepUpNeeded(Unauthenticated):
    """The caller is known, and has to prove it once more: the proof is too old, or weaker than the account's best."""

    slug = "auth.step-up-needed"
    title = "Prove once more that it is you"


class Forbidden(MerxError):
    slug = "auth.forbidden"
    title = "Not allowed"


class BeyondLimit(Forbidden):
    """The right is there, and does not go so far: another amount, another place."""

    slug = "auth.beyond-limit"
    title = "Beyond the limit of your right"


class SecondFactorNeeded(Forbidden):
    """The shop asks this account for a second factor: set one up, or show the one that it has."""

    slug = "auth.second-factor-needed"
    title = "A second factor is needed first"


class NotFound(MerxError):
    slug = "resource.not-found"
    title = "Not found"


class Conflict(MerxError):
    slug = "resource.conflict"
    title = "Conflict"


class StaleVersion(Conflict):
    """Somebody else saved the same aggregate first."""

    slug = "resource.changed-meanwhile"
    title = "Changed meanwhile"


class RateLimited(MerxError):
    """`retry_after` is in seconds."""

    slug = "request.rate-limited"
    title = "Too many requests"

    def __init__(self, detail: str = "", *, retry_after: int = 1) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Unavailable(MerxError):
    """`retry_after` is in seconds."""

    slug = "service.unavailable"
    title = "Temporarily unavailable"

    def __init__(self, detail: str = "", *, retry_after: int = 1) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Busy(Unavailable):
    """Others held what this needs for too long: a lock, or too much work. Whoever needs something else is not hit."""

    slug = "service.busy"
    title = "Busy"
