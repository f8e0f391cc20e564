"""What a process tells of itself: the kinds of these settings, with their descriptions."""

from typing import Annotated, Literal

from msgspec import Meta

LogLevel = Annotated[
    Literal["debug", "info", "warning", "error"], Meta(description="least severe line that is written")
]
LogFormat = Annotated[
    Literal["auto", "json", "text"], Meta(description="`auto` is text on a terminal and JSON elsewhere")
]
AccessLog = Annotated[bool, Meta(description="one line a request on standard error")]
MetricsToken = Annotated[
    str,
    Meta(description="bearer token for `/metrics`; else staff and API keys with `metrics:read` alone read it"),
]
