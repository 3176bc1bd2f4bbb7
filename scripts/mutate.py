"""Change a line of the product at random, run the tests that know it, and see whether one of them fails.

    make mutate COUNT=100 SEED=1 UNDER="shared/churn services/api"

A mutant that survives shows code that no test checks. The working tree is not touched: mutants are made in a copy of
the files that git tracks. Tests are chosen by their mirrored file, and by a recording of which tests ran which line
(`RECORD=1` records again). Mutants that cannot change the program's behaviour are listed with the reason in
tests/equivalent_mutants.txt and left out.
"""

import argparse
import os
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import accumulate
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple
from xml.etree import ElementTree  # nosec B405  # reads what pytest wrote here

from scripts.mutations import Mutant, mutants_of

ROOT = Path(__file__).resolve().parents[1]
EQUIVALENT = ROOT / "tests" / "equivalent_mutants.txt"
UNDER = ("shared/churn", "services/api/churn_api", "services/web/nginx", "services/web/public/assets")
# Which tests ran which line, from the last time that this was recorded.
RECORD = ROOT / ".run" / "mutate.coverage"
# How long each of them took then.
DURATIONS = RECORD.with_suffix(".xml")
RECORDED = ("tests/shared", "tests/api")

# Seconds that a mutant's tests may take. A mutant that makes them hang counts as killed.
PATIENCE = 300.0
HANGS = "hangs"
# Seconds that the tests of a line may take together, as recorded; for some lines they would be the whole suite.
BUDGET = 40.0

# The tests of files that have no mirrored file under tests/.
MIRRORS = {
    "services/web/nginx": ("test_nginx", "test_at_a_time", "test_trusted_proxies", "test_too_large"),
    "services/web/public/assets/batch": ("test_batch", "test_columns", "test_csv"),
    "services/web/public/assets/charts": ("test_charts",),
    "services/web/public/assets/customer": ("test_customer",),
    "services/web/public/assets/model": ("test_model",),
    "services/web/public/assets": ("test_shell", "test_customer", "test_batch"),
}


class Verdict(NamedTuple):
    """Whether a test failed because of a mutant, and the seconds that its tests took."""

    mutant: Mutant
    killed: bool
    seconds: float


def main() -> int:
    """Draw mutants, try them, and print what became of each; returns 0 whatever survives."""
    options = arguments()
    if options.record or not RECORD.exists():
        record()
    known = equivalent()
    drawn = draw(options.under, options.count, options.seed, known)
    verdicts = [verdict for verdict in judge(drawn, options.at_once) if _show(verdict)]
    killed = sum(verdict.killed for verdict in verdicts)
    print(f"seed {options.seed}: killed {killed} of {len(verdicts)}, {100 * killed / max(1, len(verdicts)):.0f} %")
    return 0


def arguments() -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("under", nargs="*", default=UNDER, help="folders or files to change lines of")
    parser.add_argument("--count", type=int, default=100, help="how many mutants")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--at-once", type=int, default=1, help="mutants at a time")
    parser.add_argument("--record", action="store_true", help="record anew which tests run which line")
    return parser.parse_args()


def record() -> None:
    """Run the tests once with coverage, and keep which test ran which line in RECORD."""
    RECORD.parent.mkdir(exist_ok=True)
    print(f"recording which tests run which line, into {RECORD.relative_to(ROOT)} (once) ...", flush=True)
    command = [sys.executable, "-m", "pytest", "-q", "-m", "not stack and not slow", "--cov=churn", "--cov=churn_api"]
    command += ["--cov-context=test", "--cov-report=", f"--junitxml={DURATIONS}", *RECORDED]
    subprocess.run(command, cwd=ROOT, env=os.environ | {"COVERAGE_FILE": str(RECORD)}, check=False)


def equivalent() -> set[str]:
    """The names of the mutants that cannot change the program's behaviour."""
    lines = EQUIVALENT.read_text().splitlines() if EQUIVALENT.exists() else []
    return {line.partition("  # ")[0].strip() for line in lines if line and not line.startswith("#")}


def draw(under: list[str], count: int, seed: int, known: set[str]) -> list[Mutant]:
    """A random sample of mutants without repeats, the same for the same seed and code; `known` ones are left out."""
    files = sorted(path for name in under for path in tracked(name))
    found = [mutant for path in files for mutant in mutants_of(ROOT, path)]
    fresh = [mutant for mutant in found if mutant.name not in known]
    return random.Random(seed).sample(fresh, min(count, len(fresh)))  # noqa: S311  # no secret


def tracked(name: str) -> Iterator[str]:
    """The paths below a folder, or of a file, that git tracks and that exist."""
    command = ["git", "ls-files", "--", name]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return (line for line in listed.stdout.splitlines() if (ROOT / line).is_file())


