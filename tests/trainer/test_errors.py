"""What stops a training run."""

from churn_trainer.errors import BrokenTable, DataNotFound, NothingOlder


def test_a_broken_table_tells_every_fault_in_one_message():
    error = BrokenTable("customers.csv", ["One fault.", "Another."])
    assert error.message == "customers.csv cannot be trained on. One fault. Another."
    assert error.faults == ("One fault.", "Another.")


def test_missing_data_names_the_setting_that_asked_for_it():
    assert DataNotFound("file", "there is none.").message == "CHURN_DATA_SOURCE=file has no data: there is none."


def test_nothing_to_roll_back_to_names_the_commands_that_help():
    assert "`promote VERSION`" in NothingOlder("20260101_000000").message
    assert "Nothing has been released yet" in NothingOlder(None).message
