"""The pictures: a dashboard of the table, its correlations, and the comparison of the models."""

import io
import math
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from churn.schema import Schema
from churn_trainer.data.declared import is_built_in
from churn_trainer.exploration.explore import correlation_frame, strongest

# The palette of Okabe and Ito (2008), which people with any kind of colour blindness can tell apart.
BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#6E6E6E"

_STYLE: Any = {
    "font.size": 11,
    "axes.titlesize": 13,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.facecolor": "white",
}
_DPI = 110

# The fields of IBM's customers that the dashboard shows, with the words beside a number; of others the strongest.
_SHOWN = {
    "tenure": "months with the company",
    "MonthlyCharges": "monthly bill ($)",
    **dict.fromkeys(("Contract", "InternetService", "PaymentMethod", "TechSupport"), ""),
}

# The most groups of a field that have room in a plot, and the most columns that have room in the heat map.
_MOST_GROUPS, _MOST_COLUMNS = 10, 20

# How many groups of tenure show when customers leave.
_TENURE_GROUPS = 18


def dashboard(frame: pd.DataFrame, report: dict[str, Any], schema: Schema) -> bytes:
    """A PNG of nine plots for a manager: how many customers leave, who, and when; `report` is that of `explore`."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(16, 12), layout="constrained")
        axes = figure.subplots(3, 3)
        churn = report["churn"]
        figure.suptitle(
            f"Customer churn: {churn['churned']:,} of {churn['customers']:,} customers left ({churn['rate']:.1%})",
            fontsize=20,
            fontweight="bold",
        )
        first, *places, when, last = axes.flat
        _outcomes(first, churn)
        tenure = schema.role("tenure")
        shown = _shown(schema, frame, len(places) + (tenure is None))
        for place, (name, unit) in zip([*places, when], shown.items(), strict=False):
            _rates(place, report, schema, name, unit)
        for place in [*places, *([when] if tenure is None else [])][len(shown) :]:
            place.set_visible(False)
        if tenure is not None:
            _tenures(when, frame, schema, tenure)
        _segments(last, report, schema)
        return _png(figure)


def _shown(schema: Schema, frame: pd.DataFrame, count: int) -> dict[str, str]:
    """The fields that the dashboard shows, `count` at most, with the words beside a number; tenure and bill first."""
    if is_built_in(schema):
        return _SHOWN
    first = [name for name in (schema.role("tenure"), schema.role("monthly_value")) if name]
    names = list(dict.fromkeys((*first, *strongest(schema, frame))))[:count]
    return {name: schema.numbers[name].unit if name in schema.numbers else "" for name in names}


def correlation_heatmap(frame: pd.DataFrame, schema: Schema) -> bytes:
    """A PNG of Pearson's correlations between the numbers, the yes-or-no fields and churn."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(11, 9), layout="constrained")
        place = figure.subplots()
        matrix = _readable(correlation_frame(frame, schema).corr(), schema.outcome)
        titles = [schema.fields[name].title if name in schema.fields else name for name in matrix.columns]
        hidden = np.triu(np.ones(matrix.shape, bool), 1)
        values = np.ma.masked_array(matrix.to_numpy(), hidden | matrix.isna().to_numpy())
        image = place.pcolormesh(values, cmap="PuOr_r", vmin=-1, vmax=1, edgecolors="white", linewidth=1)
        place.invert_yaxis()
        place.set_aspect("equal")
        for row, column in zip(*np.nonzero(~hidden), strict=True):
            value = values.data[row, column]
            color = "white" if abs(value) > 0.6 else "black"
            # A column with a single value has no correlation.
            words = "–" if np.isnan(value) else f"{value:.2f}"
            place.text(column + 0.5, row + 0.5, words, ha="center", va="center", color=color)
        positions = np.arange(len(titles)) + 0.5
        place.set_xticks(positions, titles, rotation=40, ha="right")
        place.set_yticks(positions, titles)
        place.spines[:].set_visible(False)
        figure.colorbar(image, ax=place, shrink=0.7, label="Pearson's correlation")
        place.set_title("What goes together: correlations from −1 (opposite) to 1 (alike)")
        return _png(figure)


def _readable(matrix: pd.DataFrame, outcome: str) -> pd.DataFrame:
    """The correlations of as many columns as can be read, those that go most closely with the outcome."""
    kept = matrix[outcome].abs().sort_values(ascending=False, kind="stable").index[:_MOST_COLUMNS]
    names = [name for name in matrix.columns if name in kept]
    return matrix.loc[names, names]


def model_comparison(candidates: list[dict[str, Any]], design: str) -> bytes:
    """A PNG of each model's cross-validated AUC and log loss, with the standard deviation over the folds.

    `candidates` are the rows of the manifest's comparison, `design` says in words how it was made.
    """
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(14, 6), layout="constrained")
        figure.suptitle(f"Model comparison: {design}", fontsize=16, fontweight="bold")
        left, right = figure.subplots(1, 2, sharey=True)
        ordered = sorted(candidates, key=lambda candidate: candidate["cv"]["roc_auc"]["mean"])
        _errors(left, ordered, "roc_auc", "AUC: how well leavers are ranked (more is better)")
        _errors(right, ordered, "log_loss", "Log loss: error of the probabilities (less is better)")
        return _png(figure)


