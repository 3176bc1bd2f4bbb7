"""A store that refuses what the policy of the trainer's role does not allow, as S3 does."""

import json
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from churn.errors import StoreUnavailable
from churn.store.interface import ObjectStore

_POLICY = Path(__file__).parents[2] / "deploy/policies/trainer.json"

_ACTIONS = {
    **dict.fromkeys(("get", "read", "fetch", "head"), "s3:GetObject"),
    **dict.fromkeys(("put", "write", "concatenate"), "s3:PutObject"),
    "delete": "s3:DeleteObject",
}


class PermittedStore:
    """The store, with the rights of the trainer's role."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._statements = json.loads(_POLICY.read_text())["Statement"]

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        return self._checked(method, _ACTIONS[name]) if name in _ACTIONS else method

    def _checked(self, method: Any, action: str) -> Any:
        def call(first: Any, *arguments: Any, **options: Any) -> Any:
            keys = [first] if isinstance(first, str) else list(first)
            for key in keys:
                if not self._allows(action, key):
                    raise StoreUnavailable("s3://churn", f"AccessDenied: {action} of {key}")
            return method(keys[0] if isinstance(first, str) else keys, *arguments, **options)

        return call

    def _allows(self, action: str, key: str) -> bool:
        return any(
            action in statement["Action"]
            and any(fnmatchcase(f"arn:aws:s3:::churn/{key}", of) for of in statement["Resource"])
            for statement in self._statements
        )
