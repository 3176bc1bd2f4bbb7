"""Which declaration a run trains for."""

import pytest
from tests.telco import TELCO

from churn.errors import BrokenDeclaration
from churn_trainer.data import declared
from churn_trainer.errors import DataNotReadable, DeclarationNotFound

TEXT = TELCO.source.replace('name = "telco"', 'name = "ours"')


def named(settings, name):
    return settings.model_copy(update={"declaration": name})


def test_without_any_it_is_the_shipped_one(settings):
    assert declared.find(settings) is TELCO
    assert declared.is_built_in(declared.find(settings))


def test_the_one_beside_the_table_is_taken(settings, tmp_path):
    (tmp_path / "customer.toml").write_text(TEXT, encoding="utf-8-sig")
    assert declared.find(settings).name == "ours"
    assert not declared.is_built_in(declared.find(settings))


def test_the_named_one_comes_first(settings, tmp_path):
    (tmp_path / "customer.toml").write_text("broken")
    (tmp_path / "other.toml").write_text(TEXT)
    assert declared.find(named(settings, "telco")) is TELCO
    for name in ("other.toml", str(tmp_path / "other.toml")):
        assert declared.find(named(settings, name)).name == "ours"


def test_a_named_one_that_is_not_there_is_told_with_what_there_is(settings, tmp_path):
    with pytest.raises(DeclarationNotFound, match=rf"CHURN_SCHEMA is 'no\.toml', but only telco .*{tmp_path}/no\.toml"):
        declared.find(named(settings, "no.toml"))


def test_every_fault_of_a_broken_one_is_told_with_its_file(settings, tmp_path):
    (tmp_path / "customer.toml").write_text(TEXT.replace('outcome = "Churn"', "").replace('left = ["Yes"]', "left = 1"))
    with pytest.raises(BrokenDeclaration, match=rf"{tmp_path}/customer\.toml .*outcome.*left = 1"):
        declared.find(settings)


def test_one_that_is_no_text_is_told(settings, tmp_path):
    (tmp_path / "customer.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(BrokenDeclaration, match="UTF-8"):
        declared.find(settings)


def test_one_that_cannot_be_read_is_not_passed_over(settings, tmp_path):
    (tmp_path / "customer.toml").mkdir()
    with pytest.raises(DataNotReadable, match=r"customer\.toml is a folder"):
        declared.find(settings)


def test_a_broken_one_stops_a_run_before_anything(trainer, store, tmp_path, capsys):
    (tmp_path / "customer.toml").write_text("[table]\n")
    assert trainer("train") == 2
    assert f"Error: {tmp_path}/customer.toml does not declare a customer." in capsys.readouterr().out
    assert list(store.list("")) == []
