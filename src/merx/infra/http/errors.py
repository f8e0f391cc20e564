"""Every exception that leaves a handler becomes one problem+json answer. No exception text of ours leaves the process.

Malformed input is 400, a well-formed wish that a rule forbids is 422 (Invalid) or 409 (Conflict).
"""

import re
from enum import Enum
from typing import Any, get_args

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.params import ParameterKwarg
from litestar.typing import FieldDefinition
from loguru import logger

from merx.infra.error_text import text_of
from merx.infra.http.database_errors import dependency_failure
from merx.infra.http.on_record import REFUSED_AS
from merx.infra.http.problems import MALFORMED, MEDIA_TYPE, SERVER_ERROR, Failure, InputError
from merx.infra.idempotency.errors import KeyInvalid, KeyRequired, StillRunning
from merx.infra.plain_words import among, plainly
from merx.kernel.errors import (
    Conflict,
    Forbidden,
    Invalid,
    MerxError,
    NotFound,
    RateLimited,
    StaleVersion,
    StepUpNeeded,
    Unauthenticated,
    Unavailable,
)
from merx.kernel.paging import InvalidCursor

# The first class of an error's MRO that stands here decides.
STATUSES: dict[type[BaseException], int] = {
    InvalidCursor: 400,
    KeyRequired: 400,
    KeyInvalid: 400,
    Invalid: 422,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    StaleVersion: 409,
    Conflict: 409,
    RateLimited: 429,
    Unavailable: 503,
    MerxError: 400,
}

FORBIDDEN = STATUSES[Forbidden]

# What Litestar itself raises.
_HTTP_SLUGS = {
    400: "request.malformed",
    401: "auth.required",
    403: "auth.forbidden",
    404: "request.no-such-route",
    405: "request.method-not-allowed",
    413: "request.too-large",
    429: "request.rate-limited",
    503: "service.unavailable",
}

INVALID_REQUEST = "request.invalid"
_NO_CHOICE = "Invalid enum value"

# RFC 9470: not another token of the same kind helps, but a proof at `/auth/step-up`.
_STEP_UP = 'Bearer error="insufficient_user_authentication", error_description="step up at /api/v1/auth/step-up"'

_TITLES = {404: "No such route", 400: "Malformed request"}

# Of an id that is no UUID the router knows only that no path looks like this.
_DETAILS = {
    404: "No route has this path. All are below /api/v1, and an id in a path is a UUID.",
    405: "The path is right, the method is not; `Allow` names those that are.",
}

_NAMED_FIELD = re.compile(r"^Object (contains unknown|missing required) field `(.{1,64})`")
_MISSING = re.compile(r"^Missing required \w+ parameter '([^']{1,64})'")


def failure_of(error: BaseException, *, if_match: bool = False) -> Failure:
    """The public side of an exception. `if_match`: the caller named a version, so a stale one is 412."""
    if isinstance(error, MerxError):
        return _expected(error, if_match)
    if isinstance(error, HTTPException):
        return _litestar(error)
    if isinstance(error, msgspec.MsgspecError | UnicodeDecodeError | RecursionError):
        # Bodies are decoded by Litestar and arrive as its own exception: this is input a handler decoded itself,
        # or a row of ours that does not fit its struct. The caller gets 400, we get a log line.
        return msgspec.structs.replace(MALFORMED, detail="The request could not be read.", expected=False)
    return dependency_failure(error) or SERVER_ERROR


