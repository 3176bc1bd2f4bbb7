"""Files as people have them, each with what a look at it and a submission of it must say."""

import csv
import gzip
import io
from typing import NamedTuple

import polars as pl
from tests.api.jobs.workbooks import workbook

HEADER = (
    "customerID,gender,SeniorCitizen,Partner,Dependents,tenure,PhoneService,MultipleLines,InternetService,"
    "OnlineSecurity,OnlineBackup,DeviceProtection,TechSupport,StreamingTV,StreamingMovies,Contract,PaperlessBilling,"
    "PaymentMethod,MonthlyCharges,TotalCharges"
)
CELLS = (
    "A-1,Female,0,Yes,No,24,Yes,No,DSL,Yes,No,No,Yes,No,No,One year,Yes,Mailed check,55.20,1324.80",
    "Ä-2,Male,1,No,No,3,Yes,Yes,Fiber optic,No,No,No,No,Yes,Yes,Month-to-month,Yes,Electronic check,99.85,302.10",
)
NAMES = HEADER.split(",")
ROWS = [cells.split(",") for cells in CELLS]


class Shape(NamedTuple):
    """A file; `rows` is None where it is refused; `words` stand in its notes or in what is wrong with it."""

    name: str
    data: bytes
    rows: int | None = 2
    words: str = ""
    ignored: tuple[str, ...] = ()


def table(rows: list[list[str]], delimiter: str = ",", line_end: str = "\n", *, quoted: bool = False) -> str:
    """Rows as text."""
    buffer = io.StringIO(newline="")
    quoting = csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL
    csv.writer(buffer, delimiter=delimiter, lineterminator=line_end, quoting=quoting).writerows(rows)
    return buffer.getvalue()


def commas(rows: list[list[str]]) -> list[list[str]]:
    return [[*row[:-2], *(cell.replace(".", ",") for cell in row[-2:])] for row in rows]


ALL = [NAMES, *ROWS]
PLAIN = table(ALL)
GERMAN = table([NAMES, *commas(ROWS)], ";", "\r\n")
WRAPPED = "".join(f'"{line.replace(chr(34), chr(34) * 2)}"\r\n' for line in table(ALL).splitlines())
EXTRA = [[*row, extra] for row, extra in zip(ALL, ("Region", "x", "y"), strict=True)]
GHOST_COLUMNS = [[*row, "", ""] for row in ALL]
GHOST_ROWS = PLAIN + 3 * ("," * (len(NAMES) - 1) + "\n")
INDEX = [["", *NAMES], *([str(number), *row] for number, row in enumerate(ROWS))]
SNAKE = [["customer_id", "Gender", " senior citizen ", *NAMES[3:5], "TENURE", *NAMES[6:]], *ROWS]


def parquet() -> bytes:
    buffer = io.BytesIO()
    pl.DataFrame({name: [row[place] for row in ROWS] for place, name in enumerate(NAMES)}).write_parquet(buffer)
    return buffer.getvalue()


FILES = [
    Shape("plain", PLAIN.encode()),
    Shape("byte order mark", PLAIN.encode("utf-8-sig"), words="byte order mark"),
    Shape("CRLF", table(ALL, ",", "\r\n").encode()),
    Shape("CR alone", table(ALL, ",", "\r").encode()),
    Shape("no line end at the end", PLAIN.rstrip().encode()),
    Shape("blank lines first", b"\n  \r\n,,,\n" + PLAIN.encode()),
    Shape("UTF-16 with tabs", table(ALL, "\t", "\r\n").encode("utf-16"), words="UTF-16"),
    Shape("UTF-16, big end first", b"\xfe\xff" + PLAIN.encode("utf-16-be"), words="UTF-16"),
    Shape("UTF-16 without a mark", PLAIN.encode("utf-16-le"), words="UTF-16"),
    Shape("UTF-32", PLAIN.encode("utf-32"), words="UTF-32"),
    Shape("semicolons, decimal commas", GERMAN.encode(), words="Decimal commas were read as decimal points."),
    Shape("semicolons, decimal points", table(ALL, ";").encode(), words="separated by semicolons"),
    Shape("tabs", table(ALL, "\t").encode(), words="separated by tabs"),
    Shape("bars", table(ALL, "|").encode(), words="separated by vertical bars"),
    Shape("sep=;", b"sep=;\r\n" + GERMAN.encode(), words="sep= line"),
    Shape("sep=, behind a mark", b"\xef\xbb\xbfsep=,\r\n" + PLAIN.encode(), words="sep= line"),
    Shape("sep= in quotes", b'"sep=,"\n' + PLAIN.encode(), words="sep= line"),
    Shape("every cell in quotes", table(ALL, quoted=True).encode()),
    Shape("every line in quotes", WRAPPED.encode(), words="in quotes as a whole"),
    Shape("ghost columns", table(GHOST_COLUMNS).encode()),
    Shape("ghost rows", GHOST_ROWS.encode()),
    Shape("an index without a name", table(INDEX).encode(), words="without a name"),
    Shape("Unnamed: 0", table(INDEX).replace(",", "Unnamed: 0,", 1).encode(), ignored=("Unnamed: 0",)),
    Shape("a column more", table(EXTRA).encode(), ignored=("Region",)),
    Shape("names in other dresses", table(SNAKE).encode(), words="TENURE as tenure"),
    Shape("optional columns absent", table([row[:3] + row[5:] for row in ALL]).encode(), words="Partner, Dependents"),
    Shape("a header alone", table([NAMES]).encode(), rows=0),
    Shape("gzip", gzip.compress(PLAIN.encode()), words="gzip"),
    Shape("gzip in two parts", gzip.compress(PLAIN[:99].encode()) + gzip.compress(PLAIN[99:].encode()), words="gzip"),
    Shape("a workbook", workbook({"Kunden": ALL}), words="Kunden"),
    Shape("a workbook of two sheets", workbook({"One": ALL, "Two": [["x"]]}), words="of 2"),
    Shape("a packed workbook", gzip.compress(workbook({"Kunden": ALL})), words="Kunden"),
    Shape("Parquet", parquet(), words="Parquet"),
    Shape("empty", b"", None, "empty"),
    Shape("only blanks", b"\xef\xbb\xbf \n,,\n", None, "empty"),
    Shape("a needed column absent", table([row[1:5] + row[6:] for row in ALL]).encode(), None, "the header"),
    Shape("a column twice", table([[*row, row[5]] for row in ALL]).encode(), None, "the header"),
    Shape("no header", table(ROWS).encode(), None, "no header"),
    Shape("cp1252", PLAIN.encode("cp1252"), None, "Line 3: this is not UTF-8 text"),
    Shape("cp1252, CR alone", table(ALL, ",", "\r").encode("cp1252"), None, "Line 3: this is not UTF-8 text"),
    Shape("an open quote", (PLAIN + '"x').encode(), None, "Line 4: a quote is opened"),
    Shape("an open quote behind semicolons", (GERMAN + 'a;"x').encode(), None, "Line 4: a quote is opened"),
    Shape("half a gzip", gzip.compress(PLAIN.encode())[:-9], None, "gzip file ends too early"),
    Shape("half a workbook", workbook({"Kunden": ALL})[:-50], None, "damaged"),
    Shape("PDF", b"%PDF-1.7\n", None, "PDF"),
    Shape("an old workbook", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", None, ".xls"),
]
