"""What is refused around exports and erasures."""

from merx.kernel.errors import Conflict, MerxError, NotFound, RateLimited


class ExportNotFound(NotFound):
    """Also for one of somebody else."""

    slug = "privacy.export-not-found"
    title = "No such export"


class ExportNotReady(Conflict):
    slug = "privacy.export-not-ready"
    title = "There is no file: the export is being made, or has expired"


class ErasureNotFound(NotFound):
    slug = "privacy.erasure-not-found"
    title = "No erasure was asked for"


class PersonNotFound(NotFound):
    slug = "privacy.person-not-found"
    title = "No such person"


class OpenMatters(Conflict):
    """`extra` has `matters`: orders, payments."""

    slug = "privacy.open-matters"
    title = "Something is not finished yet"


class StaffAccount(Conflict):
    slug = "privacy.staff-account"
    title = "Staff accounts are not erased this way"


class InvalidErasureCode(MerxError):
    """One answer for a forged, a used, an expired and an overtaken code, and for one of somebody else."""

    slug = "privacy.invalid-code"
    title = "The code is not valid, ask for a new one"


class TooLate(Conflict):
    slug = "privacy.too-late"
    title = "The erasure has begun and cannot be called off"


class AskedTooOften(RateLimited):
    slug = "privacy.asked-too-often"
    title = "Enough codes were sent"


class TooManyExports(RateLimited):
    slug = "privacy.too-many-exports"
    title = "Enough exports for one day"
