"""The keys of campaigns in the store."""

from collections.abc import Iterator

from churn.store.interface import ObjectStore

CAMPAIGNS = "campaigns/"
"""Everything of campaigns, each in a folder of its own, which is named by its id."""

ID = "cam_"
"""What a campaign's id begins with."""

_DRAWN = ".drawn.parquet"


def folder(campaign_id: str) -> str:
    """The prefix of everything of a campaign."""
    return f"{CAMPAIGNS}{campaign_id}/"


def record(campaign_id: str) -> str:
    """The campaign's state, with its plan."""
    return f"{folder(campaign_id)}campaign.json"


def figures(campaign_id: str) -> str:
    """The figures of its plan."""
    return f"{folder(campaign_id)}figures.json"


def contacts(campaign_id: str) -> str:
    """The prefix of the files of the chosen customers, as `churn.campaigns.contacts` writes them, in their order.

    A file has those of some ten thousand rows at most: a million customers are more than a worker has memory for.
    """
    return f"{folder(campaign_id)}contacts/"


def contacts_part(campaign_id: str, number: int) -> str:
    """The chosen customers among the rows of a chunk; there is no file where there are none."""
    return f"{contacts(campaign_id)}{number:06d}.parquet"


def drawn_part(part: str) -> str:
    """What is kept of such a file once its campaign is deleted: who was drawn for which arm."""
    return part if part.endswith(_DRAWN) else part.removesuffix(".parquet") + _DRAWN


def says_who_was_treated(key: str) -> bool:
    """Whether this is the key of a campaign's record, or of some of its chosen customers."""
    return key.endswith("/campaign.json") or "/contacts/" in key


def listing(campaign_id: str, *, raw: bool = False) -> str:
    """The chosen customers as a CSV for those who call them.

    With `raw`, every id is as it came; that file exists only if some of them are changed to be safe in spreadsheets.
    """
    return f"{folder(campaign_id)}{'list_raw' if raw else 'list'}.csv"


def result(campaign_id: str) -> str:
    """What came of it, as it was last computed."""
    return f"{folder(campaign_id)}result.json"


def save_rates(campaign_id: str) -> str:
    """What was measured of its offers, once it is closed and its outcomes are in."""
    return f"{folder(campaign_id)}save_rates.json"


def ids(store: ObjectStore) -> Iterator[str]:
    """The ids of all campaigns with a folder, the oldest first. Raises StoreUnavailable."""
    return (name for name in store.folders(CAMPAIGNS) if name.startswith(ID))
