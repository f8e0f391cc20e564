"""Users over HTTP."""

from merx.contexts.users.adapters.http.me import AddressBookController, ConsentsController, MeController
from merx.contexts.users.adapters.http.staff import GroupsController, UsersController

__all__ = ["AddressBookController", "ConsentsController", "GroupsController", "MeController", "UsersController"]