def judge(mutants: list[Mutant], at_once: int) -> Iterator[Verdict]:
    """Try each mutant in one of `at_once` copies of the tree, in the order of the mutants."""
    with tempfile.TemporaryDirectory(prefix="mutate-") as folder:
        copies: SimpleQueue[Path] = SimpleQueue()
        for number in range(at_once):
            copies.put(copied(Path(folder) / str(number)))

        def try_one(mutant: Mutant) -> Verdict:
            copy = copies.get()
            try:
                return verdict(copy, mutant)
            finally:
                copies.put(copy)

        with ThreadPoolExecutor(at_once) as pool:
            yield from pool.map(try_one, mutants)


def copied(target: Path) -> Path:
    """Copy the files that git tracks, as they are in the working tree, to `target`; returns it."""
    for line in tracked("."):
        (target / line).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / line, target / line)
    return target


def verdict(copy: Path, mutant: Mutant) -> Verdict:
    """Run the mutant's tests in the copy, which is the same afterwards as before."""
    start = time.monotonic()
    killed = any(kills(copy, mutant, tests) for tests in tests_of(mutant) if tests)
    return Verdict(mutant, killed, time.monotonic() - start)


def kills(copy: Path, mutant: Mutant, tests: list[str]) -> bool:
    """Whether one of the tests fails or hangs because of the mutant, and does not fail without it."""
    path = copy / mutant.path
    whole = path.read_bytes()
    path.write_text(mutant.text)
    try:
        failed = first_failure(copy, tests)
    finally:
        path.write_bytes(whole)
    return failed is not None and (failed == HANGS or first_failure(copy, [failed]) is None)


def first_failure(copy: Path, tests: list[str]) -> str | None:
    """The first test, or file of tests, that fails; HANGS on a timeout; None if all pass or there are none."""
    places = [str(copy / part) for part in ("shared", "services/api", "services/trainer")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(places), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-m", "not stack", "-p", "no:cacheprovider", *tests]
    with subprocess.Popen(
        command, cwd=copy, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as run:
        try:
            output, _ = run.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            run.terminate()
            return HANGS
    if run.returncode in (0, 5):  # 5: there was no test to run
        return None
    named = re.search(r"^(?:FAILED|ERROR) ([^\s\[]+)", output, re.MULTILINE)
    # The name without parameters, which may contain blanks.
    return named[1] if named else tests[0]


def tests_of(mutant: Mutant) -> Iterator[list[str]]:
    """The mirrored test files first, then the tests that ran the line."""
    yield mirrored(mutant.path)
    yield recorded(mutant)


def mirrored(path: str) -> list[str]:
    """The test files that belong to a file of the product, by their place in the tree or by MIRRORS."""
    folder = next((name for name in MIRRORS if path.startswith(name)), None)
    if folder is not None:
        return [name for stem in MIRRORS[folder] if (ROOT / (name := f"tests/web/{stem}.py")).exists()]
    package = {"shared/churn/": "tests/shared/", "services/api/churn_api/": "tests/api/"}
    for start, tests in (package | {"services/trainer/churn_trainer/": "tests/trainer/"}).items():
        if path.startswith(start):
            own = Path(tests + path.removeprefix(start))
            name = str(own.with_name(f"test_{own.name}"))
            return [name] if (ROOT / name).exists() else []
    return []


def recorded(mutant: Mutant) -> list[str]:
    """The tests that ran the line, the quickest first: as many as BUDGET allows, but at least one."""
    if not RECORD.exists():
        return []
    with sqlite3.connect(RECORD) as database:
        rows = database.execute(
            "SELECT context.context, line_bits.numbits FROM line_bits JOIN context ON context.id = context_id "
            "JOIN file ON file.id = file_id WHERE file.path = ?",
            (str(ROOT / mutant.path),),
        ).fetchall()
    ran = {re.split(r"[\[|]", context)[0] for context, bits in rows if context and has_line(bits, mutant.line)}
    took = durations()
    ordered = sorted(ran, key=lambda name: (took[name], name))
    return ordered[: 1 + sum(total <= BUDGET for total in accumulate(took[name] for name in ordered[1:]))]


@cache
def durations() -> defaultdict[str, float]:
    """The seconds that each test took, with all its parameters, by its name on pytest's command line."""
    took: defaultdict[str, float] = defaultdict(float)
    for case in ElementTree.parse(DURATIONS).iter("testcase"):  # noqa: S314  # nosec B314  # our own file
        name = case.attrib["name"].partition("[")[0]
        took[f"{case.attrib['classname'].replace('.', '/')}.py::{name}"] += float(case.attrib["time"])
    return took


def has_line(bits: bytes, line: int) -> bool:
    """Whether a set of lines has this line; coverage stores the set with a bit for each line."""
    place, bit = divmod(line, 8)
    return place < len(bits) and bool(bits[place] >> bit & 1)


def _show(verdict: Verdict) -> bool:
    word = "killed  " if verdict.killed else "SURVIVED"
    print(f"{word} {verdict.seconds:5.1f} s  {verdict.mutant.path}:{verdict.mutant.line}  {verdict.mutant.change}")
    sys.stdout.flush()
    return True


if __name__ == "__main__":
    sys.exit(main())
