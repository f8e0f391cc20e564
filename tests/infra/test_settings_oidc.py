"""Providers in the environment: groups of variables, each wrong one named."""

import pytest

from merx.infra.settings import SettingsError, load_settings

GOOD = {
    "MERX_OIDC_GOOGLE_ISSUER": "https://accounts.google.example",
    "MERX_OIDC_GOOGLE_CLIENT_ID": "shop",
    "MERX_OIDC_GOOGLE_CLIENT_SECRET": "GOCSPX-0a9s8d7f6g",
    "MERX_OIDC_STAFF_LOGIN_ISSUER": "http://127.0.0.1:8080/realms/shop",
    "MERX_OIDC_STAFF_LOGIN_CLIENT_ID": "shop",
    "MERX_OIDC_STAFF_LOGIN_KIND": "staff",
    "MERX_OIDC_STAFF_LOGIN_TRUST_EMAIL": "true",
    "MERX_OIDC_STAFF_LOGIN_SCOPES": "openid email, groups",
    "MERX_OIDC_STAFF_LOGIN_MFA_ACR": "gold,2",
}


def test_groups_become_providers():
    google, staff = load_settings(GOOD).oidc
    assert (google.name, google.kind, google.trust_email, google.shown_as) == ("google", "customer", False, "google")
    assert google.scopes == ("openid", "email", "profile")
    assert (staff.name, staff.kind, staff.trust_email) == ("staff-login", "staff", True)
    assert (staff.scopes, staff.mfa_acr) == (("openid", "email", "groups"), ("gold", "2"))
    assert load_settings({}).oidc == ()


def test_a_secret_from_a_file_and_no_secret_in_any_text(tmp_path):
    file = tmp_path / "secret"
    file.write_text("GOCSPX-from-a-file\n")
    given = {name: value for name, value in GOOD.items() if not name.endswith("_SECRET")}
    settings = load_settings(given | {"MERX_OIDC_GOOGLE_CLIENT_SECRET_FILE": str(file)})
    assert settings.oidc[0].client_secret == "GOCSPX-from-a-file"
    shown = f"{settings!r} {settings.oidc!r} {settings.shown()} {settings.oidc[0].shown()} {load_settings(GOOD)!r}"
    assert "GOCSPX" not in shown


def test_what_the_container_platform_adds_is_left_alone():
    assert load_settings({"MERX_OIDC_SERVICE_HOST": "10.0.0.1", "MERX_OIDC_PORT_80_TCP_ADDR": "10.0.0.1"}).oidc == ()


@pytest.mark.parametrize(
    "change",
    [
        {"MERX_OIDC_GOOGLE_ISSUER": ""},
        {"MERX_OIDC_GOOGLE_CLIENT_ID": ""},
        {"MERX_OIDC_GOOGLE_ISSUER": "http://accounts.google.example"},
        {"MERX_OIDC_GOOGLE_ISSUER": "https://me:pw@accounts.google.example"},
        {"MERX_OIDC_GOOGLE_ISSUER": "https://accounts.google.example?x=1"},
        {"MERX_OIDC_GOOGLE_ISSUER": "https://accounts.google.example:port"},
        {"MERX_OIDC_GOOGLE_ISSUER": "accounts.google.example"},
        {"MERX_OIDC_GOOGLE_KIND": "admin"},
        {"MERX_OIDC_GOOGLE_TRUST_EMAIL": "perhaps"},
        {"MERX_OIDC_GOOGLE_SCOPES": "email"},
        {"MERX_OIDC_GOOGLE_CLIENT_SECRET": "changeme"},
        {"MERX_OIDC_GOOGLE_CLIENT_SECRET_FILE": "/nowhere"},
        {"MERX_OIDC_GOOGLE_CLIENT_SECRE": "x"},
        {f"MERX_OIDC_{'X' * 41}_ISSUER": "https://a.example", f"MERX_OIDC_{'X' * 41}_CLIENT_ID": "x"},
        {"MERX_API_URL": "ftp://shop.example"},
    ],
)
def test_unsafe_values_are_refused(change):
    with pytest.raises(SettingsError) as caught:
        load_settings(GOOD | change)
    assert "GOCSPX" not in str(caught.value)
