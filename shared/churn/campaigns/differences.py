"""The difference between the shares of two arms who left: its intervals, and whether the arms are as they were drawn.

Numbers may be the effective ones of weighted customers, and need not be whole.
"""

import math
from typing import NamedTuple

from churn.intervals import always_valid_reach, newcombe, wilson

Interval = tuple[float, float]

# The sample ratio is looked at again and again, and so seldom alarms by chance.
_SUSPICIOUS = 0.001


class Arms(NamedTuple):
    """How many customers of either arm are known, and how many of them left."""

    treated: float
    treated_left: float
    held_out: float
    held_out_left: float

    @property
    def difference(self) -> float:
        """The share of the treated who left, less that of the held out: negative where the campaign keeps customers."""
        return self.treated_left / self.treated - self.held_out_left / self.held_out

    @property
    def size(self) -> float:
        """The harmonic sum of the arms, by which a difference is as certain as a share is by its number."""
        return 1 / (1 / self.treated + 1 / self.held_out)


def at_one_look(arms: Arms) -> Interval:
    """The 95 % interval of the difference, of Wilson's intervals of its shares; for one look, at the end."""
    treated = arms.treated_left / arms.treated, *wilson(arms.treated_left, arms.treated)
    held_out = arms.held_out_left / arms.held_out, *wilson(arms.held_out_left, arms.held_out)
    return newcombe(treated, held_out)


def always_valid(arms: Arms, size: float, churn: float) -> Interval:
    """The 95 % interval of the difference so far that holds at all looks together, however many there are.

    `size` is `Arms.size` of all who were drawn, and `churn` the mean probability that was foreseen for them: what the
    campaign will know at its end, where the sequence is narrowest. It is that of the difference times `arms.size`,
    whose variance grows both while customers become known and while known ones leave.
    """
    apart = _variance(arms.treated_left, arms.treated) + _variance(arms.held_out_left, arms.held_out)
    together = _variance(arms.treated_left + arms.held_out_left, arms.treated + arms.held_out)
    # Of a few customers all or none may leave, which says little of how much their share varies; that of all says more.
    variance = max(apart, together * (arms.treated + arms.held_out) / arms.size)
    elapsed = arms.size**2 * variance / (size * max(churn * (1 - churn), 1e-9))
    width = always_valid_reach(variance, elapsed)
    return max(arms.difference - width, -1.0), min(arms.difference + width, 1.0)


def _variance(left: float, known: float) -> float:
    """Of a share; not zero where nobody left, or everybody."""
    share = (left + 0.5) / (known + 1)
    return share * (1 - share) / known


def sample_ratio(treated: int, held_out: int, share: float) -> dict[str, float | bool | None]:
    """Whether as many of the known customers are held out as were drawn to be: Pearson's χ² of one degree of freedom.

    Where it is suspicious, the outcomes of one arm have been reported less than those of the other.
    """
    total = treated + held_out
    if not total or not 0 < share < 1:
        return {"expected_share": share, "share": held_out / total if total else None, "p": None, "suspicious": False}
    statistic = (held_out - share * total) ** 2 / (total * share * (1 - share))
    p = math.erfc(math.sqrt(statistic / 2))
    return {"expected_share": share, "share": held_out / total, "p": p, "suspicious": p < _SUSPICIOUS}
