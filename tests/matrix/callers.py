"""Who calls."""

from enum import StrEnum


class Caller(StrEnum):
    """`other_guest` has good tokens of other things, `forger` the right ones with one letter changed.

    What `staff` and `staff_without` may do is said by their tokens, narrowed as `merx token` does it; `holder` and
    `barred` have the tokens of a sign-in, and what they may do is what their accounts hold at that moment.
    """

    anonymous = "anonymous"
    owner = "owner"
    other = "other customer"
    guest = "guest with the token"
    other_guest = "guest with another token"
    forger = "guest with a forged token"
    staff_without = "staff without the right"
    staff = "staff with the right alone"
    barred = "staff whose account is denied the right"
    holder = "staff whose account holds the right alone"
    key_without = "API key without the scope"
    key = "API key with the scope alone"
    nobodys_key = "program without an account"


GUESTS = (Caller.anonymous, Caller.guest, Caller.other_guest, Caller.forger)
CUSTOMERS = (Caller.owner, Caller.other)
STAFF = (Caller.staff_without, Caller.staff, Caller.barred, Caller.holder)
PROGRAMS = (Caller.key_without, Caller.key, Caller.nobodys_key)
# Whom a right lets in.
TRUSTED = (Caller.staff, Caller.holder, Caller.key)
