"""The files of digests: who is in one, for programs and for people, and the deletion of what no longer counts."""

import logging
from collections.abc import Sequence
from datetime import datetime

import msgspec

from churn.alerts import layout
from churn.store.compare_and_swap import JSON
from churn.store.interface import ObjectStore
from churn_api.alerts import record as records
from churn_api.alerts.record import COLUMNS, CustomerAtRisk, Part, Record
from churn_api.jobs.csv.output import written
from churn_api.jobs.csv.result_files import CSV, header
from churn_api.jobs.errors import UnreadableObject

log = logging.getLogger(__name__)


def write_digest(store: ObjectStore, digest_id: str, customers: Sequence[CustomerAtRisk]) -> None:
    """Write who is in a digest. Raises StoreUnavailable.

    An erasure that is cut off looks whether it still has to be done by what is written last.
    """
    store.put(layout.digest_list(digest_id), to_csv(customers), content_type=CSV)
    store.put(layout.digest(digest_id), msgspec.json.encode(customers), content_type=JSON)


def to_csv(customers: Sequence[CustomerAtRisk]) -> bytes:
    """A digest's list: probabilities with six decimals, money with two."""
    lines = [header(COLUMNS)]
    for customer in customers:
        shares = (customer.churn_probability, customer.before, customer.rise)
        amounts = (customer.value, customer.money_at_risk)
        cells = [
            written(customer.customerID),
            *(f"{share:.6f}" for share in shares),
            *("" if amount is None else f"{amount:.2f}" for amount in amounts),
        ]
        lines.append(",".join(cells).encode() + b"\n")
    return b"".join(lines)


def expire(store: ObjectStore, oldest: datetime) -> None:
    """Delete the digests, and the parts of the state, that were written before this moment.

    A record that cannot be read is left as it is. Raises StoreUnavailable.
    """
    first = records.generation_of(oldest)

    def step(record: Record) -> Record:
        kept = tuple(each for each in record.digests if datetime.fromisoformat(each.created_at) >= oldest)
        parts = tuple(Part() if part.generation < first else part for part in record.parts)
        version = record.version + (parts != record.parts)
        return msgspec.structs.replace(record, version=version, parts=parts, digests=kept)

    try:
        if records.change(store, step).made:
            clear(store)
    except UnreadableObject as error:  # whatever else is to be tidied is not kept from it
        log.error("%s Nothing of alerts expires. Delete it: alerts begin anew then.", error.message)


def clear(store: ObjectStore) -> None:
    """Delete the files that the record does not name: of older generations, and of evaluations that were cut off.

    Nobody may be evaluating meanwhile. Raises StoreUnavailable.
    """
    record = records.load(store)
    named = {key(digest.id) for digest in record.digests for key in (layout.digest, layout.digest_list)}
    named |= {layout.RECORD, layout.RULES, *record.state}
    held = [entry.key for entry in store.list(layout.ROOT)]
    store.delete(key for key in held if key not in named and not key.startswith(layout.DUE))
