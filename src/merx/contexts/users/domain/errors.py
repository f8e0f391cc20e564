"""What is refused around profiles and addresses."""

from merx.kernel.errors import Conflict, Forbidden, Invalid, NotFound


class ProfileNotFound(NotFound):
    slug = "users.not-found"
    title = "No such user"


class StaffProfile(Forbidden):
    """Staff is changed by nobody who was trusted with customers."""

    slug = "users.staff-profile"
    title = "The profile of a member of staff"


class InvalidProfile(Invalid):
    slug = "users.invalid-profile"
    title = "The profile cannot be like that"


class AddressNotFound(NotFound):
    """Also for an address of somebody else."""

    slug = "users.address-not-found"
    title = "No such address"


class AddressBookFull(Conflict):
    slug = "users.address-book-full"
    title = "The address book is full"


class DefaultTaken(Conflict):
    """Another address became the default at the same moment."""

    slug = "users.default-taken"
    title = "Another address is the default"


class GroupNotFound(NotFound):
    slug = "users.group-not-found"
    title = "No such group"


class GroupCodeTaken(Conflict):
    slug = "users.group-code-taken"
    title = "Another group has this code"


class GroupInUse(Conflict):
    slug = "users.group-in-use"
    title = "The group has members"
