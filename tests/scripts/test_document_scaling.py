"""docs/scaling.md is what its script writes."""

import pytest

from scripts import document_scaling as scaling
from scripts.units import measured


@pytest.fixture(scope="module")
def units():
    return measured()


def test_the_document_is_what_the_script_writes(units):
    text = scaling.DOCUMENT.read_text()
    assert scaling.document(text, units) == text, "run `make docs`"


def test_parts_come_in_the_order_in_which_they_are_full(units):
    shares = [part.full_at for part in scaling.parts(units)]
    assert shares == sorted(shares)


def test_as_many_are_needed_as_carry_the_load():
    part = scaling.Part("a", load=10, one=4, unit="b")
    assert part.needed == 3
    assert part.full_at == pytest.approx(0.4)
