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
    pages = re.findall(r"import\('\./(\w+)/page\.js'\)", (assets / "app.js").read_text())
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


def test_every_name_that_is_exported_is_used_elsewhere(assets):
    texts = {path: path.read_text() for path in [*assets.rglob("*.js"), *Path(__file__).parent.glob("*.py")]}
    exported = [
        (path, name)
        for path, text in texts.items()
        if path.suffix == ".js"
        for name in re.findall(r"^export (?:async )?(?:function|class|const) (\w+)", text, re.M)
    ]
    assert exported
    others = {path: "\n".join(text for other, text in texts.items() if other != path) for path, _ in exported}
    assert [(path.name, name) for path, name in exported if not re.search(rf"\b{name}\b", others[path])] == []


def classes_of(script: str) -> Iterator[str]:
    """What can be a class in a script: the parts of a selector that is drawn (`p.note`, `.calm`, `rect.bar.${tone}`),
    and texts of one word, such as a tone. Sentences and comments name none, nor does what is only looked for."""
    passed_over = r"/\*.*?\*/|^\s*//.*?$|\b(?:querySelector(?:All)?|closest|matches)\([^()]*\)"
    code = re.sub(passed_over, "", script, flags=re.DOTALL | re.MULTILINE)
    for tag, classes in re.findall(r"['`]([a-z][\w-]*)?((?:\.[a-z][\w-]*)*)(?=\.?\$\{|['`])", code):
        yield from classes.split(".")[1:] or [tag]


def test_every_class_that_a_sheet_names_is_drawn(assets, index):
    drawn = {name for names in re.findall(r'class="([^"]+)"', index) for name in names.split()}
    drawn.update(name for path in assets.rglob("*.js") for name in classes_of(path.read_text()))
    sheets = "\n".join(path.read_text() for path in (assets / "styles").glob("*.css"))
    named = set(re.findall(r"\.([a-z][\w-]*)(?=[^;{}]*\{)", re.sub(r"/\*.*?\*/", "", sheets, flags=re.DOTALL)))
    assert len(named) > 100
    assert sorted(named - drawn) == []


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


def test_a_class_is_one_pages_own(assets, index):
    """The sheets of pages that were visited stay: two that mean something else by a class spoil each other's pages."""
    sheets: dict[str, set[str]] = {}
    for path in (assets / "styles").glob("*.css"):
        if path.name not in index:
            rules = re.sub(r"/\*.*?\*/|\([^)]*\)", "", path.read_text(), flags=re.DOTALL)
            for name in re.findall(r"[{};,]\s*(\.[\w-]+)\s*(?=[{,])", "}" + rules):
                sheets.setdefault(name, set()).add(path.name)
    assert len(sheets) > 30
    assert {name: sorted(found) for name, found in sheets.items() if len(found) > 1} == {}