def _errors(place: Axes, ordered: list[dict[str, Any]], figure: str, title: str) -> None:
    for row, candidate in enumerate(ordered):
        mean, std = candidate["cv"][figure]["mean"], candidate["cv"][figure]["std"]
        color = ORANGE if candidate["champion"] else BLUE
        place.errorbar(
            mean, row, xerr=std, fmt="D" if candidate["champion"] else "o", color=color, capsize=5, markersize=8
        )
        place.annotate(
            f"{mean:.4f} ± {std:.4f}", (mean, row), (0, 10), textcoords="offset points", ha="center", fontsize=10
        )
    names = [f"{candidate['model_name']}{' (champion)' if candidate['champion'] else ''}" for candidate in ordered]
    place.set_yticks(range(len(ordered)), names)
    place.margins(x=0.2)
    place.set_ylim(-0.5, len(ordered) - 0.4)
    place.set_title(title)
    place.set_xlabel("mean, and standard deviation over the folds")
    place.grid(axis="x", alpha=0.3)


def _outcomes(place: Axes, churn: dict[str, Any]) -> None:
    counts = [churn["customers"] - churn["churned"], churn["churned"]]
    bars = place.bar(["Stayed", "Left"], counts, color=[BLUE, ORANGE])
    place.bar_label(bars, [f"{count:,}" for count in counts])
    place.set_title("Customers")
    place.set_yticks([])
    place.spines["left"].set_visible(False)


def _rates(place: Axes, report: dict[str, Any], schema: Schema, name: str, unit: str) -> None:
    """Churn by group with 95 % intervals, against the share of all; of many groups the largest."""
    rates = report["churn_by_field"][name]
    if len(rates) > _MOST_GROUPS:
        rates = sorted(rates, key=lambda rate: -rate["customers"])[:_MOST_GROUPS]
    positions = np.arange(len(rates))
    values = np.array([rate["rate"] for rate in rates]) * 100
    reach = _reach(values, rates)
    place.barh(positions, values, color=BLUE)
    place.errorbar(values, positions, xerr=reach, fmt="none", ecolor=GREY, capsize=3)
    place.axvline(report["churn"]["rate"] * 100, color=ORANGE, linestyle="--", linewidth=1.5)
    labels = [f"{rate['value']}\n{rate['customers']:,} customers" for rate in rates]
    place.set_yticks(positions, labels, fontsize=9)
    place.invert_yaxis()
    place.set_xlim(left=0)
    place.set_xlabel("customers who left (%); dashed: all")
    place.set_title(f"{schema.fields[name].title}{f': {unit}' if unit else ''}")


def _reach(percents: NDArray[np.float64], rates: list[dict[str, Any]]) -> NDArray[np.float64]:
    """How far the ends of each rate's interval are below and above it, shape (2, rates), rounding apart."""
    low, high = (np.array([rate[end] for rate in rates]) * 100 for end in ("low", "high"))
    return np.maximum([percents - low, high - percents], 0)


def _tenures(place: Axes, frame: pd.DataFrame, schema: Schema, name: str) -> None:
    longest = max(1, math.ceil(frame[name].max()))
    step = max(1, round(longest / _TENURE_GROUPS))
    edges = list(range(0, longest + step, step))
    outcomes = ((0, "Stayed", BLUE, None), (1, "Left", ORANGE, "//"))
    for code, label, color, hatch in outcomes:
        tenures = frame[name][frame[schema.outcome] == code]
        place.hist(tenures, edges, label=label, color=color, alpha=0.75, hatch=hatch, edgecolor="white")
    place.set_title("When customers leave")
    unit = schema.numbers[name].unit
    place.set_xlabel("months with the company" if unit == "months" else f"{schema.fields[name].title} {unit}".rstrip())
    place.set_ylabel("customers")
    place.legend(frameon=False)


def _segments(place: Axes, report: dict[str, Any], schema: Schema) -> None:
    segments = report["segments"][:5]
    positions = np.arange(len(segments))
    values = np.array([segment["rate"] * 100 for segment in segments])
    bars = place.barh(positions, values, color=ORANGE)
    place.bar_label(
        bars,
        [f"{segment['customers']:,} customers" for segment in segments],
        label_type="center",
        color="white",
        fontsize=9,
    )
    words = [
        "\n".join(f"{schema.fields[name].title}: {value}" for name, value in one["fields"].items()) for one in segments
    ]
    reach = _reach(values, segments)
    place.errorbar(values, positions, xerr=reach, fmt="none", ecolor=GREY, capsize=3)
    place.axvline(report["churn"]["rate"] * 100, color=BLUE, linestyle="--", linewidth=1.5)
    place.set_yticks(positions, words, fontsize=9)
    place.invert_yaxis()
    place.set_xlim(0, 100)
    place.set_xlabel("customers who left (%); dashed: all")
    place.set_title(f"Riskiest of {report['segments_compared']:,} pairs of traits")


def _png(figure: Figure) -> bytes:
    data = io.BytesIO()
    FigureCanvasAgg(figure)
    # Without a date and a library version in the file, the same picture is always the same bytes.
    figure.savefig(data, format="png", dpi=_DPI, metadata={"Software": None})
    return data.getvalue()
