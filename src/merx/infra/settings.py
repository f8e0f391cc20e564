"""Every setting of every process: one Struct, read from `MERX_*` variables.

The field descriptions are the reference: `docs/configuration.md` and `merx config` are generated from them.
"""

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from merx.infra import settings_limits, settings_second_person, settings_servers, settings_watching
from merx.infra.settings_oidc import PREFIX as OIDC_PREFIX
from merx.infra.settings_oidc import OidcProvider, read_providers
from merx.infra.settings_rules import unsafe_values
from merx.infra.settings_values import Connections, Millis, Port, Seconds, SettingsError, what_is_wrong
from merx.kernel.money import CurrencyCode

__all__ = ["FIELDS", "PREFIX", "SECRETS", "Settings", "SettingsError", "load_settings"]

PREFIX = "MERX_"

# Shown as *** wherever settings are printed.
SECRETS = frozenset({"secret", "metrics_token", "database_url", "migrate_database_url", "redis_url"})


_Days = Annotated[int, Meta(ge=1, le=3650)]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    environment: Annotated[
        Literal["development", "production"],
        Meta(description="`production` refuses to start on unsafe values and turns the interactive docs off"),
    ] = "development"
    storage: Annotated[
        Literal["postgres", "memory"],
        Meta(description="`memory` keeps everything in the process and needs no service; for trying out and for tests"),
    ] = "postgres"

    database_url: settings_servers.DatabaseUrl = "postgresql://merx@127.0.0.1:5432/merx"
    migrate_database_url: settings_servers.MigrateDatabaseUrl = ""
    database_ca_file: settings_servers.DatabaseCaFile = ""
    redis_url: settings_servers.RedisUrl = "redis://127.0.0.1:6379/0"
    redis_ca_file: settings_servers.RedisCaFile = ""
    trusted_network: settings_servers.TrustedNetwork = False
    data_dir: Annotated[
        str,
        Meta(description="folder for keys, mail and the search index; empty is `./.merx`, or nowhere with `memory`"),
    ] = ""
    search_dir: Annotated[str, Meta(description="folder of the search index, else `search` in the data folder")] = ""
    anchor_dir: Annotated[
        str, Meta(description="folder that keeps the head of the audit trail; empty is `audit` in the data folder")
    ] = ""

    search_refresh_seconds: Annotated[
        float,
        Meta(ge=0, le=60, description="least time between two writes of the search index: what changes goes together"),
    ] = 1.0

    host: Annotated[str, Meta(description="address the API listens on")] = "127.0.0.1"
    port: Annotated[Port, Meta(description="port the API listens on; 0 takes a free one")] = 8000
    public_url: Annotated[str, Meta(description="how customers reach the shop; links in mails start with it")] = (
        "http://localhost:8000"
    )
    account_url: Annotated[
        str,
        Meta(
            description="page of the shop front that takes the codes of mails, at `/verify-email`, `/reset-password` "
            "and `/change-email` below it, of providers at `/sign-in`; empty is `account` below the public URL"
        ),
    ] = ""
    api_url: Annotated[
        str, Meta(description="how browsers come back from a sign-in provider; empty is `api/v1` below the public URL")
    ] = ""
    allowed_hosts: Annotated[
        tuple[str, ...],
        Meta(
            description="host names that may be asked for, without port; `*.shop.example` for subdomains. "
            "The host of the public URL is always in, loopback names too in development"
        ),
    ] = ()
    cors_origins: Annotated[
        tuple[str, ...],
        Meta(
            description="origins of shop fronts whose pages may call from a browser, such as `https://shop.example`; "
            "with cookies too. The origin of the public URL needs no entry"
        ),
    ] = ()
    trusted_proxies: Annotated[
        int,
        Meta(
            ge=0,
            le=10,
            description="number of own proxies in front: the caller's address is that many places from the right in "
            "`X-Forwarded-For`",
        ),
    ] = 0

    currency: Annotated[CurrencyCode, Meta(description="currency of a new cart, ISO 4217")] = "USD"
    guest_cart_days: Annotated[_Days, Meta(description="days that a guest's cart is kept without a change")] = 30

    secret: Annotated[
        str,
        Meta(description="key of tokens, codes, encryption and seals, 32 characters or more; else `MERX_SECRET_FILE`"),
    ] = ""
    secret_file: Annotated[str, Meta(description="file that holds the secret")] = ""
    former_secrets_file: Annotated[
        str, Meta(description="file of earlier secrets, one a line: what they encrypted or sealed stays good")
    ] = ""
    token_key_file: Annotated[
        str,
        Meta(
            description="Ed25519 private keys (PEM) of access tokens, a file or a folder of `*.pem`: the newest signs, "
            "all verify. In development made in the data folder"
        ),
    ] = ""
    access_token_seconds: Annotated[int, Meta(ge=30, le=86_400, description="life of an access token")] = 300
    step_up_seconds: Annotated[
        int, Meta(ge=30, le=86_400, description="sensitive changes are open so long after a sign-in or step-up")
    ] = 600
    staff_mfa: Annotated[
        Literal["auto", "required", "optional"],
        Meta(description="second factor of staff; `auto`: required in production"),
    ] = "auto"
    passkey_domain: Annotated[
        str, Meta(max_length=253, description="domain (RP id) that passkeys belong to; empty is the public URL's host")
    ] = ""

    second_person_price_percent: settings_second_person.PricePercent = 0
    second_person_write_off_units: settings_second_person.WriteOffUnits = 0
    second_person_rights: settings_second_person.GuardedRights = ()
    second_person_days: settings_second_person.ApprovalDays = 7
    rate_limits: Annotated[
        Literal["auto", "on", "off"],
        Meta(description="whether callers are limited; `auto` is in production only. Signing in is always throttled"),
    ] = "auto"
    limit_browse: settings_limits.LimitBrowse = 600
    limit_write: settings_limits.LimitWrite = 120
    limit_checkout: settings_limits.LimitCheckout = 20
    limit_login: settings_limits.LimitLogin = 20
    limit_staff: settings_limits.LimitStaff = 1_200
    limit_webhook: settings_limits.LimitWebhook = 1_200
    limit_address_factor: settings_limits.LimitAddressFactor = 10
    max_in_flight: settings_limits.MaxInFlight = 512
    reserved_in_flight: settings_limits.ReservedInFlight = 384
    busy_in_flight: settings_limits.BusyInFlight = 48
    busy_lag_ms: settings_limits.BusyLagMs = 8

    log_level: settings_watching.LogLevel = "info"
    log_format: settings_watching.LogFormat = "auto"
    access_log: settings_watching.AccessLog = True
    metrics_token: settings_watching.MetricsToken = ""
    docs: Annotated[
        Literal["auto", "on", "off"], Meta(description="interactive API docs; `auto` is on in development only")
    ] = "auto"

    database_pool: Annotated[Connections, Meta(description="connections for writes, a process")] = 10
    reader_pool: Annotated[Connections, Meta(description="connections for reads, a process")] = 6
    pool_wait_ms: Annotated[Millis, Meta(description="longest wait for a free connection before the answer is 503")] = (
        1_500
    )
    connect_timeout_ms: Annotated[Millis, Meta(description="longest wait for a new database connection")] = 2_000
    statement_timeout_ms: Annotated[Millis, Meta(description="longest run of one SQL statement")] = 10_000
    lock_timeout_ms: Annotated[Millis, Meta(description="longest wait for a row lock")] = 3_000
    idle_transaction_timeout_ms: Annotated[
        Millis, Meta(description="the database ends a transaction that does nothing for so long")
    ] = 15_000
    redis_timeout_ms: Annotated[
        Millis, Meta(description="longest wait for one Redis answer; Redis is never worth a slow request")
    ] = 250
    redis_pool: Annotated[Connections, Meta(description="Redis connections, a process")] = 10

    cache_bytes: Annotated[
        int, Meta(ge=0, description="memory for encoded answers, a process; 0 turns the cache off")
    ] = 24 * 1024 * 1024
    body_limit: Annotated[
        int,
        Meta(ge=1024, le=100 * 1024 * 1024, description="largest request body in bytes, unless a route says otherwise"),
    ] = 100 * 1024
    shutdown_seconds: Annotated[
        Seconds, Meta(description="time for requests in flight when the process is told to stop")
    ] = 10.0

    mail_dir: Annotated[str, Meta(description="folder of mail, .eml files; empty is `mail` in the data folder")] = ""
    mail_days: Annotated[_Days, Meta(description="days that we keep a local mail, and the note that one was sent")] = 90
    mail_from: Annotated[str, Meta(max_length=254, description="sender of all mail")] = "Merx <shop@localhost>"

    oidc: tuple[OidcProvider, ...] = ()
    erasure_days: Annotated[int, Meta(ge=1, le=30, description="days from a confirmed wish to the erasure")] = 7
    export_days: Annotated[int, Meta(ge=1, le=90, description="days that an export can be fetched")] = 7

    failpoints: Annotated[
        str, Meta(description="names of code points that end the process, for crash tests; refused in production")
    ] = ""

    @property
    def production(self) -> bool:
        return self.environment == "production"

    @property
    def docs_on(self) -> bool:
        return self.docs == "on" or (self.docs == "auto" and not self.production)

    @property
    def rate_limits_on(self) -> bool:
        return self.rate_limits == "on" or (self.rate_limits == "auto" and self.production)

    @property
    def staff_must_have_mfa(self) -> bool:
        return self.staff_mfa == "required" or (self.staff_mfa == "auto" and self.production)

    @property
    def folder(self) -> Path:
        return Path(self.data_dir or ".merx")

    @property
    def mail_folder(self) -> Path:
        return Path(self.mail_dir) if self.mail_dir else self.folder / "mail"

    @property
    def search_folder(self) -> Path:
        return Path(self.search_dir) if self.search_dir else self.folder / "search"

    @property
    def owner_url(self) -> str:
        """How `merx migrate` connects."""
        return self.migrate_database_url or self.database_url

    @property
    def anchor_folder(self) -> Path:
        return Path(self.anchor_dir) if self.anchor_dir else self.folder / "audit"

    @property
    def account_page(self) -> str:
        return (self.account_url or f"{self.public_url.rstrip('/')}/account").rstrip("/")

    @property
    def api_base(self) -> str:
        return (self.api_url or f"{self.public_url.rstrip('/')}/api/v1").rstrip("/")

    def check(self) -> None:
        """Raises SettingsError when this process would be unsafe."""
        if problems := unsafe_values(self):
            raise SettingsError(problems)

    def shown(self) -> dict[str, Any]:
        """All values for people: secrets as ***."""
        values = msgspec.structs.asdict(self)
        values["oidc"] = tuple(provider.name for provider in self.oidc)
        return {name: "***" if name in SECRETS and value else value for name, value in values.items()}

    def __repr__(self) -> str:
        return f"Settings({', '.join(f'{name}={value!r}' for name, value in self.shown().items())})"


