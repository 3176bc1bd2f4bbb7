"""Reading store URLs."""

from typing import Literal, NamedTuple
from urllib.parse import unquote, urlsplit

# The length and the characters that S3 allows for the name of a bucket.
_BUCKET_LENGTH = range(3, 64)
_BUCKET_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789.-")


class StoreAddress(NamedTuple):
    """A store URL's parts; `place` is a bucket's name or the path of an absolute folder."""

    kind: Literal["s3", "file"]
    place: str


def parse_url(url: str) -> StoreAddress:
    """The parts of a store URL. Raises ValueError with the remedy if it is none."""
    parts = urlsplit(url)
    if parts.query or parts.fragment:
        raise ValueError("A store URL has no query and no fragment; write s3://bucket or file:///folder.")
    if parts.scheme == "s3" and not parts.path.strip("/"):
        return StoreAddress("s3", _checked_bucket(parts.netloc))
    if parts.scheme == "file" and not parts.netloc and parts.path.strip("/"):
        return StoreAddress("file", unquote(parts.path))
    raise ValueError("The store must be s3://bucket or file:///folder (an absolute folder, three slashes).")


def _checked_bucket(name: str) -> str:
    if len(name) not in _BUCKET_LENGTH or not _BUCKET_CHARACTERS.issuperset(name) or not name[0].isalnum():
        raise ValueError("A bucket's name has 3 to 63 characters: lower case letters, digits, dots and hyphens.")
    return name
