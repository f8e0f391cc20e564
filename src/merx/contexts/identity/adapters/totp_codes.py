"""Codes by the clock, made and checked with pyotp, and shown as a QR code with segno."""

import hmac
import io
import secrets
from base64 import b32encode
from datetime import datetime

# 160 bits, as RFC 4226 §4 recommends; what apps show and people type is its base 32.
_SECRET_BYTES = 20
_PERIOD = 30
# Clocks of phones are off by some seconds, and people type slowly.
_WINDOW = 1
# A reader takes any of the eight. Drawing all to find the prettiest holds up the event loop for 5 ms.
_MASK = 3


class PyotpCodes:
    """Implements TotpCodes with what every app can do: SHA-1, six digits, 30 seconds."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer

    def new_secret(self) -> bytes:
        return secrets.token_bytes(_SECRET_BYTES)

    def step(self, secret: bytes, code: str, now: datetime) -> int | None:
        from pyotp import TOTP

        totp, present, given = TOTP(_text(secret)), int(now.timestamp()) // _PERIOD, code.replace(" ", "")
        found = None
        # All three are compared: which one it was does not show in the time.
        for step in range(present - _WINDOW, present + _WINDOW + 1):
            if hmac.compare_digest(totp.generate_otp(step), given):
                found = step
        return found

    def shown(self, secret: bytes, email: str) -> tuple[str, str, str]:
        import segno
        from pyotp import TOTP

        text = _text(secret)
        uri = TOTP(text).provisioning_uri(name=email, issuer_name=self._issuer)
        picture = io.BytesIO()
        segno.make(uri, error="m", mask=_MASK).save(picture, kind="svg", scale=4, xmldecl=False, border=4)
        return text, uri, picture.getvalue().decode()


def _text(secret: bytes) -> str:
    return b32encode(secret).decode()
