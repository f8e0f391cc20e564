"""What staff may not do to zones, methods and rates."""

from merx.kernel.errors import Conflict, Invalid, NotFound


class ZoneNotFound(NotFound):
    slug = "shipping.zone-not-found"
    title = "No such shipping zone"


class MethodNotFound(NotFound):
    slug = "shipping.method-not-found"
    title = "No such shipping method"


class RateNotFound(NotFound):
    slug = "shipping.rate-not-found"
    title = "No such shipping rate"


class ZoneNameTaken(Conflict):
    slug = "shipping.zone-name-taken"
    title = "Another zone has this name"


class MethodCodeTaken(Conflict):
    slug = "shipping.method-code-taken"
    title = "The zone has a method with this code"


class RateTaken(Conflict):
    slug = "shipping.rate-taken"
    title = "The method has a rate in this currency"


class ZoneInUse(Conflict):
    slug = "shipping.zone-in-use"
    title = "The zone still has methods"


class MethodInUse(Conflict):
    slug = "shipping.method-in-use"
    title = "The method still has rates"


class InvalidZone(Invalid):
    slug = "shipping.invalid-zone"
    title = "Invalid zone"


class InvalidMethod(Invalid):
    slug = "shipping.invalid-method"
    title = "Invalid method"


class InvalidRate(Invalid):
    slug = "shipping.invalid-rate"
    title = "Invalid rate"
