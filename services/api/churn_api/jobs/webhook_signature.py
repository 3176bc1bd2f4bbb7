"""Signing announcements with the operator's secret."""

import base64
import hashlib
import hmac

# What the secrets of Standard Webhooks begin with; the rest is the key in base 64.
_PREFIX = "whsec_"


def sign(secret: bytes, timestamp: str, body: bytes) -> str:
    """The signature as receivers compute it."""
    return hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def sign_standard(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    """The signature of Standard Webhooks, in base 64 and without its version."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return base64.b64encode(hmac.new(key_of(secret), signed, hashlib.sha256).digest()).decode()


def key_of(secret: str) -> bytes:
    """The key that a secret stands for: what is behind `whsec_` is base 64, anything else is itself. Raises ValueError
    where it is neither."""
    if secret.startswith(_PREFIX):
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    return secret.encode()
