"""The OpenAPI 3.1 document: Litestar's generator, then what it leaves out.

Left out are what the decoder of a body refuses, the answers in case of failure, and who may call.
"""

from typing import Any

import msgspec
from litestar import Litestar

# The generator is all we take: the routes Litestar would add have no access rule and answer 404 as HTML.
from litestar._openapi.plugin import OpenAPIPlugin
from litestar.openapi.config import OpenAPIConfig

from merx.infra.http.answers import complete, failures
from merx.infra.http.auth import GUEST_HEADERS, RouteAccess
from merx.infra.http.cookies import CSRF_HEADER, SAFE_METHODS
from merx.infra.http.once import describe, documented
from merx.infra.http.problems import Problem
from merx.infra.http.struct_schemas import SeenStructs, described, public_names
from merx.infra.http.token_answers import CookieSession, describe_token_answer, hands_out_tokens

Json = dict[str, Any]

DESCRIPTION = """\
Money is an integer amount in minor units with its ISO 4217 currency. Times are RFC 3339 in UTC. Lists are pages:
`limit` items, then `next` as `?after=`. Every failure is `application/problem+json` with a stable `slug`.
"""


def openapi_document(app: Litestar, routes: list[RouteAccess], version: str) -> Json:
    """The whole document. Takes a moment: call it once and keep the answer."""
    plugin = app.plugins.get(OpenAPIPlugin)
    plugin._openapi_config = OpenAPIConfig(  # noqa: SLF001 - given to the application it would add routes
        title="Merx", version=version, description=DESCRIPTION, use_handler_docstrings=True
    )
    document: Json = _named(plugin.provide_openapi_schema())
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas.update(described(app.plugins.get(SeenStructs).seen, schemas))
    schemas.update(_own_schemas())
    document = _portable(document)
    components = document["components"]
    components["responses"] = failures()
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
                for parameter in operation.get("parameters", ()):
                    parameter["schema"] = _sendable(parameter["schema"])
                _describe_access(operation, path, method, access)
                complete(operation, method, access, components["schemas"])
    return document


def _describe_access(operation: Json, path: str, method: str, access: RouteAccess) -> None:
    rule = access.rule
    body = access.handler.parsed_fn_signature.parameters.get("data")
    if body is not None and "requestBody" in operation:
        operation["requestBody"]["required"] = not body.has_default
    if (declared := documented(access.handler)) is not None:
        describe(operation, declared)
    if hands_out_tokens(access.handler):
        describe_token_answer(operation)
    anonymous: Json = {}
    safe = method.upper() in SAFE_METHODS
    tokens: list[Json] = [{"accessToken": []}, {"accessCookie": []} if safe else {"accessCookie": [], "csrfToken": []}]
    guests: list[Json] = [{f"{kind}Token": []} for kind in GUEST_HEADERS if f"/{kind}s/" in path]
    operation["security"] = {
        "public": [anonymous, *tokens],
        "guest_or_owner": [*tokens, *guests],
    }.get(rule.name, tokens)
    operation["x-access"] = rule.name
    if rule.permission:
        operation["x-permission"] = rule.permission
    if rule.fresh:
        operation["x-fresh"] = True


def _sendable(schema: Json) -> Json:
    """Of a parameter: null cannot be sent, it is what is there without one."""
    choices = [each for each in schema.get("oneOf", ()) if each != {"type": "null"}]
    if len(choices) != 1:
        return schema
    only: Json = choices[0]
    return only | {name: value for name, value in schema.items() if name != "oneOf"}


def _own_schemas() -> Json:
    _, schemas = msgspec.json.schema_components([Problem, CookieSession], ref_template="#/components/schemas/{name}")
    return schemas


def _named(document: Json) -> Json:
    text = msgspec.json.encode(document).decode()
    for old, new in public_names(document.get("components", {}).get("schemas", {})).items():
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
