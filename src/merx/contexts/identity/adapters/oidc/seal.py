"""Flows travel as `state`, sealed for one browser with a key that follows from the shop's secret."""

import hashlib
import hmac
import os
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from merx.contexts.identity.domain.provider_sign_in import ProviderFlow
from merx.contexts.identity.ports.providers import Departure
from merx.infra.guest_tokens import GuestTokens
from merx.kernel import base64url

_NONCE = 12
MAX_STATE = 2048
_flows = msgspec.json.Decoder(ProviderFlow)


class SealedFlows:
    """Implements FlowSeal. The browser's secret is associated data: elsewhere the seal does not open."""

    def __init__(self, tokens: GuestTokens) -> None:
        self._aead = AESGCM(hashlib.sha256(tokens.issue("provider-flow-seal", UUID(int=0)).encode()).digest())
        self._key = tokens.issue("provider-flow-secrets", UUID(int=0)).encode()

    def close(self, flow: ProviderFlow, browser: str) -> Departure:
        nonce = os.urandom(_NONCE)
        sealed = nonce + self._aead.encrypt(nonce, msgspec.json.encode(flow), browser.encode())
        return self._departure(base64url.encode(sealed), flow, browser)

    def open(self, state: str, browser: str) -> tuple[ProviderFlow, Departure] | None:
        if len(state) > MAX_STATE:
            return None
        try:
            sealed = base64url.decode(state)
            flow = _flows.decode(self._aead.decrypt(sealed[:_NONCE], sealed[_NONCE:], browser.encode()))
        except (InvalidTag, ValueError, msgspec.MsgspecError):
            return None
        return flow, self._departure(state, flow, browser)

    def _departure(self, state: str, flow: ProviderFlow, browser: str) -> Departure:
        return Departure(state, self._derived("nonce", flow, browser), self._derived("verifier", flow, browser))

    def _derived(self, what: str, flow: ProviderFlow, browser: str) -> str:
        """43 characters that nobody can compute without the key: nothing has to be stored to know them again."""
        digest = hmac.digest(self._key, f"{what}\0{flow.id}\0{browser}".encode(), "sha256")
        return base64url.encode(digest)
