"""Settings refuse to start on anything unsafe, and say everything that is wrong at once."""

import argparse
from pathlib import Path

import msgspec
import pytest

from merx.bootstrap.commands.config import reference, run
from merx.infra.keys import ensure_keys
from merx.infra.settings import FIELDS, Settings, SettingsError, load_settings


def problems(environ: dict[str, str]) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load_settings(environ)
    return caught.value.problems


@pytest.fixture
def production(tmp_path: Path) -> dict[str, str]:
    ensure_keys(tmp_path)
    return {
        "MERX_ENVIRONMENT": "production",
        "MERX_SECRET_FILE": str(tmp_path / "secret"),
        "MERX_TOKEN_KEY_FILE": str(tmp_path / "token.pem"),
        "MERX_PUBLIC_URL": "https://shop.example",
    }


def test_nothing_set_is_a_working_development_process():
    assert load_settings({}) == Settings()
    assert load_settings({"MERX_STORAGE": "memory"}).storage == "memory"


def test_values_are_read_by_type():
    settings = load_settings(
        {
            "MERX_PORT": "9000",
            "MERX_ACCESS_LOG": "false",
            "MERX_ALLOWED_HOSTS": "a.example, *.b.example",
            "MERX_HOST": "",
        }
    )
    assert (settings.port, settings.access_log, settings.allowed_hosts) == (9000, False, ("a.example", "*.b.example"))
    assert settings.host == Settings().host


def test_all_wrong_variables_are_named_at_once():
    found = problems({"MERX_PORT": "tcp://10.0.0.1:80", "MERX_STORAGE": "disk", "MERX_ALOWED_HOSTS": "x"})
    assert len(found) == 3
    assert found[0] == "MERX_PORT: must be a whole number, not text"
    assert found[1] == "MERX_STORAGE: must be one of postgres, memory"
    assert "did you mean MERX_ALLOWED_HOSTS?" in found[2]


def test_variables_of_the_container_platform_are_left_alone():
    assert load_settings({"MERX_SERVICE_HOST": "10.0.0.1", "MERX_PORT_8000_TCP": "tcp://10.0.0.1:8000"}) == Settings()


def test_a_safe_production_process_starts(production: dict[str, str]):
    settings = load_settings(production)
    assert settings.production
    assert not settings.docs_on


@pytest.mark.parametrize(
    "change",
    [
        {"MERX_STORAGE": "memory"},
        {"MERX_SECRET_FILE": ""},
        {"MERX_SECRET_FILE": "", "MERX_SECRET": "short"},
        {"MERX_SECRET_FILE": "", "MERX_SECRET": " " * 40},
        {"MERX_SECRET_FILE": "", "MERX_SECRET": "a" * 40},
        {"MERX_SECRET_FILE": "", "MERX_SECRET": "changeme-changeme-changeme-changeme-0"},
        {"MERX_TOKEN_KEY_FILE": ""},
        {"MERX_TOKEN_KEY_FILE": "/nowhere/token.pem"},
        {"MERX_ALLOWED_HOSTS": "*"},
        {"MERX_PUBLIC_URL": "http://shop.example"},
        {"MERX_PUBLIC_URL": "https://sh\u00f6p..example"},
        {"MERX_METRICS_TOKEN": "short"},
        {"MERX_DOCS": "on"},
        {"MERX_FAILPOINTS": "checkout.after-commit"},
        {"MERX_DATABASE_URL": "mysql://x"},
        {"MERX_MAIL_FROM": "shop@example\r\nBcc: evil@example"},
        {"MERX_MAIL_FROM": "Merx"},
        {"MERX_METRICS_TOKEN": "changeme-changeme-changeme"},
        {"MERX_METRICS_TOKEN": "a" * 40},
        {"MERX_DATABASE_URL": "postgresql://[db"},
        {"MERX_REDIS_URL": "redis://cache:six/0"},
        {"MERX_PUBLIC_URL": "https://[shop"},
        {"MERX_PUBLIC_URL": "https://shop.example:99999"},
        {"MERX_PUBLIC_URL": "https://me:secret@shop.example"},
        {"MERX_PUBLIC_URL": "https://shop.example/?from=mail"},
        {"MERX_ALLOWED_HOSTS": "https://shop.example/"},
        {"MERX_ALLOWED_HOSTS": "shop.example:443"},
        {"MERX_ALLOWED_HOSTS": "*."},
        {"MERX_ALLOWED_HOSTS": "*.*"},
        {"MERX_CURRENCY": "ZZZ"},
        {"MERX_SECOND_PERSON_RIGHTS": "owner"},
        {"MERX_SECOND_PERSON_RIGHTS": "staff:write, orders:"},
        {"MERX_SECOND_PERSON_RIGHTS": "**"},
    ],
)
def test_unsafe_production_values_are_refused(production: dict[str, str], change: dict[str, str]):
    assert problems(production | change)


def test_secret_values_are_never_shown():
    secret = "Zq4vXc81mPkw93hTbnRUyeLaS7d2GfJ0"
    settings = load_settings({"MERX_SECRET": secret, "MERX_DATABASE_URL": f"postgresql://u:{secret}@h/d"})
    assert secret not in repr(settings)
    assert secret[:30] not in str(problems({"MERX_SECRET": secret[:30]}))


def test_every_field_is_described():
    for field in FIELDS.values():
        described = msgspec.inspect.type_info(field.type)
        assert isinstance(described, msgspec.inspect.Metadata) or getattr(field.type, "__metadata__", None), field.name


def test_the_reference_page_is_up_to_date():
    page = Path(__file__).parents[2] / "docs" / "configuration.md"
    assert page.read_text() == reference(), "run: merx config --markdown > docs/configuration.md"


def test_the_command_shows_values_but_no_secrets(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MERX_SECRET", "Zq4vXc81mPkw93hTbnRUyeLaS7d2GfJ0")
    monkeypatch.setenv("MERX_PORT", "9001")
    assert run(argparse.Namespace(markdown=False, check=False)) == 0
    shown = capsys.readouterr().out
    assert "MERX_PORT" in shown
    assert "9001" in shown
    assert "Zq4v" not in shown
    assert run(argparse.Namespace(markdown=False, check=True)) == 0
    assert capsys.readouterr().out == ""
