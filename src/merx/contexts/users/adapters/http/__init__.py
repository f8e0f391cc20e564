"""Users over HTTP."""

from merx.contexts.users.adapters.http.me import AddressBookController, MeController

__all__ = ["AddressBookController", "MeController"]
