"""A new version is put into service as the documents say, while somebody asks all the time."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from threading import Event, Thread

import pytest
import requests
from tests.stack.test_newcomer import SEVEN_FIELDS

EVERY_SECONDS = 0.25


@pytest.fixture(scope="module")
def checkout(new_stack, root, data_folder, quick, tmp_path_factory):
    """A stack that runs from a folder of its own, where a new version can be written."""
    folder = tmp_path_factory.mktemp("checkout") / "churn"
    unwanted = shutil.ignore_patterns(".git", ".venv", ".run", "__pycache__", ".*_cache", ".hypothesis", "results")
    shutil.copytree(root, folder, ignore=unwanted)
    with new_stack("upgrade", CHURN_DATA_DIR=str(data_folder), **quick) as made:
        stack = replace(made, folder=folder)
        stack.compose("up", "--build", "--quiet-pull", "--detach", "--wait")
        yield stack


@contextmanager
def asking(site: str) -> Iterator[list[str]]:
    """Predictions all the time; what went wrong with any of them."""
    faults: list[str] = []
    stop = Event()

    def ask() -> None:
        while not stop.is_set():
            began = time.monotonic()
            try:
                answer = requests.post(f"{site}/predict", json=SEVEN_FIELDS, timeout=10)
                if answer.status_code != 200:
                    faults.append(answer.text)
            except requests.RequestException as fault:
                faults.append(repr(fault))
            stop.wait(max(0.0, EVERY_SECONDS - (time.monotonic() - began)))

    thread = Thread(target=ask)
    thread.start()
    try:
        yield faults
    finally:
        stop.set()
        thread.join()


def change(stack, *files: str, line: str = "# Another version.\n") -> None:
    for name in files:
        path = stack.folder / "services" / name
        path.write_text(path.read_text() + line)


def images(stack) -> dict[str, str]:
    return {name: container["Image"] for name, container in stack.containers().items()}


def test_no_prediction_fails_while_a_new_version_is_put_into_service(checkout):
    before, version = images(checkout), requests.get(f"{checkout.site}/model_info", timeout=10).json()["version"]
    change(checkout, "api/churn_api/__init__.py", "trainer/churn_trainer/__init__.py")
    with asking(checkout.site) as faults:
        checkout.make("upgrade")
        time.sleep(2)
    assert faults == []
    after = images(checkout)
    assert {name for name in after if after[name] != before[name]} == {"api", "worker", "trainer"}
    assert requests.get(f"{checkout.site}/model_info", timeout=10).json()["version"] > version


@pytest.mark.slow
def test_a_version_that_does_not_start_leaves_the_one_before_in_service(checkout):
    before, path = images(checkout), checkout.folder / "services" / "api" / "churn_api" / "app.py"
    whole = path.read_text()
    change(checkout, "api/churn_api/app.py", line='raise RuntimeError("this version is broken")\n')
    with asking(checkout.site) as faults:
        done = checkout.run("make", "upgrade", check=False)
    path.write_text(whole)
    assert done.returncode != 0
    assert "this version is broken" in done.stdout
    assert "The new version does not start: see above. The version before goes on serving." in done.stdout
    assert faults == []
    assert images(checkout) == before
