"""What a worker finds out of an experiment, in the shape in which it is kept; members of newer programs may join it."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, NonNegativeInt

_Share = Annotated[float, Field(ge=0, le=1)]


class _Part(BaseModel):
    model_config = ConfigDict(strict=True)


class _Gain(_Part):
    value: float
    low: float
    high: float


class _Differences(_Part):
    log_loss: _Gain | None
    brier: _Gain | None
    roc_auc: _Gain | None


class _Verdict(_Part):
    state: Literal["better", "worse", "alike"]
    words: str
    outcomes: NonNegativeInt
    more: NonNegativeInt | None
    promotable: bool
    differences: _Differences


class _Disagreement(_Part):
    customers: NonNegativeInt
    sides: _Share
    call_list: _Share
    mean_difference: _Share


class _Cost(_Part):
    single_p50_ms: float
    single_p99_ms: float
    batch_us: float
    memory_mib: float


class _Costs(_Part):
    champion: _Cost | None
    challenger: _Cost | None


class _Figures(_Part):
    computed_at: AwareDatetime
    verdict: _Verdict
    disagreement: _Disagreement | None
    costs: _Costs


class Document(_Part):
    """The object: figures, if there are any, and the tries since."""

    figures: _Figures | None
    tries: NonNegativeInt
    failure: str
    begun: AwareDatetime | None = None
