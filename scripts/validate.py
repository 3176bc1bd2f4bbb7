"""Try the published numbers and the gates by simulation, and write what came out to docs/model-quality.md.

    make validate                     every module of scripts/validation/, and the document
    make validate ONLY="split choice" these modules alone, and no document

A module tries one part of the product on the real table: its `results(table)` yields what is measured, what was seen,
what is wanted, and whether that holds. The program takes some minutes, and fails if a result does not hold.
"""

import argparse
import importlib
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
MODULES = ROOT / "scripts" / "validation"
DOCUMENT = ROOT / "docs" / "model-quality.md"
TABLE = "telco_customer_churn.csv"

_HEAD = """# What the numbers are worth

`make validate` wrote this page. It tries on the real table whether what the product publishes is true and whether the
gates of a release can fail, by simulations whose answers are known or can be counted. What is wanted stands beside what
was seen.
"""


class Result(NamedTuple):
    """A row of the document: what is measured, what was seen, what is wanted, and whether the latter holds."""

    what: str
    seen: str
    wanted: str
    holds: bool


class Section(NamedTuple):
    """A module's name, the first line of its docstring, and its results."""

    name: str
    title: str
    results: list[Result]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the modules and write the document; returns 1 if a result does not hold, 2 without the table."""
    options = _parser().parse_args(arguments)
    table = options.data / TABLE
    if not table.is_file():
        print(f"There is no {table}: set CHURN_DATA_DIR to the folder of the real table.")
        return 2
    names = options.only or module_names(MODULES)
    sections = [section_of(name, table) for name in names]
    if not options.only:
        DOCUMENT.write_text(document(sections))
        print(f"Written: {DOCUMENT.relative_to(ROOT)}.")
    failed = [result.what for section in sections for result in section.results if not result.holds]
    print(f"{len(failed)} of {sum(len(section.results) for section in sections)} do not hold.")
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT / "data", help=f"the folder of {TABLE}")
    parser.add_argument("only", nargs="*", help="modules of scripts/validation/, for these alone and no document")
    return parser


def module_names(folder: Path) -> list[str]:
    """The names of the validation modules in a folder, in order."""
    return sorted(path.stem for path in folder.glob("*.py") if not path.stem.startswith("_"))


def section_of(name: str, table: Path) -> Section:
    """Import a module and collect its results, printing each as it comes."""
    module = importlib.import_module(f"scripts.validation.{name}")
    title = (module.__doc__ or name).strip().splitlines()[0]
    print(f"{name}: {title}", flush=True)
    results = []
    for result in _tried(module, table):
        results.append(result)
        word = "holds" if result.holds else "DOES NOT HOLD"
        print(f"  {word}: {result.what}: {result.seen} (wanted: {result.wanted})", flush=True)
    return Section(name, title, results)


def _tried(module: ModuleType, table: Path) -> Iterator[Result]:
    """The module's results; an exception becomes a failed result, so that the other modules still run."""
    try:
        found: Iterable[tuple[str, str, str, bool]] = module.results(table)
        for what, seen, wanted, holds in found:
            yield Result(what, seen, wanted, bool(holds))
    except Exception as error:  # a simulation can fail in any way, and the reason is its result
        yield Result("the simulation comes to its end", f"{type(error).__name__}: {error}", "no error", holds=False)


def document(sections: Sequence[Section]) -> str:
    """The page in Markdown. It has no dates or times, so the same results give the same page."""
    return "\n".join([_HEAD, *(line for section in sections for line in _lines(section))])


def _lines(section: Section) -> Iterator[str]:
    yield f"## {section.title.removesuffix('.')}\n"
    yield f"`make validate ONLY={section.name}`\n"
    yield "| what | seen | wanted | holds |"
    yield "|---|---|---|---|"
    for result in section.results:
        cells = (result.what, result.seen, result.wanted, "yes" if result.holds else "**no**")
        yield "| " + " | ".join(map(_cell, cells)) + " |"
    yield ""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main())
