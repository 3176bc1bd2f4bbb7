"""Settings stand in one place; every document and compose file follows it."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from churn.settings import Settings, describe
from churn_api.settings import ApiSettings
from churn_api.streaming.settings import StreamSettings
from churn_trainer.settings import TrainerSettings
from scripts import document_settings

# Folders of this machine, which a container on a read-only root has no use for.
FOLDERS = {"CHURN_LOG_DIR", "CHURN_SITE_DIR"}


@pytest.fixture(scope="module")
def compose(root: Path) -> dict[str, Any]:
    return yaml.safe_load((root / "compose.yaml").read_text())["services"]


def names(settings: type[Settings]) -> set[str]:
    return {setting.name for setting in describe(settings)}


def test_the_example_file_is_what_the_declarations_say(root):
    assert (root / ".env.example").read_text() == document_settings.example(), "run `make docs`"


def test_the_readmes_table_is_what_the_declarations_say(root):
    text = (root / "README.md").read_text()
    assert text == document_settings.readme(text), "run `make docs`"


@pytest.mark.parametrize("settings", [ApiSettings, StreamSettings, TrainerSettings])
def test_every_setting_says_what_it_is_for(settings):
    assert [setting.name for setting in describe(settings) if not setting.description.endswith(".")] == []


@pytest.mark.parametrize("service", ["api", "worker"])
def test_compose_hands_every_setting_to_api_and_worker(compose, service):
    handed = {name for name in compose[service]["environment"] if name.startswith("CHURN_")}
    assert handed == names(ApiSettings) - FOLDERS


def test_compose_hands_every_setting_to_the_stream(compose):
    handed = {name for name in compose["stream"]["environment"] if name.startswith("CHURN_")}
    assert handed == names(StreamSettings) - FOLDERS


def test_compose_hands_every_setting_to_the_trainer(compose):
    handed = {name for name in compose["trainer"]["environment"] if name.startswith("CHURN_")}
    assert handed == names(TrainerSettings) - FOLDERS


def test_compose_hands_the_site_what_its_templates_and_scripts_read(root, compose):
    folder = root / "services" / "web"
    files = [*(folder / "nginx").rglob("*.template"), *folder.glob("*.sh")]
    read = {name for path in files for name in re.findall(r"\$\{(CHURN_\w+)", path.read_text())}
    assert set(compose["web"]["environment"]) == read


@pytest.mark.parametrize("file", ["compose.yaml", "compose.local.yaml"])
def test_every_variable_of_the_compose_files_is_documented(root, file):
    documented = set(re.findall(r"^#(\w+)=", (root / ".env.example").read_text(), re.MULTILINE))
    assert set(re.findall(r"\$\{(\w+)", (root / file).read_text())) - {"COMPOSE_PROJECT_NAME"} <= documented


@pytest.mark.parametrize(
    ("variable", "default"), [("CHURN_MAX_UPLOAD_MB", ApiSettings), ("CHURN_DATA_DIR", TrainerSettings)]
)
def test_a_default_that_compose_repeats_is_the_declared_one(root, variable, default):
    declared = {setting.name: setting.default for setting in describe(default)}[variable]
    repeated = re.findall(rf"\$\{{{variable}:-([^}}]*)\}}", (root / "compose.yaml").read_text())
    assert {Path(value) for value in repeated} == {Path(str(declared))}


@pytest.mark.parametrize("folder", ["shared", "services", "scripts", "Makefile", "README.md", ".ci"])
def test_no_unknown_setting_is_spoken_of(root, folder):
    documented = set(re.findall(r"^#(CHURN_\w+)=", (root / ".env.example").read_text(), re.MULTILINE))
    # Nobody sets these: where nginx finds the API, and the key in a command that the site offers to copy.
    documented |= {"CHURN_API_ADDRESS", "CHURN_API_KEY"}
    top = root / folder
    files = [path for path in top.rglob("*") if path.is_file() and path.suffix != ".pyc"] if top.is_dir() else [top]
    spoken = {
        name for path in files for name in re.findall(r"\bCHURN_[A-Z][A-Z_]*[A-Z]\b", path.read_text(errors="replace"))
    }
    assert spoken <= documented
