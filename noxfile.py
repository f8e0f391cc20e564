"""One session for each thing that is proved. Sessions run in the environment that nox itself runs in:
`bash .ci/install` makes it once (.venv-test), so a session starts at once."""

import os
import shutil
import sys
from pathlib import Path

import nox

nox.options.default_venv_backend = "none"
nox.options.sessions = ["lint", "types", "arch", "fast"]
nox.options.stop_on_first_error = True

BIN = Path(sys.executable).parent
# Tools are found beside nox even when the environment is not activated.
os.environ["PATH"] = f"{BIN}{os.pathsep}{os.environ['PATH']}"

KUBERNETES = "deploy/kubernetes"
LOCK = (
    "uv pip compile --quiet --generate-hashes --universal --python-version 3.11"
    " --no-emit-index-url --no-emit-find-links --no-header --no-annotate"
).split()


def run(session: nox.Session, *command: str | Path) -> None:
    session.run(*map(str, command), external=True)


def pytest(session: nox.Session, *arguments: str) -> None:
    # A selection (-k checkout) may be empty in one of two suites: pytest's code 5. A whole suite may not.
    codes = [0, 5] if session.posargs else [0]
    session.run("pytest", "-q", *arguments, *session.posargs, external=True, success_codes=codes)


@nox.session
def lint(session: nox.Session) -> None:
    """ruff: rules and format."""
    run(session, "ruff", "check", ".")
    run(session, "ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """mypy --strict on the package, and that every adapter fulfils its port."""
    conformance = ".mypy_cache/port_conformance.py"
    run(session, "python", "tests/architecture/port_conformance.py", conformance)
    run(session, "mypy", "src", conformance)


@nox.session
def arch(session: nox.Session) -> None:
    """Boundaries between layers and contexts, file names and sizes, documents that must not drift."""
    run(session, "lint-imports")
    pytest(session, "tests/architecture")


@nox.session
def fast(session: nox.Session) -> None:
    """Every test of behaviour that needs neither a server nor a process nor an index on disk."""
    # `auto` counts cores without their second threads, which is one process on a small machine.
    select = ("-m", "not proofs and not services", "--ignore", "tests/architecture")
    pytest(session, "-n", "logical", "--maxprocesses", "8", *select)


@nox.session
def proofs(session: nox.Session) -> None:
    """What is shown of every route, made from the router, and of the whole source: who comes in, bad input, the rows of
    the security list. On memory, as the fast suite."""
    pytest(session, "-n", "logical", "--maxprocesses", "8", "-m", "proofs and not services")


@nox.session
def properties(session: nox.Session) -> None:
    """Every property of the fast suite with very many examples, and a hundred thousand forged tokens."""
    os.environ["MERX_PROPERTIES"] = "thorough"
    pytest(session, "-n", "logical", "--maxprocesses", "8", "-m", "(hypothesis or many) and not services")


@nox.session
def schema(session: nox.Session) -> None:
    """schemathesis over the whole OpenAPI document, as staff, customer and guest: a minute and a half."""
    run(session, "python", "-m", "tests.schema", *session.posargs)


@nox.session
def services(session: nox.Session) -> None:
    """Every test on the real thing: PostgreSQL and Valkey from wheels, killed processes, an index on disk."""
    pytest(session, "-n", "auto", "-m", "services and not keycloak")


@nox.session
def journeys(session: nox.Session) -> None:
    """What a customer does, across contexts, through HTTP."""
    pytest(session, "tests/journeys", "-m", "not keycloak")


@nox.session
def keycloak(session: nox.Session) -> None:
    """Signing in through a real Keycloak: half a minute, and 160 MB once. Needs Maven and Java 17 or later, or
    MERX_TEST_KEYCLOAK_URL; without them it fails, where plain pytest says why it skips."""
    os.environ["MERX_TEST_KEYCLOAK"] = "required"
    # The first test waits for a download and a start; a hung one still ends.
    pytest(session, "tests/journeys/test_keycloak.py", "-m", "keycloak", "-o", "faulthandler_timeout=600")


@nox.session
def migrations(session: nox.Session) -> None:
    """Every migration up, down and up again; the migrated schema is the model."""
    pytest(session, "tests/migrations")


@nox.session
def bench(session: nox.Session) -> None:
    """Measurements: `nox -s bench -- NAME [arguments]`, or the list of names."""
    run(session, "python", "-m", "tests.bench", *(session.posargs or ["--help"]))


@nox.session
def docs(session: nox.Session) -> None:
    """Links lead somewhere, every decision is listed, generated pages are as generated."""
    pytest(session, "tests/architecture/test_documents.py")


@nox.session
def manifests(session: nox.Session) -> None:
    """Containerfile, compose.yaml and the Kubernetes files."""
    files = sorted(path for path in Path(KUBERNETES).glob("*.yaml") if path.name != "kustomization.yaml")
    run(session, "yamllint", "--strict", "compose.yaml", KUBERNETES)
    run(session, "hadolint", "Containerfile")
    run(session, "check-jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml")
    run(session, "kubernetes-validate", "--strict", *files)
    # kustomize is a Go program; where it is missing the tests still compare kustomization.yaml with the folder.
    if shutil.which("kustomize"):
        run(session, "kustomize", "build", KUBERNETES, "--output", os.devnull)
    pytest(session, "tests/architecture/test_manifests.py")


@nox.session
def lock(session: nox.Session) -> None:
    """Remakes requirements/*.txt; `-- --upgrade` takes newer versions. Needs uv."""
    if not shutil.which("uv"):
        session.error("uv is needed to resolve for every platform at once")
    extra = tuple(session.posargs)
    build, one = "requirements/build.in", ("-c", "requirements/dev.txt")
    run(session, *LOCK, *extra, "pyproject.toml", build, "--all-extras", "-o", "requirements/dev.txt")
    # The smaller sets take their versions from the largest one: a test runs what a shop runs.
    run(session, *LOCK, *one, "pyproject.toml", build, "--extra", "embedded", "-o", "requirements/run.txt")
    run(session, *LOCK, *one, "pyproject.toml", "-o", "requirements/image.txt")
    run(session, *LOCK, *one, build, "-o", "requirements/build.txt")
