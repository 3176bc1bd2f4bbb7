"""What a release keeps of its customers to notice drift by: how many there were in each bin of each field.

A number's bins are its tenths, so that each has rows enough. The bands that it is shown in would be too coarse: of
IBM's bills, ten percent higher, a hundred rows tell by tenths at 99 of 100 looks and by bands at 22.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from churn.customer.declaration import Customer
from churn.customer.fields import Number
from churn.schema import Schema
from churn.tracking.drift import CHANCE
from churn.tracking.reference import TENTHS, FieldReference, Reference, category_bins, number_bins, score_name
from churn_trainer.data.prepare import Prepared

# Decimals that a bin's name has: cuts that look alike would be two bins with one name.
_DIGITS = 10


def drift_reference(prepared: Prepared, unseen: NDArray[np.float64]) -> Reference:
    """The reference of a release that was fitted on the development rows.

    `unseen` are the churn probabilities of customers whom the model was not fitted on.
    """
    fitted_on = prepared.table.take(prepared.split.development)
    return reference_of(fitted_on.schema, fitted_on.customers, unseen)


def reference_of(schema: Schema, customers: Customer, unseen: NDArray[np.float64]) -> Reference:
    """The reference of these customers, a table of arrays, and of the churn probabilities."""
    chance = CHANCE / (len(schema.fields) + 1)
    fields = {}
    for (name, field), column in zip(schema.fields.items(), customers, strict=True):
        if isinstance(field, Number):
            cuts = _tenths(column)
            bins = number_bins(cuts, blank=field.blank_is_value, whole=field.whole)
            fields[name] = _counted(cuts, bins, column, chance)
        else:
            fields[name] = _counted(None, category_bins(field.names), column, chance)
    fields[score_name(schema)] = _counted(TENTHS, number_bins(TENTHS, blank=False), unseen, chance)
    return Reference(fields)


def _tenths(column: NDArray[np.float64]) -> tuple[float, ...]:
    """The values that divide the known ones into tenths, fewer where many are equal; each bin has a row."""
    known = column[~np.isnan(column)]
    if not len(known):
        return ()
    values = np.quantile(known, TENTHS, method="lower")
    cuts = {float(f"{value:.{_DIGITS}g}") for value in values.tolist()}
    return tuple(sorted(cut for cut in cuts if known.min() <= cut < known.max()))


def _counted(
    cuts: tuple[float, ...] | None, bins: tuple[str, ...], column: NDArray[np.float64], chance: float
) -> FieldReference:
    # The last bin is that of absent values, which are no part of the index; one bin alone has no drift.
    freedom = max(len(bins) - 2, 1)
    empty = FieldReference(cuts, bins, (0,) * len(bins), float(chi2.ppf(1 - chance, freedom)))
    return replace(empty, counts=tuple(empty.count(column).tolist()))
