"""Settings of OpenID Connect providers: a group of `MERX_OIDC_<NAME>_…` variables for each.

`MERX_OIDC_STAFF_LOGIN_ISSUER` belongs to the provider `staff-login`.
"""

import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from merx.infra.settings_servers import is_loopback

PREFIX = "MERX_OIDC_"
# A part of an address and of a variable.
_NAME = re.compile(r"[A-Z0-9]+(_[A-Z0-9]+)*\Z")
_PLACEHOLDERS = ("changeme", "change-me", "change_me", "secret", "password", "example", "your-")


class OidcProvider(msgspec.Struct, frozen=True, kw_only=True):
    """One provider. `name` is what addresses have in them."""

    name: str
    issuer: Annotated[
        str,
        Meta(
            max_length=255,
            description="address of the provider, exactly as in its discovery document; https, or http on loopback",
        ),
    ] = ""
    client_id: Annotated[str, Meta(max_length=255, description="what the provider calls this shop")] = ""
    client_secret: Annotated[str, Meta(max_length=1024, description="what the shop proves itself with there")] = ""
    client_secret_file: Annotated[str, Meta(description="file that holds the client secret")] = ""
    title: Annotated[str, Meta(max_length=80, description="how people know the provider; empty is its name")] = ""
    scopes: Annotated[tuple[str, ...], Meta(description="what the shop asks for; `openid` is needed")] = (
        "openid",
        "email",
        "profile",
    )
    kind: Annotated[
        Literal["customer", "staff"],
        Meta(
            description="`staff`: whoever the provider lets in is staff, without permissions until somebody gives them "
            "some. Only for a directory of your own"
        ),
    ] = "customer"
    trust_email: Annotated[
        bool,
        Meta(
            description="the provider checks mailboxes and hands none to somebody else: a new person becomes an "
            "account, and an account with the same verified e-mail is linked"
        ),
    ] = False
    mfa_acr: Annotated[
        tuple[str, ...], Meta(description="values of `acr` that count as two factors; `amr` with `mfa` always does")
    ] = ()

    @property
    def shown_as(self) -> str:
        return self.title or self.name

    def shown(self) -> dict[str, Any]:
        """Without the secret."""
        return msgspec.structs.asdict(self) | {"client_secret": "***" if self.client_secret else ""}

    def __repr__(self) -> str:
        return f"OidcProvider({self.name})"


OIDC_FIELDS = {field.name: field for field in msgspec.structs.fields(OidcProvider) if field.name != "name"}
# The longer first: `…_CLIENT_SECRET_FILE` is no name that ends with `_CLIENT_SECRET`.
_ENDINGS = sorted(OIDC_FIELDS, key=len, reverse=True)


def read_providers(environ: Mapping[str, str]) -> tuple[tuple[OidcProvider, ...], list[str]]:
    """The providers in the order of their names, and one sentence for each variable that is wrong."""
    groups: dict[str, dict[str, str]] = {}
    problems: list[str] = []
    for variable, text in environ.items():
        if not variable.startswith(PREFIX) or text.strip() == "":
            continue
        rest = variable.removeprefix(PREFIX)
        field = next((each for each in _ENDINGS if rest.endswith(f"_{each.upper()}")), None)
        name = rest[: -len(field) - 1] if field else ""
        if field is not None and _NAME.match(name):
            groups.setdefault(name.lower().replace("_", "-"), {})[field] = text.strip()
        elif near := _meant(rest):
            problems.append(f"{variable} is unknown, did you mean {PREFIX}{near}?")
    found = []
    for name in sorted(groups):
        variable = PREFIX + name.upper().replace("-", "_")
        try:
            values = {field: _parse(text, OIDC_FIELDS[field]) for field, text in groups[name].items()}
        except msgspec.ValidationError as error:
            problems.append(f"{variable}_*: {error}")
            continue
        provider, unreadable = _with_secret(OidcProvider(name=name, **values), variable)
        found.append(provider)
        problems += unreadable
    return tuple(found), problems


def _meant(rest: str) -> str | None:
    """Only near misses: Kubernetes puts MERX_OIDC_SERVICE_HOST into every container beside a Service of that name."""
    name, _, last = rest.rpartition("_")
    while name:
        near = difflib.get_close_matches(last.lower(), OIDC_FIELDS, n=1, cutoff=0.8)
        if near:
            return f"{name}_{near[0].upper()}"
        name, _, more = name.rpartition("_")
        last = f"{more}_{last}"
    return None


def _with_secret(provider: OidcProvider, variable: str) -> tuple[OidcProvider, list[str]]:
    if not provider.client_secret_file:
        return provider, []
    if provider.client_secret:
        return provider, [f"{variable}_CLIENT_SECRET and {variable}_CLIENT_SECRET_FILE are both set, use one"]
    file = Path(provider.client_secret_file)
    if not file.is_file():
        return provider, [f"{variable}_CLIENT_SECRET_FILE names no file: {file}"]
    return msgspec.structs.replace(provider, client_secret=file.read_text().strip()), []


def _parse(text: str, field: msgspec.structs.FieldInfo) -> Any:
    if isinstance(field.default, tuple):
        return tuple(part for part in re.split(r"[\s,]+", text) if part)
    return msgspec.convert(text, field.type, strict=False)


def unsafe_providers(providers: tuple[OidcProvider, ...]) -> list[str]:
    """One sentence for each value that must not be used."""
    problems = []
    for provider in providers:
        variable = PREFIX + provider.name.upper().replace("-", "_")
        problems += [f"{variable}_{field} {text}" for field, text in _unsafe(provider)]
    return problems


def _unsafe(provider: OidcProvider) -> list[tuple[str, str]]:
    problems = []
    if not provider.issuer:
        problems.append(("ISSUER", "must be set"))
    elif not is_safe_address(provider.issuer) or "?" in provider.issuer or "#" in provider.issuer:
        problems.append(("ISSUER", "must be an https address without account, ? and #; http is for loopback alone"))
    if not provider.client_id:
        problems.append(("CLIENT_ID", "must be set"))
    if "openid" not in provider.scopes:
        problems.append(("SCOPES", "must have openid in them"))
    if provider.client_secret and provider.client_secret.lower().startswith(_PLACEHOLDERS):
        problems.append(("CLIENT_SECRET", "starts like a placeholder"))
    if len(provider.name) > 40:
        problems.append(("*", "has a name of more than 40 characters"))
    return problems


def is_safe_address(url: str) -> bool:
    """Whether secrets may go there: https, or http to this machine."""
    try:
        parts = urlsplit(url)
        # A port that is no number is found only when it is read.
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or parts.username is not None or any(char.isspace() or char == "\\" for char in url):
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
