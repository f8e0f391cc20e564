"""The site that passkeys of this shop belong to, in the words of WebAuthn."""

from urllib.parse import urlsplit

from merx.infra.http.origins import origin_of
from merx.infra.settings import Settings


def rp_id(settings: Settings) -> str:
    """The domain. A passkey made for one domain is good for that one alone, so it cannot be changed later."""
    return settings.passkey_domain or urlsplit(settings.public_url).hostname or ""


def rp_origins(settings: Settings) -> tuple[str, ...]:
    """Whose pages may ask for a passkey: the public URL's, and those of shop fronts within the domain."""
    domain = rp_id(settings)
    hosts = {origin: urlsplit(origin).hostname or "" for origin in settings.cors_origins}
    fronts = [origin for origin, host in hosts.items() if host == domain or host.endswith(f".{domain}")]
    return (origin_of(settings.public_url), *fronts)
