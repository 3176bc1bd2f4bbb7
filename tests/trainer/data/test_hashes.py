"""Hashes of rows."""

import struct

import numpy as np
from tests.telco import Customer

from churn.split import digest
from churn_trainer.data import hashes
from churn_trainer.data.hashes import row_hashes


def test_a_row_has_the_hash_of_its_fields_as_doubles_in_their_order(small_table):
    customer = [column[7] for column in small_table.customers]
    data = struct.pack(f"<{len(customer)}d", *customer)
    assert row_hashes(small_table.customers)[7] == int.from_bytes(digest(data), "big")


def test_blocks_change_no_hash(small_table, monkeypatch):
    whole = row_hashes(small_table.customers)
    monkeypatch.setattr(hashes, "_BLOCK", 64)
    assert (row_hashes(small_table.customers) == whole).all()


def test_rows_are_told_apart_by_every_field(small_table):
    first = Customer(*(column[:1] for column in small_table.customers))
    changed = [first._replace(**{name: getattr(first, name) + 1}) for name in Customer._fields]
    assert len({int(row_hashes(one)[0]) for one in [first, *changed]}) == len(changed) + 1


def test_no_rows_have_no_hashes(small_table):
    nobody = Customer(*(column[:0] for column in small_table.customers))
    assert row_hashes(nobody).dtype == np.uint64
    assert len(row_hashes(nobody)) == 0