def handle_error(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Litestar's exception handler for everything."""
    failure = failure_of(error, if_match="if-match" in request.headers)
    if failure.slug == INVALID_REQUEST:
        failure = _as_sent(failure, request)
    request_id = str(request.scope.get("state", {}).get("request_id", ""))
    note(failure, error, request_id)
    if failure.status == FORBIDDEN:
        request.scope["state"][REFUSED_AS] = failure.slug
    return Response(
        content=failure.body(request_id),
        status_code=failure.status,
        media_type=MEDIA_TYPE,
        headers=dict(failure.headers),
    )


def note(failure: Failure, error: BaseException, request_id: str) -> None:
    """Write down what somebody must look at."""
    if not failure.expected:
        logger.bind(request_id=request_id).opt(exception=error).error("request failed: {}", type(error).__name__)
    elif failure.status >= 500:
        logger.bind(request_id=request_id).warning("dependency away: {}: {}", type(error).__name__, text_of(error))


def _expected(error: MerxError, if_match: bool) -> Failure:
    status = next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)
    detail = error.detail
    if if_match and isinstance(error, StaleVersion):
        status, detail = 412, "`If-Match` is not the present `ETag`: read it again, and decide anew"
    headers: tuple[tuple[str, str], ...] = ()
    if isinstance(error, RateLimited | Unavailable | StillRunning):
        headers = (("Retry-After", str(error.retry_after)),)
    elif status == 401:
        headers = (("WWW-Authenticate", _STEP_UP if isinstance(error, StepUpNeeded) else "Bearer"),)
    return Failure(
        status=status,
        slug=error.slug,
        title=error.title,
        detail=detail,
        errors=tuple(InputError(field.field, field.message) for field in error.fields),
        headers=headers,
        extra=error.extra,
    )


def _litestar(error: HTTPException) -> Failure:
    if error.status_code >= 500 and error.status_code != 503:
        return SERVER_ERROR
    headers = tuple((error.headers or {}).items())
    if isinstance(error, ValidationException):
        errors = _input_errors(error)
        return Failure(
            status=400,
            slug=INVALID_REQUEST,
            title="Invalid request",
            detail=_summed_up(errors),
            errors=errors,
        )
    detail = error.detail if error.status_code == 400 else _DETAILS.get(error.status_code, "")
    slug = _HTTP_SLUGS.get(error.status_code, "request.refused")
    title = _TITLES.get(error.status_code, "")
    return Failure(status=error.status_code, slug=slug, title=title, detail=detail, headers=headers)


def _as_sent(failure: Failure, request: Request[Any, Any, Any]) -> Failure:
    """Litestar names the argument of the handler; the caller knows the query parameter or the header it sent."""
    arguments = request.route_handler.parsed_fn_signature.parameters
    errors = tuple(_item_as_sent(arguments.get(item.field), item) for item in failure.errors)
    if errors == failure.errors:
        return failure
    return msgspec.structs.replace(failure, errors=errors, detail=_summed_up(errors))


def _item_as_sent(argument: FieldDefinition | None, item: InputError) -> InputError:
    if argument is None:
        return item
    kwarg, message = argument.kwarg_definition, item.message
    name = (kwarg.name or item.field) if isinstance(kwarg, ParameterKwarg) else item.field
    if message.startswith(_NO_CHOICE) and (choices := _choices(argument.annotation)):
        message = among(choices)
    return InputError(name, message)


def _choices(annotation: Any) -> list[str]:
    kinds = [kind for kind in (annotation, *get_args(annotation)) if isinstance(kind, type) and issubclass(kind, Enum)]
    return [str(choice.value) for kind in kinds for choice in kind]


def _summed_up(errors: tuple[InputError, ...]) -> str:
    return "; ".join(f"{item.field}: {item.message}" for item in errors) or "The request is not valid."


def _input_errors(error: ValidationException) -> tuple[InputError, ...]:
    if missing := _MISSING.match(error.detail):
        return (InputError(missing[1], "is required"),)
    listed = error.extra if isinstance(error.extra, list) else []
    return tuple(_input_error(item) for item in listed if isinstance(item, dict))


def _input_error(item: dict[str, Any]) -> InputError:
    field = str(item.get("key") or "body")
    message = str(item.get("message") or "is not valid")
    if field == "data":
        field = "body"
    if named := _NAMED_FIELD.match(message):
        inner = "is unknown" if named[1] == "contains unknown" else "is required"
        return InputError(named[2] if field == "body" else f"{field}.{named[2]}", inner)
    # Litestar reports an absent body as the KeyError of its own argument.
    return InputError(field, "a JSON body is required" if message == "'data'" else plainly(message))
