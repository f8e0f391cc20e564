"""Print the OpenAPI 3.1 document of the API.

The running API serves the same document at /api/v1/schema. The tests keep a copy, which shows every change of the API
in review: merx openapi > tests/architecture/openapi.json
"""

import argparse
import sys


def configure(_: argparse.ArgumentParser) -> None: ...


def run(_: argparse.Namespace) -> int:
    from merx.bootstrap.api import create_app
    from merx.infra.settings import Settings

    # Routes are the same on every storage, and this one needs nothing.
    sys.stdout.write(as_text(create_app(Settings(storage="memory")).openapi()))
    return 0


def as_text(document: object) -> str:
    """Sorted, and so that a line-by-line comparison shows what changed."""
    import json

    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
