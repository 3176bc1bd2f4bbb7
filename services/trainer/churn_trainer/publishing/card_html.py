"""The model card as a page of HTML, made from the manifest alone; its only other files are the release's pictures."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from churn_trainer.training import training_data

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b;background:#fff}
table{border-collapse:collapse;margin:1rem 0;display:block;overflow-x:auto}
caption{text-align:left;font-weight:600;padding:.3rem 0}
th,td{padding:.3rem .8rem;text-align:right;border-bottom:1px solid #ddd}th:first-child,td:first-child{text-align:left}
img{max-width:100%;height:auto}.warning{background:#fff3cd;border-left:.4rem solid #b45309;padding:.6rem 1rem}
"""

_FIGURES = {
    "roc_auc": "AUC",
    "pr_auc": "PR-AUC",
    "accuracy": "Accuracy",
    "precision": "Precision",
    "recall": "Recall",
    "f1": "F1",
    "lift_top_decile": "Lift in the top tenth",
    "brier": "Brier score",
    "log_loss": "Log loss",
    "ece": "Calibration error (ECE)",
    "ece_floor": "of which chance alone",
}

_RATES = {
    "flagged_rate": "Flagged",
    "false_positive_rate": "False alarms",
    "recall": "Recall",
    "precision": "Precision",
}


def page(card: dict[str, Any]) -> str:
    """The whole page from a manifest (publishing.card) and its version; every text in it is escaped."""
    title = f"Model card: {card['model_name']} {card['version']}"
    parts = (_head(card), _purpose(card), _data(card), _quality(card), _absent(card), _curves(card), _drivers(card))
    sections = "".join((*parts, _fairness(card), _candidates(card), _gates(card), _environment(card)))
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    body = f"<h1>{escape(title)}</h1>{sections}"
    return f'<!doctype html><html lang="en"><head>{head}<style>{_STYLE}</style></head><body>{body}</body></html>'


