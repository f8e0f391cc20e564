"""The OpenAPI 3.1 document: Litestar's generator, then what it leaves out.

Left out are the refusal of unknown fields, the answers in case of failure, and who may call.
"""

import re
from typing import Any

import msgspec
from litestar import Litestar

# The generator is all we take: the routes Litestar would add have no access rule and answer 404 as HTML.
from litestar._openapi.plugin import OpenAPIPlugin
from litestar._openapi.schema_generation import SchemaCreator
from litestar._openapi.schema_generation.plugins.struct import StructSchemaPlugin
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import Schema
from litestar.typing import FieldDefinition

from merx.infra.http.auth import GUEST_HEADERS, RouteAccess
from merx.infra.http.cookies import CSRF_HEADER, SAFE_METHODS
from merx.infra.http.once import describe, once_of
from merx.infra.http.problems import MEDIA_TYPE, Problem
from merx.infra.http.token_answers import CookieSession, describe_token_answer, hands_out_tokens

Json = dict[str, Any]

DESCRIPTION = """\
Money is an integer amount in minor units with its ISO 4217 currency. Times are RFC 3339 in UTC. Lists are pages:
`limit` items, then `next` as `?after=`. Every failure is `application/problem+json` with a stable `slug`.
"""

_FAILURES = {
    400: ("MalformedRequest", "The request cannot be read or does not match this description"),
    401: ("NotAuthenticated", "No valid access token"),
    403: ("NotAllowed", "The account may not do this, or no page of the shop sent what a cookie would allow"),
    404: ("NotFound", "Nothing there, or nothing the caller may see"),
    409: ("Conflict", "The present state does not allow it"),
    412: ("ChangedMeanwhile", "`If-Match` names an older version"),
    413: ("BodyTooLarge", "The body is too large"),
    415: ("UnsupportedMediaType", "The body is not JSON"),
    422: ("RuleBroken", "Well formed, but against a rule"),
    429: ("TooManyRequests", "Too often; see `Retry-After`"),
    503: ("Unavailable", "Away for a moment; see `Retry-After`"),
}


class StrictStructs(StructSchemaPlugin):
    """Says in the schema that a struct with `forbid_unknown_fields` takes no other fields."""

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: SchemaCreator) -> Schema:
        schema = super().to_openapi_schema(field_definition, schema_creator)
        if _forbids_unknown(field_definition.type_):
            schema.additional_properties = False
        return schema


def _forbids_unknown(struct: Any) -> bool:
    config = getattr(getattr(struct, "__origin__", struct), "__struct_config__", None)
    return bool(config and config.forbid_unknown_fields)


def openapi_document(app: Litestar, routes: list[RouteAccess], version: str) -> Json:
    """The whole document. Takes a moment: call it once and keep the answer."""
    plugin = app.plugins.get(OpenAPIPlugin)
    plugin._openapi_config = OpenAPIConfig(  # noqa: SLF001
        title="Merx", version=version, description=DESCRIPTION, use_handler_docstrings=False
    )
    document: Json = _portable(_named(plugin.provide_openapi_schema()))
    components = document.setdefault("components", {})
    components.setdefault("schemas", {}).update(_own_schemas())
    components["responses"] = {name: _failure(text) for name, text in _FAILURES.values()}
    components["securitySchemes"] = {
        "accessToken": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
        "accessCookie": {"type": "apiKey", "in": "cookie", "name": "__Host-merx-access"},
        "csrfToken": {"type": "apiKey", "in": "header", "name": CSRF_HEADER.decode().title()},
        **{
            f"{kind}Token": {"type": "apiKey", "in": "header", "name": header.title()}
            for kind, header in GUEST_HEADERS.items()
        },
    }
    known = {(route.path, route.method.lower()): route for route in routes}
    for path, item in document.get("paths", {}).items():
        for method, operation in item.items():
            if isinstance(operation, dict) and (access := known.get((path, method))):
                _complete(operation, path, method, access)
    return document


def _complete(operation: Json, path: str, method: str, access: RouteAccess) -> None:
    """Add access, repetition and failures to one operation."""
    rule = access.rule
    if (declared := once_of(access.handler)) is not None:
        describe(operation, declared)
    if hands_out_tokens(access.handler):
        describe_token_answer(operation)
    anonymous: Json = {}
    safe = method.upper() in SAFE_METHODS
    tokens: list[Json] = [{"accessToken": []}, {"accessCookie": []} if safe else {"accessCookie": [], "csrfToken": []}]
    guests: list[Json] = [{f"{kind}Token": []} for kind in GUEST_HEADERS]
    operation["security"] = {
        "public": [anonymous, *tokens],
        "guest_or_owner": [*tokens, *guests],
    }.get(rule.name, tokens)
    operation["x-access"] = rule.name
    if rule.permission:
        operation["x-permission"] = rule.permission
    body = access.handler.parsed_fn_signature.parameters.get("data")
    if body is not None and body.has_default:
        operation["requestBody"]["required"] = False
    names = {parameter.get("name", "").lower() for parameter in operation.get("parameters", [])}
    statuses = {400, 401, 429, 503}
    # By cookie, everything that changes something has to show that a page of the shop wanted it.
    statuses |= {403} if rule.name in ("staff", "customer") or not safe else set()
    statuses |= {404} if "{" in path or rule.name == "guest_or_owner" else set()
    statuses |= {413, 415} if "requestBody" in operation else set()
    statuses |= {409, 422} if method != "get" else set()
    statuses |= {412} if "if-match" in names else set()
    responses = operation.setdefault("responses", {})
    for status in sorted(statuses):
        responses[str(status)] = {"$ref": f"#/components/responses/{_FAILURES[status][0]}"}


def _failure(text: str) -> Json:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": text, "content": {MEDIA_TYPE: {"schema": schema}}}


def _own_schemas() -> Json:
    _, schemas = msgspec.json.schema_components([Problem, CookieSession], ref_template="#/components/schemas/{name}")
    return schemas


_GENERIC = re.compile(r"(\w+)_(?:[\w.]+\.)?(\w+)_\Z")


def _named(document: Json) -> Json:
    """`Page_merx.contexts.orders.ports.OrderSummary_` is `OrderSummaryPage`: module paths are nobody's business."""
    names = document.get("components", {}).get("schemas", {})
    wanted = {name: found[2] + found[1] for name in names if (found := _GENERIC.match(name))}
    wanted = {old: new for old, new in wanted.items() if new not in names and list(wanted.values()).count(new) == 1}
    text = msgspec.json.encode(document).decode()
    for old, new in wanted.items():
        text = text.replace(f'"{old}"', f'"{new}"').replace(
            f'"#/components/schemas/{old}"', f'"#/components/schemas/{new}"'
        )
    renamed: Json = msgspec.json.decode(text)
    return renamed


def _portable(value: Any) -> Any:
    r"""Patterns as JSON Schema reads them: `\Z` is Python's, and `$` means the same there."""
    if isinstance(value, dict):
        return {
            key: item.replace(r"\Z", "$") if key == "pattern" and isinstance(item, str) else _portable(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_portable(item) for item in value]
    return value
