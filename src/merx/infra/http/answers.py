"""What a route may answer, for the OpenAPI document: its failures, and the headers that come with each status."""

from collections.abc import Iterator
from typing import Any

from litestar.openapi.datastructures import ResponseSpec

from merx.infra.http.auth import RouteAccess
from merx.infra.http.once import documented
from merx.infra.http.problems import MEDIA_TYPE

Json = dict[str, Any]

_OPTION = "answers"
_SCHEMAS = "#/components/schemas/"

_FAILURES = {
    400: ("MalformedRequest", "The request cannot be read or does not match this description"),
    401: ("NotAuthenticated", "No valid access token"),
    403: ("NotAllowed", "The account may not do this, or no page of the shop sent what a cookie would allow"),
    404: ("NotFound", "Nothing there, or nothing the caller may see"),
    408: ("TooSlow", "The body did not arrive in time"),
    409: ("Conflict", "The present state does not allow it"),
    412: ("ChangedMeanwhile", "`If-Match` names an older version"),
    413: ("BodyTooLarge", "The body is too large"),
    414: ("UrlTooLong", "The URL is too long"),
    415: ("UnsupportedMediaType", "The body is not JSON"),
    422: ("RuleBroken", "Well formed, but against a rule"),
    429: ("TooManyRequests", "Too often; see `Retry-After`"),
    431: ("HeadersTooLarge", "Too many headers, or too long"),
    503: ("Unavailable", "Away for a moment; see `Retry-After`"),
}

# Pages of the catalogue carry an ETag; whoever has the present one gets no body.
UNCHANGED = {304: ResponseSpec(data_container=None, description="`If-None-Match` names what is there")}
MOVED = {301: ResponseSpec(data_container=None, description="An old slug: the same thing has a new address")}


def may_answer(*statuses: int) -> dict[str, Any]:
    """Arguments for a route decorator: failures that do not follow from what the route takes."""
    return {_OPTION: statuses}


def failures() -> Json:
    """The shared answers of the document."""
    content = {MEDIA_TYPE: {"schema": {"$ref": _SCHEMAS + "Problem"}}}
    return {
        name: {"description": text, "headers": _headers(status), "content": content}
        for status, (name, text) in _FAILURES.items()
    }


def complete(operation: Json, method: str, access: RouteAccess, schemas: Json) -> None:
    """Adds the failures of a route, and the headers of its other answers. Its parameters must be complete."""
    responses: Json = operation.setdefault("responses", {})
    for status, response in responses.items():
        if response.get("headers") == {}:
            del response["headers"]
        response["headers"] = response.get("headers", {}) | _headers(int(status)) | _own_headers(access)
        if int(status) < 300 and response.get("content"):
            if method == "get" and "304" in responses:
                response["headers"] |= _header("ETag", "Of these bytes, for `If-None-Match`", required=True)
            elif _has_version(response, schemas) and access.rule.name != "guest_or_owner":
                response["headers"] |= _header("ETag", "The version, for `If-Match`")
    for failure in sorted(_statuses(operation, method, access, schemas)):
        responses[str(failure)] = {"$ref": f"#/components/responses/{_FAILURES[failure][0]}"}


def _statuses(operation: Json, method: str, access: RouteAccess, schemas: Json) -> set[int]:
    parameters = operation.get("parameters", [])
    named = {each["name"].lower() for each in parameters}
    places = {each["in"] for each in parameters}
    body = operation.get("requestBody")
    found = {400, 401, 414, 429, 431, 503, *access.handler.opt.get(_OPTION, ())}
    # By cookie, everything that changes something has to show that a page of the shop wanted it.
    if access.rule.name != "public" or method != "get":
        found.add(403)
    if "path" in places or access.rule.name == "guest_or_owner" or (body and _names_something(body, schemas)):
        found.add(404)
    if body:
        found |= {408, 413, 415}
    if method != "get":
        found.add(409)
    if body or "query" in places or method != "get":
        found.add(422)
    if "if-match" in named:
        found.add(412)
    return found


def _names_something(body: Json, schemas: Json) -> bool:
    """An id in a body may be one of nothing."""
    return any(schema.get("format") == "uuid" for schema in _schemas_in(body, schemas, set()))


def _schemas_in(value: Any, schemas: Json, seen: set[str]) -> Iterator[Json]:
    if isinstance(value, list):
        for item in value:
            yield from _schemas_in(item, schemas, seen)
    elif isinstance(value, dict):
        yield value
        name = str(value.get("$ref", "")).removeprefix(_SCHEMAS)
        if name in schemas and name not in seen:
            seen.add(name)
            yield from _schemas_in(schemas[name], schemas, seen)
        for item in value.values():
            yield from _schemas_in(item, schemas, seen)


def _has_version(response: Json, schemas: Json) -> bool:
    schema = next(iter(response["content"].values())).get("schema", {})
    name = str(schema.get("$ref", "")).removeprefix(_SCHEMAS)
    return "version" in schemas.get(name, {}).get("properties", {})


def _headers(status: int) -> Json:
    found = _header("X-Request-Id", "Names this request in our logs", required=True)
    if status == 401:
        found |= _header("WWW-Authenticate", "How to authenticate", required=True)
    if status == 301:
        found |= _header("Location", "The present address", required=True)
    if status == 304:
        found |= _header("ETag", "Of what is there", required=True)
    if status in (429, 503):
        found |= _header("Retry-After", "Seconds to wait", kind="integer", required=True)
    if status == 409:
        found |= _header("Retry-After", "Seconds to wait, when the same request is still running", kind="integer")
    return found


def _own_headers(access: RouteAccess) -> Json:
    if documented(access.handler) is None:
        return {}
    return _header("Idempotency-Replayed", "`true`: the answer to the request that was sent before")


def _header(name: str, description: str, *, kind: str = "string", required: bool = False) -> Json:
    return {name: {"description": description, "required": required, "schema": {"type": kind}}}
