"""Which declaration of customers a run trains for: the named one, that in the data folder, or the shipped one."""

from pathlib import Path

from churn.errors import BrokenDeclaration
from churn.schema import BUILT_IN, Schema, built_in, load_schema
from churn_trainer.data.folder import is_readable
from churn_trainer.errors import DeclarationNotFound
from churn_trainer.settings import TrainerSettings

NAME = "customer.toml"


def find(settings: TrainerSettings) -> Schema:
    """The schema that CHURN_SCHEMA names, else that of customer.toml in CHURN_DATA_DIR, else the shipped one.

    Raises BrokenDeclaration with every fault, DeclarationNotFound, and DataNotReadable for a file that cannot be read.
    """
    named = settings.declaration
    if named in BUILT_IN:
        return built_in(named)
    path = settings.data_dir / (named or NAME)
    if is_readable(path):
        return _loaded(path)
    if named is None:
        return built_in(BUILT_IN[0])
    raise DeclarationNotFound(named, BUILT_IN, path)


def is_built_in(schema: Schema) -> bool:
    """Whether the schema ships with the product, so that its customers are IBM's."""
    return any(schema.source == built_in(name).source for name in BUILT_IN)


def _loaded(path: Path) -> Schema:
    try:
        return load_schema(path.read_text(encoding="utf-8-sig"), str(path))
    except UnicodeDecodeError as error:
        raise BrokenDeclaration(str(path), ["It is not UTF-8 text; save it as UTF-8."]) from error
