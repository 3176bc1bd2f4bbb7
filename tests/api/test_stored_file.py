"""Files of the store that callers fetch: the first that there is, and the owner's own error once it is gone."""

import pytest

from churn.store.interface import ObjectStore
from churn_api.errors import NotFound
from churn_api.stored_file import first_of

GONE = NotFound("There is no such list.")


def test_the_first_key_that_there_is_counts(store: ObjectStore) -> None:
    store.put("b", b"plain", content_type="text/csv")
    found = first_of(store, ["a", "b"], "Spring", GONE)
    assert (found.key, found.size, found.title) == ("b", 5, "Spring")
    assert b"".join(found.read(1, 3)) == b"la"


def test_where_there_is_none_the_owner_says_so(store: ObjectStore) -> None:
    with pytest.raises(NotFound, match="no such list"):
        first_of(store, ["a"], None, GONE)


def test_what_is_deleted_between_its_look_and_its_reading_is_gone_at_once(store: ObjectStore) -> None:
    store.put("a", b"plain", content_type="text/csv")
    found = first_of(store, ["a"], None, GONE)
    store.delete(["a"])
    with pytest.raises(NotFound, match="no such list"):
        found.read()
