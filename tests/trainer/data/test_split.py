"""A customer's part: from a hash of the id, whoever else is in the table and wherever."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest
from tests.telco import TELCO

from churn.split import id_hash
from churn_trainer.data.hashes import row_hashes
from churn_trainer.data.prepare import prepare
from churn_trainer.data.split import scheme
from churn_trainer.data.table import load

PARTS = ("train", "validation", "test", "repeated")


def ids_by_part(rows, as_csv, source_of):
    """The ids of each part of a table of cells."""
    table, _ = load(source_of(as_csv(rows)), TELCO)
    split = prepare(table).split
    return {part: {rows[1 + row][0] for row in getattr(split, part)} for part in PARTS}


@pytest.fixture(scope="module")
def parts(small_rows, as_csv, source_of):
    return ids_by_part(small_rows, as_csv, source_of)


def test_the_parts_are_disjoint_complete_and_about_60_20_20(parts, small_rows):
    assert sorted(id_ for ids in parts.values() for id_ in ids) == sorted(row[0] for row in small_rows[1:])
    assert [len(parts[part]) for part in PARTS] == pytest.approx([900, 300, 300, 0], abs=50)


def test_a_part_follows_from_the_first_bits_of_a_salted_sha256_of_the_id(parts):
    def place(id_):
        return int(hashlib.sha256(f"churn split 1:{id_}".encode()).hexdigest()[:16], 16) / 2**64

    assert max(map(place, parts["test"])) < 0.2 <= min(map(place, parts["validation"]))
    assert max(map(place, parts["validation"])) < 0.4 <= min(map(place, parts["train"]))


def test_another_order_of_the_rows_moves_nobody(parts, small_rows, as_csv, source_of):
    order = np.random.default_rng(0).permutation(len(small_rows) - 1)
    assert ids_by_part([small_rows[0], *(small_rows[1 + row] for row in order)], as_csv, source_of) == parts


def test_customers_who_come_or_go_move_nobody(parts, small_rows, as_csv, source_of):
    fewer = ids_by_part(small_rows[:1001], as_csv, source_of)
    for part in PARTS[:3]:
        assert fewer[part] <= parts[part]


def test_another_order_of_the_rows_gives_the_models_the_same_matrix(small_table, prepared):
    order = np.random.default_rng(1).permutation(len(small_table))
    other = prepare(small_table.take(order))
    assert (other.scaled(other.split.development) == prepared.scaled(prepared.split.development)).all()
    assert (other.churn[other.split.test] == prepared.churn[prepared.split.test]).all()


def test_without_ids_a_part_follows_from_the_row(small_rows, as_csv, source_of):
    table, _ = load(source_of(as_csv([row[1:] for row in small_rows])), TELCO)
    assert not table.identified
    assert (table.keys == row_hashes(table.customers)).all()
    split = prepare(table).split
    groups = row_hashes(table.customers)
    assert len(split.repeated) == 0
    assert not set(groups[split.test]) & set(groups[split.development])


def test_where_an_id_is_blank_the_row_takes_its_place(small_rows, as_csv, source_of):
    rows = [list(row) for row in small_rows]
    rows[3][0] = " "
    table, _ = load(source_of(as_csv(rows)), TELCO)
    assert table.identified
    assert table.keys[2] == row_hashes(table.customers)[2]
    assert table.keys[1] == id_hash(rows[2][0])


def test_customers_of_the_test_part_who_equal_a_fitted_one_are_set_aside(small_rows, as_csv, source_of, parts):
    fitted, tested, again = (sorted(parts[part])[number] for part, number in (("train", 0), ("test", 0), ("test", 1)))
    rows = {row[0]: list(row) for row in small_rows}
    rows[tested][1:] = rows[fitted][1:]
    found = ids_by_part([small_rows[0], *(rows[row[0]] for row in small_rows[1:])], as_csv, source_of)
    assert found["repeated"] == {tested}
    assert again in found["test"]
    assert found["train"] == parts["train"]


def test_customers_of_the_test_part_who_equal_each_other_are_kept(small_rows, as_csv, source_of, parts):
    one, other = sorted(parts["test"])[:2]
    rows = {row[0]: list(row) for row in small_rows}
    rows[one][1:] = rows[other][1:]
    found = ids_by_part([small_rows[0], *(rows[row[0]] for row in small_rows[1:])], as_csv, source_of)
    assert found == parts


def test_the_scheme_says_by_what_a_later_training_knows_who_was_fitted_on(small_table):
    assert scheme(small_table) == {
        "scheme": "sha256-1",
        "key": "id",
        "test_share": 0.2,
        "validation_share": 0.2,
        "fitted_on": ["train", "validation"],
    }
    assert scheme(replace(small_table, identified=False))["key"] == "row"
