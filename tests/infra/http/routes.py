"""What each route takes, read from the router, with an example of everything: what generated requests are made from."""

from functools import cache
from typing import Any

import msgspec
from litestar.handlers import HTTPRouteHandler
from litestar.params import ParameterKwarg, PathParameter

from merx.bootstrap.api import Api
from merx.infra.http.auth import Rule
from merx.infra.http.once import once_of
from tests.infra.http.examples import example


class Parameter(msgspec.Struct, frozen=True):
    """`example` is made once for a route: reading a type with Litestar's markers costs a millisecond."""

    name: str
    kind: Any
    required: bool
    example: str = ""


class Route(msgspec.Struct, frozen=True):
    """What a route takes. `raw` bodies are taken as they are (webhooks) and checked by their own tests."""

    method: str
    path: str
    rule: Rule
    body: Any = None
    body_required: bool = True
    raw: bool = False
    in_path: tuple[Parameter, ...] = ()
    in_query: tuple[Parameter, ...] = ()
    in_header: tuple[Parameter, ...] = ()

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def routes_of(api: Api) -> list[Route]:
    return [_route(access.method, access.path, access.rule, access.handler) for access in api.routes]


@cache
def _route(method: str, path: str, rule: Rule, handler: HTTPRouteHandler) -> Route:
    found: dict[str, list[Parameter]] = {"path": [], "query": [], "header": []}
    body: Any = None
    required, raw = True, False
    injected = set(handler.resolve_dependencies())
    for name, field in handler.parsed_fn_signature.parameters.items():
        marker = field.kwarg_definition
        if name == "data":
            body, required = field.raw, field.is_required
        elif name == "body":
            raw = True
        elif name in injected or field.is_di_field:
            continue
        elif f"{{{name}}}" in path or isinstance(marker, PathParameter):
            found["path"].append(Parameter(name, field.raw, True, _text_example(field.raw)))
        elif isinstance(marker, ParameterKwarg):
            where = marker.param_type.value
            needed = field.is_required and where == "query"
            sample = _text_example(field.raw) if needed else ""
            found.setdefault(where, []).append(Parameter(marker.name or name, field.raw, field.is_required, sample))
    if (declared := once_of(handler)) is not None:
        found["header"].append(Parameter("Idempotency-Key", str, declared.required))
    return Route(
        method=method,
        path=path,
        rule=rule,
        body=body,
        body_required=required,
        raw=raw,
        in_path=tuple(found["path"]),
        in_query=tuple(found["query"]),
        in_header=tuple(found["header"]),
    )


def target_of(route: Route, *, path: dict[str, str] | None = None, query: str = "") -> str:
    values = {parameter.name: parameter.example for parameter in route.in_path} | (path or {})
    target = route.path
    for name, value in values.items():
        target = target.replace(f"{{{name}}}", value)
    pairs = [f"{parameter.name}={parameter.example}" for parameter in route.in_query if parameter.required]
    query = "&".join([*pairs, query] if query else pairs)
    return f"{target}?{query}" if query else target


def _text_example(kind: Any) -> str:
    value = example(bare(kind))
    return str(value[0] if isinstance(value, list) else value)


def bare(kind: Any) -> Any:
    """NewTypes as what they stand for; Litestar's markers mean nothing to msgspec and are skipped by it."""
    return getattr(kind, "__supertype__", kind)
