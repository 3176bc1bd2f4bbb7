"""How the browser reads and writes CSV, held against Python's own module."""

import csv
import io
import random

import pytest
from playwright.sync_api import Page


@pytest.fixture(scope="module")
def page(module_page: Page) -> Page:
    """One page for all: nothing here changes the site."""
    return module_page


# Reads a text in pieces of a size, as it would arrive over a network.
READ = """async ([text, size]) => {
    const { CsvReader } = await import('/assets/lib/csv.js');
    const rows = [];
    const reader = new CsvReader((row) => rows.push(row));
    for (let at = 0; at < text.length; at += size) reader.push(text.slice(at, at + size));
    reader.end();
    return rows;
}"""
WRITE = """async (rows) => {
    const { csvLine } = await import('/assets/lib/csv.js');
    return rows.map(csvLine).join('');
}"""


def table(seed: int) -> list[list[str]]:
    """Rows of awkward cells."""
    chance = random.Random(seed)
    pieces = ["", "a", "Month-to-month", '"', '""', ",", "\n", "\r\n", " ", "é", "日本", "7590-VHVEG", "0.5"]
    return [["".join(chance.choices(pieces, k=chance.randrange(4))) for _ in range(4)] + ["end"] for _ in range(60)]


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_rows_are_read_as_python_reads_them_however_they_arrive(page: Page, size):
    for seed in range(5):
        text = io.StringIO(newline="")
        csv.writer(text).writerows(table(seed))
        assert page.evaluate(READ, [text.getvalue(), size]) == table(seed)


def test_python_reads_what_is_written(page: Page):
    written = page.evaluate(WRITE, table(9))
    assert list(csv.reader(io.StringIO(written, newline=""))) == table(9)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a,b\n1,2", [["a", "b"], ["1", "2"]]),
        ("a,b\r\n\r\n1,2\r\n", [["a", "b"], ["1", "2"]]),
        ("a,\n,\n", [["a", ""], ["", ""]]),
        ('"a","b"\n"",""\n', [["a", "b"], ["", ""]]),
        ("", []),
    ],
    ids=["no last line end", "blank lines", "empty cells", "quoted", "nothing"],
)
def test_the_edges_of_the_format(page: Page, text, rows):
    assert page.evaluate(READ, [text, 3]) == rows
