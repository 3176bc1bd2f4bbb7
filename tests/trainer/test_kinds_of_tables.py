"""Tables of companies unlike the one of the sample: trained whole, and what comes out answers everyone."""

from collections.abc import Callable

import pytest
from tests.telco import IMPLIED, TELCO, read

from churn import release

ASKED = [
    {},
    {"InternetService": "DSL"},
    {"InternetService": "No"},
    {"TechSupport": "Yes"},
    {"PhoneService": "Yes"},
    {"PhoneService": "No", "StreamingTV": "No"},
    {"MultipleLines": "Yes"},
]
ADD_ONS = [name for name, rule in IMPLIED.items() if rule.field == "InternetService"]
KNOWN = {"gender": "Male", "SeniorCitizen": 0, "tenure": 5, "Contract": "One year", "MonthlyCharges": 50}

Row = dict[str, str]


def without(service: str) -> Callable[[Row], Row]:
    """Nobody has the service."""

    implied = {name: rule.implies for name, rule in IMPLIED.items() if rule.field == service}
    return lambda row: row | {service: "No"} | implied


KINDS = {
    "no internet": without("InternetService"),
    "no phones": without("PhoneService"),
    "one contract, one way of paying, no add-ons": lambda row: (
        row
        | {"Contract": "Month-to-month", "PaymentMethod": "Mailed check", "PaperlessBilling": "No"}
        | {name: IMPLIED[name].implies if row["InternetService"] == "No" else "No" for name in ADD_ONS}
    ),
}


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=[] if kind == "no internet" else [pytest.mark.slow]) for kind in KINDS]
)
def test_a_table_of_this_kind_is_trained_whole_and_answers_everyone(
    kind, small_rows, as_csv, trainer, settings, store, capsys
):
    head, *rows = small_rows
    records = [KINDS[kind](dict(zip(head, row, strict=True))) for row in rows]
    (settings.data_dir / TELCO.file).write_bytes(as_csv([head, *(list(record.values()) for record in records)]))
    assert trainer() == 0, capsys.readouterr().out
    (version,) = release.versions(store)
    predictor = release.load(store, version).predictor
    for changes in ASKED:
        answer = predictor.predict(read(KNOWN | changes))
        low, high = answer.probability_range
        assert 0 <= low <= high <= 1
        assert 0 < answer.churn_probability < 1
        assert predictor.explain(read(KNOWN | changes), 3)[0] == pytest.approx(answer.churn_probability, abs=1e-9)


def test_a_table_with_rare_outcomes_is_refused_with_what_to_change(
    small_rows, as_csv, trainer, settings, store, capsys
):
    """In the first seconds, before anything is fitted."""
    head, *rows = map(list, small_rows)
    label, left = head.index("Churn"), 0
    for row in rows:
        left += row[label] == "Yes"
        if left > 12:
            row[label] = "No"
    (settings.data_dir / TELCO.file).write_bytes(as_csv([head, *rows]))
    assert trainer() == 2
    said = capsys.readouterr()
    assert "at least 50 and 1% are needed" in said.out + said.err
    assert "Fitted" not in said.out
    assert list(release.versions(store)) == []
