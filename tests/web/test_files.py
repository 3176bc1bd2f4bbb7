"""The site's files as files: small, of one origin, without anything inline, each one used."""

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.telco import FIELDS, GROUPS, TELCO

# What a first visitor's browser fetches before the form stands, and what it fetches right after that.
FIRST_VIEW = ("app.js", "customer/page.js")
ANSWER = "customer/answer.js"
BUDGET = 60 * 1024


@pytest.fixture(scope="module")
def assets(public: Path) -> Path:
    return public / "assets"


@pytest.fixture(scope="module")
def index(public: Path) -> str:
    return (public / "index.html").read_text()


def imports(module: Path) -> Iterator[Path]:
    """What a module imports from the start; `import()` comes later."""
    for name in re.findall(
        r"""^(?:import|export)\b[^'"]*?from '([^']+)'|^import '([^']+)'""", module.read_text(), re.M
    ):
        yield (module.parent / (name[0] or name[1])).resolve()


def closure(*modules: Path) -> set[Path]:
    found: set[Path] = set()
    waiting = [module.resolve() for module in modules]
    while waiting:
        module = waiting.pop()
        if module not in found:
            found.add(module)
            waiting.extend(imports(module))
    return found


def test_script_and_style_of_the_first_view_are_small(public, assets, index):
    styles = [public / path.lstrip("/") for path in re.findall(r'rel="stylesheet" href="([^"]+)"', index)]
    scripts = closure(*(assets / name for name in (*FIRST_VIEW, ANSWER)))
    size = sum(len(gzip.compress(path.read_bytes(), 5)) for path in [*styles, *scripts])
    assert 10 * 1024 < size <= BUDGET


def test_the_first_views_modules_are_asked_for_at_once(public, assets, index):
    preloaded = {
        (public / path.lstrip("/")).resolve() for path in re.findall(r'rel="modulepreload" href="([^"]+)"', index)
    }
    assert preloaded == closure(*(assets / name for name in FIRST_VIEW)) - {(assets / "app.js").resolve()}


def test_every_module_and_style_is_used(assets):
    pages = ("customer", "batch", "model", "quality", "about")
    lazy = (ANSWER, "batch/results-worker.js")
    entries = [assets / "app.js", *(assets / name for name in lazy), *(assets / page / "page.js" for page in pages)]
    assert set(assets.rglob("*.js")) == closure(*entries)


def test_every_name_that_is_imported_is_used(assets):
    texts = {path: path.read_text() for path in assets.rglob("*.js")}
    imported = [
        (path, name.split()[-1])
        for path, text in texts.items()
        for names in re.findall(r"^import \{([^}]+)\} from", text, re.M)
        for name in names.split(",")
        if name.strip()
    ]
    assert imported
    assert [(path.name, name) for path, name in imported if len(re.findall(rf"\b{name}\b", texts[path])) < 2] == []


def test_no_module_is_longer_than_a_reader_likes(assets):
    assert [
        path.name for path in assets.rglob("*.*") if path.suffix == ".js" and path.read_text().count("\n") > 300
    ] == []


def test_every_icon_that_is_drawn_is_on_the_sheet(assets):
    drawn = {name for path in assets.rglob("*.js") for name in re.findall(r"\bicon\('(\w+)'\)", path.read_text())}
    sheet = set(re.findall(r'<symbol id="(\w+)"', (assets / "icons" / "sheet.svg").read_text()))
    assert drawn <= sheet
    assert sheet - drawn <= {"brand", "leave", "stay"}


def test_every_file_that_is_named_is_there(public):
    texts = [path for path in public.rglob("*") if path.suffix in {".html", ".js", ".css"}]
    named = {name for path in texts for name in re.findall(r"/assets/[\w./-]+\.\w+", path.read_text())}
    assert named
    assert [name for name in named if not (public / name.lstrip("/")).is_file()] == []


@pytest.mark.parametrize(
    "pattern",
    [
        r"https?://(?!www\.w3\.org/2000/svg)",
        r"\bstyle=",
        r"<style|<script(?! type=\"module\" src=)",
        r"\son\w+=\"",
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function",
        r"javascript:",
        r"localStorage|document\.cookie",
    ],
)
def test_nothing_in_the_site_would_need_a_laxer_policy(public, pattern):
    texts = [path for path in public.rglob("*") if path.suffix in {".html", ".js", ".css", ".svg"}]
    assert [path.name for path in texts if re.search(pattern, path.read_text())] == []


def test_no_script_knows_the_shipped_table(assets):
    """What a customer is comes from /schema: a name that a script knew would be wrong for another table."""
    names = (
        rf"\b({'|'.join(map(re.escape, [*FIELDS, *GROUPS, TELCO.name, 'nineteen']))})\b|{re.escape(TELCO.currency)}'"
    )
    found = {
        f"{path.relative_to(assets)}: {match[0]}"
        for path in assets.rglob("*.js")
        for match in re.finditer(names, path.read_text())
    }
    assert found == set()
