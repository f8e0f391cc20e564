"""TLS to PostgreSQL and Redis: which servers are believed, and one sentence about one that is not."""

import ssl
from functools import cache

from merx.infra.server_refused import ServerRefused

# Numbers of OpenSSL (X509_V_ERR_…).
_REASONS = {
    9: "its certificate is not valid yet",
    10: "its certificate has expired",
    18: "its certificate is signed by nobody but itself",
    19: "its certificate is signed by no authority that {variable} names",
    20: "its certificate is signed by no authority that {variable} names",
    21: "its certificate is signed by no authority that {variable} names",
    62: "its certificate is for another host",
    64: "its certificate is for another host",
}


@cache
def trust(ca_file: str, certificate: str = "", key: str = "", protocol: str = "") -> ssl.SSLContext:
    """Who a server must be: of the authorities in `ca_file` (else of those of the system), under its own name.

    `certificate` and `key` are files with which we show who we are. Made once: loading authorities takes a while.
    """
    context = ssl.create_default_context(cafile=ca_file or None)
    if certificate:
        context.load_cert_chain(certificate, key or None)
    if protocol:
        context.set_alpn_protocols([protocol])
    return context


def refusal(server: str, variable: str, error: BaseException) -> ServerRefused | None:
    """What to raise instead of `error`, when it is about trust; `variable` names the authorities."""
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = _REASONS.get(error.verify_code, f"its certificate does not hold ({error.verify_message})")
    elif isinstance(error, ssl.SSLError) or "rejected SSL upgrade" in str(error):
        reason = "it does not speak TLS"
    else:
        return None
    return ServerRefused(f"{server} is not trusted: {reason.format(variable=variable)}.")
