"""What the inventory refuses."""

from merx.kernel.errors import Conflict, Invalid, NotFound


class UnknownVariant(NotFound):
    slug = "inventory.unknown-variant"
    title = "No stock is kept for this variant"


class UnknownLocation(Invalid):
    slug = "inventory.unknown-location"
    title = "No such location"


class LocationTaken(Conflict):
    slug = "inventory.location-taken"
    title = "The location code is taken"


class BelowPromised(Conflict):
    """Stock that placed orders rely on cannot be taken away; cancel orders first."""

    slug = "inventory.below-promised"
    title = "Less than is promised to orders"
