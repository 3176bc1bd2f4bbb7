"""Whether the one box begins a training: if, and only if, the trainer finds a request that nobody has trained for."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from churn.store.opening import open_store
from churn.training import requests

TODAY = datetime.now(UTC).date()


@pytest.mark.parametrize(
    ("name", "body", "asks"),
    [
        (f"{TODAY}.json", "{}", True),
        (f"{TODAY - timedelta(days=90)}.json", '{"status": "open", "attempts": null}', True),
        (f"{TODAY}.json", '{"status": "training", "lease_until": "2026-01-02T03:04:05+00:00"}', True),
        (f"{TODAY}.json", '{"status": "done"}', False),
        (f"{TODAY}.json", '{"status":"failed"}', False),
        (f"{TODAY}.json", '{"status": "lost"}', False),
        (f"{TODAY}.json", '{"attempts": "1"}', False),
        (f"{TODAY}.json", '{"stops": 1.5}', False),
        (f"{TODAY}.json", '{"asked_at": "soon"}', False),
        (f"{TODAY}.json", '{"reasons": 3}', False),
        (f"{TODAY}.json", '{"attempts": false}', False),
        (f"{TODAY}.json", '{"stops": []}', False),
        (f"{TODAY}.json", '{"status": ""}', False),
        (f"{TODAY}.json", '{"reasons": 0}', False),
        (f"{TODAY}.json", '{"asked_at": 0}', False),
        (f"{TODAY}.json", "[]", False),
        (f"{TODAY}.json", "train, please", False),
        (f"{TODAY + timedelta(days=2)}.json", "{}", False),
        (f"{TODAY:%Y%m%d}.json", "{}", False),
        ("2026-02-30.json", "{}", False),
        ("readme.txt", "{}", False),
    ],
)
def test_the_box_and_the_trainer_find_the_same(root, tmp_path, name, body, asks):
    store = open_store(f"file://{tmp_path}/store")
    store.ensure_bucket()
    store.put(f"{requests.ROOT}{name}", body.encode(), content_type="application/json")
    folder = tmp_path / "synced"
    folder.mkdir()
    (folder / name).write_text(body)
    done = subprocess.run([sys.executable, root / "deploy/aws/box/training_requested.py", folder], check=False)
    assert done.returncode == (0 if asks else 1)
    taken = requests.take(store, lambda: datetime.now(UTC))
    assert (taken is not None) == asks
