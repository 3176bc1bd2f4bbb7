"""Members that are killed, stopped and ended while shards are split and merged: no record is lost."""

import pytest

from scripts.chaos_kinesis import tallies
from scripts.kinesis_server import KinesisServer

ROUNDS, SEED = 10, 21


def test_every_record_has_one_result_whoever_is_killed_while_shards_are_split_and_merged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with KinesisServer() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        *_, last = tallies(server, ROUNDS, SEED)
    assert last.records == 300 * ROUNDS
    assert last.refused > 0
    assert last.shards > ROUNDS
    assert "killed" in last.disturbed
    assert "stopped" in last.disturbed
