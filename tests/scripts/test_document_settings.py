"""The settings' documents: each says all of it, and only their own part is rewritten."""

import pytest

from scripts import document_settings


def test_the_example_comments_out_every_setting_and_gives_its_default():
    example = document_settings.example()
    assert "\n#CHURN_ENV=development\n" in example
    assert [line for line in example.splitlines() if line and not line.startswith("#")] == []


def test_the_table_tells_what_is_required():
    assert "| `CHURN_STORE_URL` | *required* |" in document_settings.table()


def test_only_what_stands_between_the_marks_is_written():
    text = f"before\n{document_settings.START}stale\n{document_settings.END}after\n"
    written = document_settings.readme(text)
    assert written.startswith("before\n")
    assert written.endswith("after\n")
    assert "stale" not in written
    assert document_settings.readme(written) == written


def test_a_readme_without_the_marks_is_refused():
    with pytest.raises(SystemExit, match="lacks the marks"):
        document_settings.readme("# Churn\n")
