"""What every answer must carry, wherever it was made."""

import re
from collections.abc import Iterable

_POLICY = "default-src 'none'; frame-ancestors 'none'"
_ALWAYS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
}
_TELLS = re.compile(rb"Traceback|site-packages|/src/merx|File \"|\bat 0x[0-9a-f]{6,}")


def unprotected(headers: Iterable[tuple[bytes, bytes]], body: bytes, *, https: bool = False, page: bool = False) -> str:
    """What is missing or should not be there, or an empty string. `page` has a policy of its own."""
    given = [(name.decode(), value.decode("latin-1")) for name, value in headers]
    by_name = dict(given)
    wrong = [f"{name} is {by_name.get(name)!r}" for name, value in _ALWAYS.items() if by_name.get(name) != value]
    policy = by_name.get("content-security-policy", "")
    if not (
        policy.startswith("default-src 'none'; ") and "frame-ancestors 'none'" in policy if page else policy == _POLICY
    ):
        wrong.append(f"content-security-policy is {policy!r}")
    hsts = by_name.get("strict-transport-security", "")
    if https and int((re.match(r"max-age=(\d+)", hsts) or ["", "0"])[1]) < 31_536_000:
        wrong.append(f"strict-transport-security is {hsts!r}")
    if not https and hsts:
        wrong.append("strict-transport-security on plain http")
    if not re.fullmatch(r"[A-Za-z0-9._:-]{8,64}", by_name.get("x-request-id", "")):
        wrong.append("no x-request-id")
    wrong += [f"{name} is told" for name in ("server", "x-powered-by", "via") if name in by_name]
    names = [name for name, _ in given if name != "set-cookie"]
    wrong += [f"{name} comes twice" for name in sorted(set(names)) if names.count(name) > 1]
    wrong += _kept(by_name)
    if _TELLS.search(body):
        wrong.append(f"internals are shown: {body[:200]!r}")
    return "; ".join(wrong)


def _kept(by_name: dict[str, str]) -> list[str]:
    """An answer says who may keep it; what brings a cookie is for nobody else."""
    said = by_name.get("cache-control", "")
    if said == "no-store":
        return []
    if not said.startswith("public, max-age="):
        return [f"cache-control is {said!r}"]
    return ["a public answer brings a cookie"] if "set-cookie" in by_name else []
