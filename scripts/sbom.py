"""Write a software bill of materials (CycloneDX 1.6, JSON) of every image of the stack. `make sbom` calls this.

It lists what is in the image, by its package database and its Python, not what the image was built from.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

FOLDER = Path("sbom")
DEBIAN = r"dpkg-query --show --showformat='${Package}\t${Version}\t${Architecture}\n'"
PYTHON = """
import importlib.metadata as metadata
for found in metadata.distributions():
    print(found.name, found.version, sep="\\t")
"""


def main() -> None:
    """Write a bill of each image that is named on the command line, or of every image of the stack."""
    FOLDER.mkdir(exist_ok=True)
    for image in sys.argv[1:] or images():
        path = FOLDER / f"{image.replace('/', '_').replace(':', '_')}.cdx.json"
        bom = materials(image)
        path.write_text(written(bom))
        print(f"{path}: {len(bom.components)} components")


def images() -> list[str]:
    """Every image that the compose files name."""
    return sorted(set(run("docker", "compose", "--profile", "*", "config", "--images").split()))


def materials(image: str) -> Bom:
    """The bill of an image. Raises CalledProcessError if there is no such image."""
    digest = run("docker", "image", "inspect", "--format", "{{.Id}}", image).strip()
    bom = Bom(components=[*debian(image), *python(image)])
    bom.metadata.component = Component(name=image, version=digest, type=ComponentType.CONTAINER)
    bom.register_dependency(bom.metadata.component, bom.components)
    return bom


def debian(image: str) -> Iterator[Component]:
    """The Debian packages in the image."""
    for line in inside(image, "sh", "-c", DEBIAN).splitlines():
        name, version, architecture = line.split("\t")
        qualifiers = {"arch": architecture}
        yield component(PackageURL("deb", "debian", name, version, qualifiers))


def python(image: str) -> Iterator[Component]:
    """The distributions on the path of the image's Python; none if it has no Python."""
    has_python = inside(image, "sh", "-c", "command -v python || true").strip()
    for line in inside(image, "python", "-c", PYTHON).splitlines() if has_python else []:
        name, version = line.split("\t")
        yield component(PackageURL("pypi", None, name, version))


def component(url: PackageURL) -> Component:
    """A library by its package URL, which is also its reference in the bill."""
    return Component(name=url.name, version=url.version, type=ComponentType.LIBRARY, purl=url, bom_ref=str(url))


def written(bom: Bom) -> str:
    """The bill as JSON. Raises ValueError if it does not match CycloneDX's schema."""
    text = JsonV1Dot6(bom).output_as_string(indent=2)
    fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if fault:
        raise ValueError(f"The bill of materials breaks CycloneDX 1.6: {fault}")
    return text


def inside(image: str, *command: str) -> str:
    """The output of a command in a new container of the image, without a network."""
    return run("docker", "run", "--rm", "--network", "none", "--entrypoint", command[0], image, *command[1:])


def run(*command: str) -> str:
    """The output of a command. Raises CalledProcessError if it fails."""
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    main()