# Written with commas between.
_LISTS = ("allowed_hosts", "cors_origins", "second_person_rights")
# What one variable sets; providers have theirs in `settings_oidc`.
FIELDS = {field.name: field for field in msgspec.structs.fields(Settings) if field.name != "oidc"}


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Settings from `MERX_*` variables. An empty variable counts as not set.

    Raises SettingsError that names every wrong variable at once, without repeating secret values.
    """
    providers, problems = read_providers(environ)
    values: dict[str, Any] = {"oidc": providers}
    for variable, text in environ.items():
        if not variable.startswith(PREFIX) or variable.startswith(OIDC_PREFIX) or text.strip() == "":
            continue
        name = variable.removeprefix(PREFIX).lower()
        field = FIELDS.get(name)
        if field is None:
            # Only near misses are refused: Kubernetes puts MERX_SERVICE_HOST and the like into every container.
            if near := difflib.get_close_matches(name, FIELDS, n=1, cutoff=0.88):
                problems.append(f"{variable} is unknown, did you mean {PREFIX}{near[0].upper()}?")
            continue
        try:
            values[name] = _parse(text.strip(), field)
        except msgspec.ValidationError as error:
            problems.append(f"{variable}: {what_is_wrong(error, field.type)}")
    if problems:
        raise SettingsError(problems)
    settings = Settings(**values)
    settings.check()
    return settings


def _parse(text: str, field: msgspec.structs.FieldInfo) -> Any:
    if field.name in _LISTS:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    return msgspec.convert(text, field.type, strict=False)
