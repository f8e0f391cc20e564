"""Show the settings of this environment, secrets hidden.

With --markdown: the reference of all settings, which docs/configuration.md holds.
With --check: only say whether a process would start like this.
"""

import argparse
import os
import sys
from typing import Any, Literal, get_args, get_origin

import msgspec

from merx.infra.settings import FIELDS, PREFIX, SECRETS, load_settings
from merx.infra.settings_oidc import OIDC_FIELDS
from merx.infra.settings_oidc import PREFIX as OIDC_PREFIX

_HEAD = """\
# Configuration

Every process reads its settings from `MERX_*` environment variables, once, when it starts. An empty variable counts as
not set. All wrong or unsafe values are named together, and the process does not start with any of them.

This page is generated: `merx config --markdown > docs/configuration.md`. `merx config` shows the values of the present
environment, `merx config --check` only says whether they are good.

In a Kubernetes cluster set `enableServiceLinks: false`: a Service called `merx` would otherwise put its own address
into `MERX_PORT`.
"""


_PROVIDERS = """\
## Sign-in providers

One group of variables for each provider; `<NAME>` is its name in capitals with `_` for `-`, and there may be as many as
you like. See [sign-in-with-others.md](sign-in-with-others.md).
"""


def configure(parser: argparse.ArgumentParser) -> None:
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--markdown", action="store_true", help="print the reference of all settings")
    kind.add_argument("--check", action="store_true", help="check the environment and print nothing when it is good")


def run(args: argparse.Namespace) -> int:
    if args.markdown:
        sys.stdout.write(reference())
        return 0
    settings = load_settings(os.environ)
    if not args.check:
        width = max(map(len, FIELDS)) + len(PREFIX)
        shown = settings.shown()
        for name in FIELDS:
            value = shown[name]
            sys.stdout.write(f"{PREFIX + name.upper():<{width}} = {_shown(value)}\n")
        for provider in settings.oidc:
            start = f"{OIDC_PREFIX}{provider.name.upper().replace('-', '_')}_"
            for name in OIDC_FIELDS:
                sys.stdout.write(f"{start + name.upper():<{width}} = {_shown(provider.shown()[name])}\n")
    return 0


def reference() -> str:
    """The page about all settings."""
    own = {PREFIX + name.upper(): field for name, field in FIELDS.items()}
    of_providers = {f"{OIDC_PREFIX}<NAME>_{name.upper()}": field for name, field in OIDC_FIELDS.items()}
    return f"{_HEAD}\n{_table(own)}\n{_PROVIDERS}\n{_table(of_providers)}"


def _table(fields: dict[str, msgspec.structs.FieldInfo]) -> str:
    rows = ["| variable | takes | default | meaning |", "| --- | --- | --- | --- |"]
    for variable, field in fields.items():
        takes, meaning = _described(field)
        secret = " Secret." if field.name in SECRETS or field.name == "client_secret" else ""
        rows.append(f"| `{variable}` | {takes} | {_default(field.default)} | {_sentence(meaning)}{secret} |")
    return "\n".join(rows) + "\n"


def _described(field: msgspec.structs.FieldInfo) -> tuple[str, str]:
    meaning = ""
    limits: dict[str, Any] = {}
    kind: Any = field.type
    while hasattr(kind, "__metadata__"):
        for meta in kind.__metadata__:
            # The outermost description is the one written for this field.
            meaning = meta.description or meaning
            limits |= {name: value for name in ("ge", "gt", "le") if (value := getattr(meta, name)) is not None}
        kind = kind.__origin__
    if get_origin(kind) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(kind)), meaning
    word = {int: "number", float: "number", bool: "`true`, `false`", str: "text"}.get(kind, "list, comma between")
    low, high = limits.get("ge"), limits.get("le")
    if high is not None:
        word = f"up to {high}" if low is None else f"{low} to {high}"
    elif low is not None:
        word = f"{low} or more"
    return word, meaning


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return ",".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _default(value: Any) -> str:
    return f"`{_shown(value)}`" if value not in ("", ()) else ""


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")
