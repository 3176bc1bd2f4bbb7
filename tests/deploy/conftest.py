"""What the tests of the deployment share: the templates, read as CloudFormation reads them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms in their long ones."""


def _long(loader: yaml.Loader, tag: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if tag == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {tag if tag in {"Ref", "Condition"} else f"Fn::{tag}": value}


_Loader.add_multi_constructor("!", _long)


@pytest.fixture(scope="session")
def aws(root: Path) -> Path:
    return root / "deploy" / "aws"


@pytest.fixture(scope="session")
def read_template(aws: Path) -> Callable[[str], dict[str, Any]]:
    """A template of deploy/aws by its name."""

    def read(name: str) -> dict[str, Any]:
        return yaml.load((aws / f"{name}.yaml").read_text(), _Loader)  # noqa: S506 - a safe loader with more tags

    return read
