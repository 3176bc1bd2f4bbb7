"""The trainer's settings, in addition to those that every service has."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from churn.settings import Settings


class TrainerSettings(Settings):
    """The trainer's settings, read from the environment as CHURN_<NAME>; `load` raises ConfigurationError."""

    data_dir: Path = Field(
        Path("data"),
        description="The folder that may hold the table to train on, telco_customer_churn.csv, or customer.toml with "
        "the table that it declares.",
    )
    data_source: Literal["auto", "file", "store", "download", "sample"] = Field(
        "auto",
        description="auto takes the first there is of: the file in CHURN_DATA_DIR, the store's data/raw, IBM's public "
        "copy, a synthetic sample. file, store, download or sample forces one. The last two are IBM's customers, so "
        "they are taken for no other declaration.",
    )
    # Not named after its variable, because pydantic's own models have a schema.
    declaration: str | None = Field(
        None,
        validation_alias="CHURN_SCHEMA",
        description="What a customer is: telco, which is built in, or the path of a declaration, from CHURN_DATA_DIR "
        "if it is relative. Not set: customer.toml in CHURN_DATA_DIR if it is there, else telco.",
    )
    cv_folds: int = Field(
        5, ge=2, le=20, description="Folds of the cross-validation that compares the models, 2 to 20."
    )
    cv_repeats: int = Field(
        5,
        ge=1,
        le=50,
        description="How often that cross-validation is repeated, 1 to 50; fewer is quicker and noisier. For each "
        "repeat the model is also fitted again on twenty resamples, which say how certain drivers and reasons are.",
    )
    cv_max_rows: int = Field(
        20_000,
        ge=1_000,
        description="The most customers that cross-validation uses, 1,000 or more; of a larger table it takes as many "
        "by the hashes of their ids. One standard error of the log loss, which decides, is about 0.007 on 5,600 "
        "customers and 0.004 on 20,000. The final fit uses all but the test part.",
    )
    selection: Literal["one_standard_error", "best"] = Field(
        "one_standard_error",
        description="one_standard_error releases the simplest model whose cross-validated log loss is within one "
        "standard error of the least, the error being that of the least loss over customers; best releases the model "
        "of the least log loss.",
    )
    dask_scheduler: str | None = Field(
        None,
        pattern=r"^(tcp|tls|ws|wss|ucx|inproc)://",
        description="The address of a Dask scheduler, such as tcp://scheduler:8786, whose workers run the grid search "
        "and the cross-validation. Not set: they run here.",
    )
