"""Reading what the store keeps as JSON, whoever wrote it: this program, an older or a newer one, or a slip of the hand.

Fields that this program does not know are left out, or kept where it changes the record, and those that are missing
have their defaults, so that programs of several versions work side by side during an upgrade.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from churn_api.jobs.errors import UnreadableObject

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")
Record = TypeVar("Record", bound="DataclassInstance")
"""A dataclass with a member `unknown`: those that only a newer program knows, which are kept as they are."""


def decoded(data: bytes, key: str) -> dict[str, Any]:
    """The members of a JSON object. Raises UnreadableObject."""
    return decoded_as(data, dict[str, Any], key)


def decoded_as(data: bytes, kind: type[T], key: str) -> T:
    """JSON as this type. Raises UnreadableObject."""
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnreadableObject(key) from error


def converted(members: dict[str, Any], kind: type[T], key: str) -> T:
    """The same as a dataclass, each member of its declared type. Raises UnreadableObject."""
    try:
        return msgspec.convert(members, kind)
    except msgspec.ValidationError as error:
        raise UnreadableObject(key) from error


def to_bytes(record: "DataclassInstance") -> bytes:
    """A record as JSON, with the members that this program does not know as they were read."""
    members = asdict(record)
    return json.dumps(members.pop("unknown") | members).encode()


def from_bytes(data: bytes, kind: type[Record], key: str, moments: Sequence[str]) -> Record:
    """The record under this key, of whose members `moments` are ISO 8601 with a zone, or None.

    Raises UnreadableObject.
    """
    members = decoded(data, key)
    known = {member.name for member in fields(kind)} - {"unknown"}
    unknown: dict[str, Any] = {name: members.pop(name) for name in members.keys() - known}
    record = replace(converted(members, kind, key), unknown=unknown)
    try:
        told = [moment for name in moments if (moment := getattr(record, name)) is not None]
        zones = [datetime.fromisoformat(moment).tzinfo for moment in told]
    except ValueError as error:
        raise UnreadableObject(key) from error
    if None in zones:
        raise UnreadableObject(key)
    return record
