"""Bills of materials, of a document without a container and of a real image."""

import json
import shutil
import subprocess

import pytest
from cyclonedx.model.bom import Bom
from packageurl import PackageURL

from scripts import sbom


@pytest.fixture
def image() -> str:
    """An image that is on this machine anyway."""
    name = "python:3.13-slim-trixie"
    if (
        not shutil.which("docker")
        or subprocess.run(["docker", "image", "inspect", name], capture_output=True).returncode
    ):
        pytest.skip(f"the image is not on this machine (docker pull {name})")
    return name


def test_a_document_holds_to_its_schema():
    bom = Bom(components=[sbom.component(PackageURL("pypi", None, "flask", "3.1.3"))])
    document = json.loads(sbom.written(bom))
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    assert [part["purl"] for part in document["components"]] == ["pkg:pypi/flask@3.1.3"]


def test_an_images_bill_lists_what_debian_and_python_have_installed(image):
    bom = sbom.materials(image)
    kinds = {component.purl.type for component in bom.components if component.purl}
    assert kinds == {"deb", "pypi"}
    assert {"libc6", "openssl"} <= {component.name for component in bom.components}
    assert bom.metadata.component is not None
    assert bom.metadata.component.version.startswith("sha256:")
