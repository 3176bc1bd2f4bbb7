"""Reading what the store keeps as JSON, whoever wrote it: this program, an older or a newer one, or a slip of the hand.

Fields that this program does not know are left out and those that are missing have their defaults, so that programs of
several versions work side by side during an upgrade.
"""

from typing import Any, TypeVar

import msgspec

from churn_api.jobs.errors import UnreadableObject

T = TypeVar("T")


def decoded(data: bytes, key: str) -> dict[str, Any]:
    """The members of a JSON object. Raises UnreadableObject."""
    try:
        return msgspec.json.decode(data, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnreadableObject(key) from error


def converted(members: dict[str, Any], kind: type[T], key: str) -> T:
    """The same as a dataclass, each member of its declared type. Raises UnreadableObject."""
    try:
        return msgspec.convert(members, kind)
    except msgspec.ValidationError as error:
        raise UnreadableObject(key) from error
