"""The `merx` command: every module of `merx.bootstrap.commands` is a sub-command.

Such a module says what it is for in the first line of its docstring and has `configure(parser)` and `run(args) -> int`.
It imports what it needs inside `run`: `merx --help` must not load a web framework. A trailing underscore keeps a module
from being a Python keyword, an underscore inside a name is a dash for the user.
"""

import argparse
import importlib
import os
import pkgutil
import sys
from collections.abc import Sequence
from types import ModuleType

from merx.bootstrap import commands, failures
from merx.bootstrap.demo.environment import STANDING_ALONE, join_running_shop
from merx.bootstrap.version import installed_version


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one sub-command and returns its exit code: 0 done, 1 could not, 2 wrong arguments, 130 interrupted."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    # Until a command sets up logging of its own, loguru would show the values of variables: passwords, tokens.
    os.environ.setdefault("LOGURU_DIAGNOSE", "NO")
    try:
        chosen, unknown = _parser(arguments).parse_known_args(arguments)
        if unknown:
            # By the command itself, which shows the options that it has.
            chosen.parser.error(f"unrecognized arguments: {' '.join(unknown)}")
        if chosen.command not in STANDING_ALONE:
            join_running_shop(os.environ)
        return int(chosen.run(chosen))
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        if (sentence := failures.sentence(error)) is None:
            raise
        print(f"merx: {sentence}", file=sys.stderr)
        return 1


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="merx", description="A commerce backend. Start with: merx demo")
    parser.add_argument("--version", action="version", version=f"merx {installed_version('from source')}")
    parsers = parser.add_subparsers(metavar="COMMAND", required=True)
    known = _modules()
    wanted = next((word for word in arguments if not word.startswith("-")), None)
    for name in [wanted] if wanted in known else known:
        module = _load(known[str(name)])
        purpose = (module.__doc__ or "").strip().splitlines()[0]
        command = parsers.add_parser(str(name), help=purpose, description=module.__doc__, formatter_class=_KeepLines)
        module.configure(command)
        command.set_defaults(run=module.run, command=name, parser=command)
    return parser


class _KeepLines(argparse.RawDescriptionHelpFormatter):
    """Descriptions are docstrings: they have their line breaks already."""


def _modules() -> dict[str, str]:
    found = (module.name for module in pkgutil.iter_modules(commands.__path__))
    return {name.rstrip("_").replace("_", "-"): name for name in found}


def _load(name: str) -> ModuleType:
    return importlib.import_module(f"{commands.__name__}.{name}")
