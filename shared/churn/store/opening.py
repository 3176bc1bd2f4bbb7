"""Opening the store that a URL names."""

from pathlib import Path

from churn.errors import ConfigurationError
from churn.store.address import parse_url
from churn.store.interface import PATIENT, ObjectStore, Patience


def open_store(url: str, patience: Patience = PATIENT) -> ObjectStore:
    """The store that `s3://bucket` or `file:///folder` names; nothing is contacted yet. Raises ConfigurationError."""
    try:
        address = parse_url(url)
    except ValueError as error:
        raise ConfigurationError([f"CHURN_STORE_URL: {error}"]) from error
    # Imported here, because boto3 takes tens of megabytes that a directory store does not need.
    if address.kind == "s3":
        from churn.store.s3 import S3Store

        return S3Store(address.place, patience)
    from churn.store.directory import DirectoryStore

    return DirectoryStore(Path(address.place))


def prepare_store(url: str, patience: Patience = PATIENT) -> None:
    """Import and build what `open_store` will need, so that processes forked from this one share its memory."""
    if parse_url(url).kind == "s3":
        import churn.store.s3  # noqa: F401
        from churn.store.s3_client import prepare

        prepare(patience)
