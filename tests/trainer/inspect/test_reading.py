"""Tables are read as people save them, and what has to be mended before a training is said."""

import gzip
import io

import polars as pl
import pytest
from tests.api.jobs.workbooks import workbook

from churn_trainer.errors import BrokenTable, DataNotFound
from churn_trainer.inspect.reading import read

HEADER = "Customer ID,Bill,Plan,Churn\n"
ROWS = "".join(f"C{row},{row}.5,{'Größe' if row % 2 else 'Basic'},{'Yes' if row % 3 else 'No'}\n" for row in range(60))
PLAIN = HEADER + ROWS


def cells(sheet) -> dict[str, list[str]]:
    return {
        column.name: [column.texts[code] if code >= 0 else "" for code in column.codes.tolist()]
        for column in sheet.columns
    }


def semicolons(text: str) -> str:
    return text.replace(",", ";").replace(".5", ",5")


def parquet() -> bytes:
    target = io.BytesIO()
    pl.read_csv(io.StringIO(PLAIN)).write_parquet(target)
    return target.getvalue()


FORMS = {
    "plain": PLAIN.encode(),
    "with a byte order mark": b"\xef\xbb\xbf" + PLAIN.encode(),
    "semicolons and decimal commas": semicolons(PLAIN).encode(),
    "tabs": PLAIN.replace(",", "\t").encode(),
    "bars": PLAIN.replace(",", "|").encode(),
    "UTF-16": PLAIN.encode("utf-16"),
    "Windows-1252": PLAIN.encode("cp1252"),
    "semicolons in Windows line ends": semicolons(PLAIN).replace("\n", "\r\n").encode(),
    "returns alone": PLAIN.replace("\n", "\r").encode(),
    "gzip": gzip.compress(PLAIN.encode()),
    "blank lines": PLAIN.replace("\nC5,", "\n\nC5,").encode(),
    "Parquet": parquet(),
    "Excel": workbook({"Customers": [line.split(",") for line in PLAIN.splitlines()]}),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_table_is_read_in_any_form(as_file, form):
    found = cells(read(as_file(FORMS[form])))
    assert list(found) == HEADER.strip().split(",")
    assert found["Customer ID"] == [f"C{row}" for row in range(60)]
    assert [float(cell) for cell in found["Bill"]] == [row + 0.5 for row in range(60)]
    assert found["Plan"][:2] == ["Basic", "Größe"]


def test_names_and_cells_lose_the_blanks_around_them(as_file):
    found = cells(read(as_file(" Customer ID ,Plan \n C1 , Basic\nC2,  \n")))
    assert found == {"Customer ID": ["C1", "C2"], "Plan": ["Basic", ""]}


def test_both_sides_of_a_merge_conflict_are_read_once_and_said(as_file):
    text = f"<<<<<<< HEAD\n{PLAIN}=======\n{PLAIN}>>>>>>> main\n"
    sheet = read(as_file(text))
    assert sheet.rows == 60
    assert "It holds both sides of git's merge conflicts: resolve them before it is trained on." in sheet.notes


def test_a_description_in_the_second_line_is_left_out_and_said(as_file):
    numbers = "".join(f"C{row},{row},{row * 2},{row % 2}\n" for row in range(150))
    sheet = read(as_file(f"Customer ID,Bill,Calls,Churn\nthe id,in dollars,a month,whether gone\n{numbers}"))
    assert sheet.rows == 150
    assert any(note.startswith("The second line describes the columns") for note in sheet.notes)
    assert all(column.is_numeric for column in sheet.columns[1:])


def test_rows_that_are_there_several_times_are_looked_at_once_whatever_counts_them(as_file):
    rows = ROWS.splitlines()
    text = "," + HEADER + "".join(f"{number},{row}\n" for number, row in enumerate(rows * 3))
    sheet = read(as_file(text))
    assert sheet.rows == 60
    assert sheet.notes[0].startswith("120 rows are the same as an earlier one in every column")


def test_a_header_in_the_middle_is_no_customer(as_file):
    sheet = read(as_file(PLAIN + PLAIN.replace("C", "D").replace("Dustomer", "Customer").replace("Dhurn", "Churn")))
    assert sheet.rows == 120
    assert "Its header is there 2 times: keep the first before it is trained on." in sheet.notes


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "It is empty; a header row and customers are needed."),
        ("Customer ID,Churn\n", "It has a header and no rows."),
        ("just a note\nand another\n", "Its first line is one cell (just a note): is it a table with a header?"),
        (b"%PDF-1.7 x", "The file is a PDF."),
        (
            "ID,Churn\n" + "1,K1,Yes\n" * 20,
            "Its first row has 3 cells and its header 2: a column has no name. Name every column.",
        ),
    ],
)
def test_what_is_no_table_is_refused_in_a_sentence(as_file, content, message):
    with pytest.raises(BrokenTable) as refused:
        read(as_file(content))
    assert refused.value.faults == (message,)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataNotFound, match=r"there is no .*nothing\.csv"):
        read(tmp_path / "nothing.csv")
