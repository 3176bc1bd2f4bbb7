"""The page on declarations names every key, and its example is one."""

import re
from pathlib import Path

from churn.customer import sections
from churn.schema import load_schema

PAGE = (Path(__file__).parents[2] / "docs" / "declaration.md").read_text(encoding="utf-8")
TABLES = [
    re.findall(r"`(\w+)`", " ".join(re.findall(r"^\| (`.*?) \|", part, re.MULTILINE)))
    for part in PAGE.split("| key |")[1:]
]


def test_every_key_is_explained_once() -> None:
    table, field, category, number = TABLES
    assert sorted(table) == sorted(sections.TABLE)
    assert sorted([*field, *category]) == sorted(sections.CATEGORY)
    assert sorted([*field, *number]) == sorted(sections.NUMBER)
    for key in sections.EXPECT:
        assert f"`{key}" in PAGE[PAGE.index("[[expect]]") :]


def test_the_example_is_a_declaration() -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert list(load_schema(example, "customer.toml").fields) == ["Tenure in Months", "Offer"]
