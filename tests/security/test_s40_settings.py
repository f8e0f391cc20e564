"""S40: a production process is not started when servers on other machines would be spoken to in the clear."""

from pathlib import Path

import pytest

from merx.infra.settings import SettingsError, load_settings

NEAR = [
    "postgresql://merx@127.0.0.1:5432/merx",
    "postgresql://merx@localhost/merx",
    "postgresql://merx@[::1]:5432/merx",
    "postgresql://merx@127.9.9.9,localhost:5433/merx",
    "postgresql://merx@/merx?host=/run/postgresql",
    "postgresql://merx@%2Frun%2Fpostgresql/merx",
]
FAR = [
    "postgresql://merx@postgres:5432/merx",
    "postgresql://merx@10.0.0.7/merx",
    "postgresql://merx@[2001:db8::7]:5432/merx",
    "postgresql://merx@localhost,db.example/merx",
    "postgresql://merx@/merx?host=/run/postgresql,db.example",
    "postgresql://merx@/merx?host=db.example",
    "postgresql://merx@localhost.db.example/merx",
    "postgresql://db.example/merx?user=merx@localhost",
    # The host is left to PGHOST or a service file.
    "postgresql:///merx",
    "postgresql://merx@/merx?service=shop",
]
HALF = ["disable", "allow", "prefer", "require", "verify-ca", "", "VERIFY-FULL", "verify_full"]
NEAR_REDIS = ["redis://127.0.0.1:6379/0", "redis://merx:x@localhost/0", "unix:///run/valkey.sock", "redis:///0"]
FAR_REDIS = [
    "redis://valkey:6379/0",
    "redis://merx:x@10.0.0.7:6379/0",
    "redis://localhost@valkey/0",
    "redis:///0?host=valkey",
    "redis:///0?host=valkey&host=localhost",
]


def problems(environ: dict[str, str]) -> list[str]:
    try:
        load_settings(environ)
    except SettingsError as error:
        return error.problems
    return []


def test_s40_servers_on_this_machine_may_be_spoken_to_in_the_clear(production: dict[str, str]):
    refused = {url: found for url in NEAR if (found := problems({**production, "MERX_DATABASE_URL": url}))}
    refused |= {url: found for url in NEAR_REDIS if (found := problems({**production, "MERX_REDIS_URL": url}))}
    assert refused == {}


def test_s40_servers_elsewhere_may_not(production: dict[str, str]):
    for variable in ("MERX_DATABASE_URL", "MERX_MIGRATE_DATABASE_URL"):
        for url in FAR:
            found = problems({**production, variable: url})
            assert [text.partition(" ")[0] for text in found] == [variable], url
            assert "must end with ?sslmode=verify-full in production" in found[0]
            assert problems({**production, variable: url, "MERX_TRUSTED_NETWORK": "true"}) == []
            assert problems({variable: url}) == [], "development"
    for url in FAR_REDIS:
        found = problems({**production, "MERX_REDIS_URL": url})
        assert [text.partition(" must start with rediss://")[0] for text in found] == ["MERX_REDIS_URL"], url
        assert problems({**production, "MERX_REDIS_URL": url, "MERX_TRUSTED_NETWORK": "true"}) == []
        assert problems({"MERX_REDIS_URL": url}) == [], "development"


def test_s40_half_of_tls_is_none(production: dict[str, str]):
    url = "postgresql://merx@db.example/merx?sslmode="
    started = [mode for mode in HALF if not problems({**production, "MERX_DATABASE_URL": url + mode})]
    assert started == []
    # The last one counts, as it does for the driver.
    both = "postgresql://merx@db.example/merx?sslmode=verify-full&sslmode=prefer"
    assert problems({**production, "MERX_DATABASE_URL": both})


def test_s40_with_tls_a_process_starts(production: dict[str, str], tmp_path: Path):
    authorities = tmp_path / "ca.pem"
    authorities.write_text("")
    whole = {
        **production,
        "MERX_DATABASE_URL": "postgresql://merx_app:x@db.example/merx?sslmode=verify-full",
        "MERX_MIGRATE_DATABASE_URL": "postgresql://merx:x@db.example/merx?sslmode=verify-full",
        "MERX_REDIS_URL": "rediss://merx:x@valkey.example:6380/0",
    }
    assert problems(whole) == []
    files = {"MERX_DATABASE_CA_FILE": str(authorities), "MERX_REDIS_CA_FILE": str(authorities)}
    assert problems({**whole, **files}) == []
    gone = dict.fromkeys(files, "/nowhere/ca.pem")
    assert problems({**whole, **gone}) == [f"{name} names no file: /nowhere/ca.pem" for name in gone]


@pytest.mark.parametrize(
    "change",
    [
        {"MERX_DATABASE_CA_FILE": __file__},
        {"MERX_DATABASE_CA_FILE": __file__, "MERX_DATABASE_URL": "postgresql://x@h/d?sslmode=require"},
        {"MERX_REDIS_CA_FILE": __file__},
        {"MERX_DATABASE_URL": "postgresql://x@h/d?sslmode=verify-full&sslrootcert=/etc/ca.pem"},
        {"MERX_REDIS_URL": "rediss://h/0?ssl_cert_reqs=none"},
        {"MERX_REDIS_URL": "rediss://h/0?ssl_check_hostname=false"},
        {"MERX_REDIS_URL": "rediss://h/0?ssl_ca_certs=/etc/ca.pem"},
    ],
)
def test_s40_what_would_not_be_heeded_is_refused_everywhere(change: dict[str, str]):
    assert len(problems(change)) == 1
