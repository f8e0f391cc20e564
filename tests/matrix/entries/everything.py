"""All entries of the matrix. A context that comes brings its file here."""

from tests.matrix.entries import (
    approvals,
    catalog,
    identity,
    jobs,
    logistics,
    operations,
    privacy,
    second_factors,
    shopping,
    sign_in_providers,
    staff,
    users,
)
from tests.matrix.entry import Entries

ENTRIES: Entries = {
    **identity.ENTRIES,
    **sign_in_providers.ENTRIES,
    **staff.ENTRIES,
    **users.ENTRIES,
    **privacy.ENTRIES,
    **catalog.ENTRIES,
    **logistics.ENTRIES,
    **shopping.ENTRIES,
    **operations.ENTRIES,
    **second_factors.ENTRIES,
    **approvals.ENTRIES,
    **jobs.ENTRIES,
}
