"""Excel workbooks, written by hand: of any size, and as no program would write them."""

import io
import zipfile
from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_DOCUMENT = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def workbook(sheets: dict[str, Sequence[Sequence[str]]], *, hidden: Iterable[str] = ()) -> bytes:
    """Sheets by name, of cells as they are typed: what is a number is stored as one."""
    return archive(
        {name: sheet("".join(map(_row, range(1, len(rows) + 1), rows))) for name, rows in sheets.items()}, hidden=hidden
    )


def archive(sheets: dict[str, str], *, hidden: Iterable[str] = (), relations: str = "", **parts: str) -> bytes:
    """A workbook of sheets that are XML already, and of further parts under `xl/` with their relations."""
    listed = "".join(
        f'<sheet name="{escape(name)}" sheetId="{number}" state="{_state(name in hidden)}" r:id="r{number}"/>'
        for number, name in enumerate(sheets, 1)
    )
    targets = "".join(
        f'<Relationship Id="r{number}" Type="{_DOCUMENT}/worksheet" Target="worksheets/sheet{number}.xml"/>'
        for number in range(1, len(sheets) + 1)
    )
    root = f'<Relationship Id="r1" Type="{_DOCUMENT}/officeDocument" Target="xl/workbook.xml"/>'
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("[Content_Types].xml", "<Types/>")
        packed.writestr("_rels/.rels", f'<Relationships xmlns="{_RELATIONS}">{root}</Relationships>')
        packed.writestr(
            "xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{_RELATIONS}">{targets}{relations}</Relationships>'
        )
        packed.writestr(
            "xl/workbook.xml", f'<workbook xmlns="{_MAIN}" xmlns:r="{_DOCUMENT}"><sheets>{listed}</sheets></workbook>'
        )
        for number, content in enumerate(sheets.values(), 1):
            packed.writestr(f"xl/worksheets/sheet{number}.xml", content)
        for name, content in parts.items():
            packed.writestr(f"xl/{name}.xml", content)
    return buffer.getvalue()


def _state(is_hidden: bool) -> str:
    return "hidden" if is_hidden else "visible"


def sheet(rows: str) -> str:
    return f'<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData></worksheet>'


def _row(number: int, cells: Sequence[str]) -> str:
    written = "".join(_cell(f"{_letters(place)}{number}", text) for place, text in enumerate(cells) if text)
    return f'<row r="{number}">{written}</row>'


def _cell(name: str, text: str) -> str:
    if text.replace(".", "", 1).isdecimal():
        return f'<c r="{name}"><v>{text}</v></c>'
    return f'<c r="{name}" t="inlineStr"><is><t>{escape(text)}</t></is></c>'


def _letters(place: int) -> str:
    return chr(ord("A") + place) if place < 26 else _letters(place // 26 - 1) + _letters(place % 26)
