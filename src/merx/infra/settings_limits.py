"""How much one caller may do, and how much a process takes on: the kinds of these settings, with their descriptions."""

from typing import Annotated

from msgspec import Meta

from merx.infra.settings_values import Millis, Tokens

LimitBrowse = Annotated[Tokens, Meta(description="reads a minute, a caller; what the cache answers is free")]
LimitWrite = Annotated[Tokens, Meta(description="changes a minute, a caller")]
LimitCheckout = Annotated[Tokens, Meta(description="checkouts a minute, a caller")]
LimitLogin = Annotated[Tokens, Meta(description="attempts a minute to sign in, register and the like, a caller")]
LimitStaff = Annotated[Tokens, Meta(description="requests a minute, a staff account or API key")]
LimitWebhook = Annotated[Tokens, Meta(description="webhook calls a minute, a provider")]
LimitAddressFactor = Annotated[
    int, Meta(ge=1, le=1000, description="an address may do so many times as much: behind it may be an office")
]
MaxInFlight = Annotated[
    int, Meta(ge=1, le=100_000, description="requests at once, a process; beyond that the answer is 503 at once")
]
ReservedInFlight = Annotated[
    int, Meta(ge=0, le=100_000, description="of these, places that only carts, checkout and webhooks may take")
]
BusyInFlight = Annotated[
    int,
    Meta(
        ge=1,
        le=100_000,
        description="requests at once while a process falls behind; carts, checkout and webhooks keep their places",
    ),
]
BusyLagMs = Annotated[
    Millis, Meta(description="a process falls behind when its event loop is so late; it sheds load then")
]
