"""Where behaviour is put into Litestar's route handlers once all routes are there.

Its own ways (guards, hooks and middleware of each layer) are resolved again at every request. These are the names that
it reads while it serves; they are private to it, so they stand in this module only. The tests of access, of cookie mode
and of repeated requests fail when a new version reads others.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from litestar import Request
from litestar.handlers import HTTPRouteHandler
from litestar.types import Empty, Guard

# ruff: noqa: SLF001 - see above: the one module that touches them

Responder = Callable[..., Awaitable[Any]]
BeforeRequest = Callable[[Request[Any, Any, Any]], Awaitable[Any]]


def responder_of(handler: HTTPRouteHandler) -> Responder:
    """What makes a response of the data that the handler returns. Called with `app`, `data` and `request`."""
    return handler.get_response_handler(is_response_type_data=False)


def set_responder(handler: HTTPRouteHandler, respond: Responder) -> None:
    """Litestar chose by the annotation what to do with what a handler returns; `respond` sees the data itself."""
    handler._response_handler_mapping["default_handler"] = respond


def set_before_request(handler: HTTPRouteHandler, before: BeforeRequest) -> None:
    handler._resolved_before_request = before


def set_function(handler: HTTPRouteHandler, function: Callable[..., Any]) -> None:
    """What is called in the place of the decorated function, with its arguments."""
    handler._fn = function


def set_guards(handler: HTTPRouteHandler, guards: list[Guard]) -> None:
    handler._resolved_guards = guards


def forget_signature(handler: HTTPRouteHandler) -> None:
    """The model of the arguments is built again on next use, from the fields as they are then."""
    handler._signature_model = Empty
