"""schemathesis over the whole OpenAPI document: `nox -s schema`, against an application in this process on memory, or
with `-- --postgres` against one on a PostgreSQL of its own, over a socket.

Prints what was answered, and ends with 1 when an answer was not as the document says, when fewer than four of five
operations ever succeeded, or when a document that is wrong on purpose is not found out.
"""

import argparse
import os
import random
import re
import sys
from contextlib import nullcontext
from pathlib import Path
from time import perf_counter
from typing import Any

import schemathesis
from loguru import logger
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

from merx.bootstrap.api import Api, create_app
from merx.bootstrap.container import App
from merx.infra.settings import Settings
from tests.schema.filling import fill
from tests.schema.report import Report
from tests.schema.requests import Requests
from tests.schema.served import on_postgres, served
from tests.schema.stock import BASE, Stock

CONFIG = Path(__file__).with_name("schemathesis.toml")
PHASES = "examples,coverage,fuzzing,stateful"
# In CI every run tries the same, so a red run can be repeated.
SEED = 20_261_130


def main() -> int:
    given = _arguments()
    logger.remove()
    logger.add(sys.stderr, level="ERROR", diagnose=False)
    with on_postgres() if given.postgres else nullcontext(Settings(storage="memory")) as settings:
        return _try(given, App(settings))


def _try(given: argparse.Namespace, app: App) -> int:
    started = perf_counter()
    api = create_app(app.settings, app)
    stock = Stock(app)

    async def fill_first() -> None:
        await fill(stock, api)

    api.litestar.on_startup.append(fill_first)
    _hook(Requests(stock), stock)
    with served(api) if given.postgres else nullcontext("") as address:
        sound = _run(_schema(api, given, api.openapi(), given.only, address), stock, started)
        print("\n".join(sound.lines()))
        failed = bool(sound.failures or sound.errors) or len(sound.unreached) > len(sound.statuses) / 5
        if not given.only:
            failed |= not _finds_lies(api, given, stock, started, address)
    print(f"seed {given.seed}: {'failed' if failed else 'passed'} after {perf_counter() - started:.0f} s")
    return int(failed)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.schema")
    parser.add_argument("--seed", type=int, default=SEED if os.environ.get("CI") else random.getrandbits(32))
    parser.add_argument("--examples", type=int, help="for each operation, instead of 30")
    parser.add_argument("--phases", default=PHASES)
    parser.add_argument("--only", default="", help="operation ids that match this pattern")
    parser.add_argument("--postgres", action="store_true", help="on PostgreSQL instead of on memory")
    return parser.parse_args()


def _schema(api: Api, given: argparse.Namespace, document: dict[str, Any], only: str, address: str) -> Any:
    config = SchemathesisConfig.from_path(CONFIG)
    config.update(seed=given.seed, max_failures=None)
    project = config.projects.default
    project.phases.update(phases=given.phases.split(","))
    if given.examples:
        project.generation.update(max_examples=given.examples)
    if address:
        project.update(base_url=address)
    else:
        # Asking for the document starts the application, and fills the shop.
        schemathesis.openapi.from_asgi(f"{BASE}/schema/openapi.json", api, config=config)
    paths: dict[str, Any] = document["paths"]
    for path, item in paths.items():
        paths[path] = {method: each for method, each in item.items() if re.search(only, each["operationId"])}
    schema = schemathesis.openapi.from_dict(document, config=config)
    if not address:
        schema.app = api
    return schema


def _run(schema: Any, stock: Stock, started: float) -> Report:
    @schema.auth(refresh_interval=None)
    class Callers:
        """Whom each operation is for; guests prove themselves by the token of what they ask for."""

        def get(self, case: schemathesis.Case, context: Any) -> str | None:
            people = {"staff": stock.owner, "customer": stock.customer, "signed_in": stock.customer}
            person = people.get(case.operation.definition.raw["x-access"])
            return None if person is None else person.token

        def set(self, case: schemathesis.Case, data: str | None, context: Any) -> None:
            if data is not None:
                case.headers = dict(case.headers or {}) | {"Authorization": f"Bearer {data}"}

    report = Report()
    for event in from_schema(schema).execute():
        report.add(event)
        if isinstance(event, events.PhaseFinished) and event.phase.is_enabled:
            print(f"{perf_counter() - started:5.0f} s  {event.phase.name.value}: {event.status.value}", flush=True)
    return report


def _hook(requests: Requests, stock: Stock) -> None:
    @schemathesis.hook
    def before_call(context: schemathesis.HookContext, case: schemathesis.Case, kwargs: dict[str, Any]) -> None:
        requests.prepare(case)

    @schemathesis.hook
    def after_call(context: schemathesis.HookContext, case: schemathesis.Case, response: Any) -> None:
        if response.status_code == 201 and case.path in (f"{BASE}/carts", f"{BASE}/orders"):
            stock.learn(case.path, response.json())


def _finds_lies(api: Api, given: argparse.Namespace, stock: Stock, started: float, address: str) -> bool:
    """The negative control: a status, a type and a limit that are not those of the code."""
    document = api.openapi()
    del document["paths"][f"{BASE}/brands/{{id_or_slug}}"]["get"]["responses"]["200"]
    document["components"]["schemas"]["LocationView"]["properties"]["name"] = {"type": "integer"}
    for parameter in document["paths"][f"{BASE}/brands"]["get"]["parameters"]:
        if parameter["name"] == "limit":
            parameter["schema"]["maximum"] = 50
    schema = _schema(api, given, document, "^(GetBrand|ListBrands|ListLocations)$", address)
    found = _run(schema, stock, started)
    seen = {check for _, check, _ in found.failures}
    wanted = {"status_code_conformance", "response_schema_conformance", "negative_data_rejection"}
    if missing := wanted - seen:
        print(f"a false document was not found out by {', '.join(sorted(missing))}")
    return not wanted - seen


if __name__ == "__main__":
    sys.exit(main())
