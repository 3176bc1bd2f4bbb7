"""Signing notifications with the operator's secret."""

import base64
import hashlib
import hmac

# The start of Standard Webhooks' secrets; the rest is the key in base 64.
_PREFIX = "whsec_"


def sign(secret: bytes, timestamp: str, body: bytes) -> str:
    """HMAC-SHA256 over the timestamp, a dot and the body, in hexadecimal digits."""
    return hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def sign_standard(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    """The signature of Standard Webhooks, in base 64 and without its version. Raises ValueError as `key_of` does."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return base64.b64encode(hmac.new(key_of(secret), signed, hashlib.sha256).digest()).decode()


def key_of(secret: str) -> bytes:
    """The key that a secret stands for: the base 64 after `whsec_`, or else the secret itself.

    Raises ValueError if the text after `whsec_` is not base 64.
    """
    if secret.startswith(_PREFIX):
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    return secret.encode()