def _table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; `rows` hold cells that are HTML already."""
    cells = "".join(f"<th scope='col'>{escape(name)}</th>" for name in head)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><caption>{escape(caption)}</caption><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>"


def _list(items: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(item)}</li>" for item in items) + "</ul>"


def _head(card: dict[str, Any]) -> str:
    warning = ""
    if card["data"]["source"] == "sample":
        warning = (
            "<p class='warning'>Trained on a synthetic sample: for trying things out, not for deciding anything.</p>"
        )
    released = "passed every gate" if card["gates_passed"] else "did not pass every gate and is not released by itself"
    selection = card["comparison"]["selection"]["reason"]
    when = card["timestamp"].isoformat(timespec="seconds")
    return f"{warning}<p>Trained at {escape(when)}; it {released}. {escape(selection)}</p>"


def _purpose(card: dict[str, Any]) -> str:
    use = card["intended_use"]
    return (
        f"<h2>What it is for</h2>{_list(use['for'])}<h2>What it must not be used for</h2>{_list(use['not_for'])}"
        f"<h2>Limits</h2>{_list(card['limits'])}"
    )


def _data(card: dict[str, Any]) -> str:
    data = card["data"]
    split = ", ".join(f"{part} {rows:,}" for part, rows in data["split"].items())
    facts = (
        f"Source: {data['source']} ({data['name']}), SHA-256 {data['sha256']}",
        f"{data['rows']:,} customers, of whom {data['churn_rate']:.1%} left; {split}.",
        f"The model is fitted on {card['fitted_on']}.",
        *(f"Repaired: {kind}" + (f" ({count:,})" if count else "") for kind, count in data["repairs"].items()),
    )
    return f"<h2>Data</h2>{_list([*facts, *training_data.sentences(data)])}"


def _quality(card: dict[str, Any]) -> str:
    metrics, design = card["metrics"], card["comparison"]
    rows = [
        (
            name,
            _spread(metrics["cv"][figure]),
            f"{metrics['test'][figure]:.4f}",
            _ends(metrics["test_intervals"], figure),
        )
        for figure, name in _FIGURES.items()
    ]
    caption = f"{design['repeats']} × {design['folds']}-fold cross-validation (mean ± spread), and the test part"
    head = ("Figure", "Cross-validation", "Test", "95 % interval")
    always_no = 1 - card["data"]["churn_rate"]
    note = f"<p>Threshold {card['threshold']}. Always answering No would be right for {always_no:.1%} of them.</p>"
    return f"<h2>Quality</h2>{_table(caption, head, rows)}{note}"


def _spread(figure: dict[str, float]) -> str:
    return f"{figure['mean']:.4f} ± {figure['std']:.4f}"


def _ends(intervals: dict[str, dict[str, float]], figure: str) -> str:
    """The interval of a figure; empty for the figures that have none."""
    return f"{intervals[figure]['low']:.4f} to {intervals[figure]['high']:.4f}" if figure in intervals else ""


_KNOWN = {
    "complete": "All fields",
    "random": "The required fields, and each other one by the toss of a coin",
    "required": "The required fields alone",
    "reference": "A regression on the required fields alone",
}


def _absent(card: dict[str, Any]) -> str:
    """How good answers are for customers with absent fields."""
    absent = card["absent_fields"]
    rows = [
        (
            name,
            *(f"{figures[figure]:.4f}" for figure in ("roc_auc", "log_loss", "brier")),
            f"{figures['calibration_slope']:.2f}",
            f"{figures['calibration_intercept']:+.2f}",
            f"{figures['range_coverage']:.1%}" if "range_coverage" in figures else "",
        )
        for kind, name in _KNOWN.items()
        for figures in (absent[kind],)
    ]
    head = ("What is known", "AUC", "Log loss", "Brier score", "Calibration slope", "Intercept", "Range holds")
    caption = f"{absent['customers']:,} customers of the test part"
    nearest = escape(card.get("nearest", "tenure, contract and bill"))
    lenders = f"the real customers nearest in {nearest}" if nearest else "real customers"
    note = (
        f"<p>Absent fields are taken from {lenders}. The range is the middle 80 % of what these come to; it should "
        "hold the probability of the whole record as often.</p>"
    )
    return f"<h2>Where not all is known</h2>{_table(caption, head, rows)}{note}"


def _bar(share: float, color: str = "#0072B2") -> str:
    """A bar for a share, 0 to 1; the figure stands beside it as text."""
    bar = f"<rect width='{120 * share:.1f}' height='12' fill='{color}'/>"
    return f"<svg width='120' height='12' aria-hidden='true'>{bar}</svg>"


def _curves(card: dict[str, Any]) -> str:
    calibration = [
        (
            f"{tenth['mean_predicted']:.1%}",
            f"{tenth['observed']:.1%} {_bar(tenth['observed'])}",
            f"{tenth['low']:.1%} to {tenth['high']:.1%}",
            f"{tenth['count']:,}",
        )
        for tenth in card["calibration"]
    ]
    scores = card["score_distribution"]
    most = max(*scores["stayed"], *scores["churned"], 1)
    histogram = [
        (f"{low:.0%}–{high:.0%}", f"{stayed} {_bar(stayed / most)}", f"{churned} {_bar(churned / most, '#D55E00')}")
        for low, high, stayed, churned in zip(
            scores["edges"], scores["edges"][1:], scores["stayed"], scores["churned"], strict=False
        )
    ]
    return (
        "<h2>Calibration and scores on the test part</h2>"
        + _recalibration(card["recalibration"])
        + _table(
            "Predicted against observed share", ("Predicted", "Observed", "95 % interval", "Customers"), calibration
        )
        + _table("Customers by score", ("Score", "Stayed", "Left"), histogram)
    )


def _recalibration(found: dict[str, dict[str, float]]) -> str:
    slope, intercept = (
        f"{found[name]['value']:.2f} ({found[name]['low']:.2f} to {found[name]['high']:.2f})"
        for name in ("slope", "intercept")
    )
    return (
        f"<p>Slope of calibration {slope}: 1 is right, less is overconfident. Intercept {intercept}: 0 is right, more "
        "means that more left than predicted.</p>"
    )


def _drivers(card: dict[str, Any]) -> str:
    rows = [
        (
            escape(driver["title"]),
            escape(driver["text"]),
            f"{driver['odds_ratio']:.2f}",
            f"{driver['low']:.2f} to {driver['high']:.2f}",
        )
        for driver in card["drivers"]["fields"]
    ]
    caption = f"Odds ratios by the {card['drivers']['model'].lower()}: above 1 goes with leaving, below 1 with staying"
    interval = f"95 % interval by {card['drivers']['refits']} refits"
    table = _table(caption, ("Field", "Change", "Odds ratio", interval), rows)
    words = f"{card['drivers']['meaning']} How single customers are explained: {card['explanation']}."
    stability = card["stability"]["meaning"]
    return f"<h2>What goes with leaving</h2>{table}<p>{escape(words)}</p><p>{escape(stability)}</p>"


def _fairness(card: dict[str, Any]) -> str:
    rows = [
        (
            escape(f"{group['field']}: {group['group']}"),
            f"{group['customers']:,}",
            _share(group["observed"]),
            f"{group['mean_predicted']:.1%}",
            *(_share(group[name]) for name in _RATES),
        )
        for group in card["fairness"]["groups"]
    ]
    if not rows:
        return "<h2>Fairness</h2><p>No field is declared as protected, so no groups were compared.</p>"
    head = ("Group", "Customers", "Left", "Predicted", *_RATES.values())
    caption = f"At threshold {card['threshold']}, on the test part, with 95 % intervals"
    return f"<h2>Fairness</h2>{_table(caption, head, rows)}{_gaps(card)}"


def _share(share: dict[str, float]) -> str:
    return f"{share['value']:.1%} ({share['low']:.1%} to {share['high']:.1%})"


def _gaps(card: dict[str, Any]) -> str:
    rows = [
        (escape(gap["field"]), _RATES[gap["rate"]], escape(f"{gap['highest']} above {gap['lowest']}"), _share(gap))
        for gap in card["fairness"]["gaps"]
    ]
    return _table("The widest gap of each rate", ("Field", "Rate", "Groups", "Difference (95 % interval)"), rows)


def _candidates(card: dict[str, Any]) -> str:
    rows = [
        (
            escape(candidate["model_name"]) + (" ★" if candidate["champion"] else ""),
            *(_spread(candidate["cv"][figure]) for figure in ("log_loss", "roc_auc", "brier", "ece")),
            _against(candidate["against_champion"]["log_loss"]),
            _against(candidate["against_champion"]),
            f"{candidate['test']['log_loss']:.4f}",
            f"{candidate['test']['roc_auc']:.4f} ({_ends(candidate['test_intervals'], 'roc_auc')})",
            escape(candidate["interpretability"]),
        )
        for candidate in card["comparison"]["candidates"]
    ]
    against = ("Log loss against ★ (95 %)", "AUC against ★ (95 %)")
    head = ("Model", "Log loss", "AUC", "Brier", "ECE", *against, "Test log loss", "Test AUC", "Interpretability")
    caption = "Cross-validated; intervals of paired differences by the corrected resampled t-test of Nadeau and Bengio"
    table = _table(caption, head, rows)
    reasons = "".join(
        f"<li>{escape(candidate['model_name'])}: {escape(candidate['why_not'])}</li>"
        for candidate in card["comparison"]["candidates"]
        if candidate["why_not"]
    )
    plots = (
        ("model_comparison.png", "Models compared"),
        ("telco_churn_dashboard.png", "The table"),
        ("correlation_heatmap.png", "Correlations"),
    )
    pictures = "".join(f"<p><img src='{name}' alt='{words}'></p>" for name, words in plots)
    return f"<h2>Models compared</h2>{table}<p>Why the others were not chosen:</p><ul>{reasons}</ul>{pictures}"


def _against(gap: dict[str, float]) -> str:
    return f"{gap['low']:+.4f} to {gap['high']:+.4f}"


def _gates(card: dict[str, Any]) -> str:
    rows = [
        (escape(gate["name"]), "yes" if gate["passed"] else "no", escape("; ".join(filter(None, _told(gate)))))
        for gate in card["gates"]
    ]
    apart = [
        f"Not compared with {rival['role']}: {rival['reason']}" for rival in card["rivals"] if not rival["compared"]
    ]
    table = _table("Conditions of release", ("Condition", "Holds", "Figures"), rows)
    return f"<h2>Gates</h2>{table}{_list(apart) if apart else ''}"


def _told(gate: dict[str, Any]) -> tuple[str, str]:
    return gate["detail"], gate.get("remark", "")


def _environment(card: dict[str, Any]) -> str:
    return "<h2>Environment</h2>" + _list(f"{name} {version}" for name, version in card["libraries"].items())
