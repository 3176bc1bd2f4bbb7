"""What GET /quality says in sentences: what there is, and what to do first."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from churn.months import day_in_words
from churn.tracking.figures import FEWEST, Figure
from churn.tracking.join import Joined
from churn.tracking.releases import About

_SEND = "Send who left (left_at) and who stayed (stayed_until) to POST /outcomes."
_NO_STAYS = "Nobody is known to have stayed, so that all would seem to leave: send stayed_until for those who did."

# Customers whose outcome nobody told are seldom like the others: below this share of known ones a warning is due.
_ENOUGH_MATCHED = 0.5


def sentences(
    joined: Joined,
    entries: Sequence[Mapping[str, Any]],
    releases: Mapping[str, About],
    outcomes: Mapping[str, int],
    today: date,
    *,
    stays: bool,
) -> Iterator[str]:
    """Sentences for a manager; `entries` are the answer's releases, `stays` whether anybody is known to have stayed."""
    if not joined.first_months:
        yield (
            "Nothing has been predicted yet for customers with an id, the last minutes apart. Score a table with their "
            "ids first (POST /jobs, or the page Batch); what becomes of them is reported here."
        )
    if not outcomes["rows"]:
        yield f"No outcomes have come in yet. {_SEND}"
    elif not stays:
        yield _NO_STAYS
    yield from _of_predictions(joined, entries, today)
    if outcomes["customers"] and joined.unknown > outcomes["customers"] / 2:
        yield (
            f"Of {outcomes['customers']:,} customers with an outcome {joined.unknown:,} were never predicted: see that "
            "their ids are written as in the files that are scored."
        )
    for entry in entries:
        yield from _of_release(entry, releases[entry["version"]])


def _of_predictions(joined: Joined, entries: Sequence[Mapping[str, Any]], today: date) -> Iterator[str]:
    predictions, matured, matched, treated = (
        sum(entry[name] for entry in entries) for name in ("predictions", "matured", "matched", "treated")
    )
    if not matured and joined.last_earlier:
        days = (today - joined.last_earlier).days + 1
        yield (
            f"{joined.earlier:,} predictions could be judged before, the last on "
            f"{day_in_words(joined.last_earlier)}, none since. To see what became of them, look back on {days:,} days "
            "or more."
        )
    if predictions and not matured and joined.ripening:
        held = "later ones are held" if joined.last_earlier else "predictions are held"
        yield (
            f"{predictions:,} {held}, and none of them is old enough to be judged; the first are on "
            f"{day_in_words(min(joined.ripening))}."
        )
    if judged := matured - treated:
        yield f"Of {judged:,} predictions that are old enough to be judged the outcome is known of {matched:,}."
        if matched < _ENOUGH_MATCHED * judged:
            yield f"Figures are of these alone, and the others may be unlike them. {_SEND}"
    if treated:
        yield f"{treated:,} predictions are of customers who were treated in a campaign; they are left out."


def _of_release(entry: Mapping[str, Any], about: About) -> Iterator[str]:
    name = f"The release {about.version}"
    if entry["predictions"] and about.window_is_assumed:
        yield (
            f"{name} does not say within how many months somebody left (label_window_months), so {about.window} is "
            "assumed: declare it in customer.toml and train again."
        )
    if entry["in_service"] and about.reference is None:
        yield f"{name} carries no reference of its training table, so drift cannot be shown: train again."
    if entry["verdict"]["state"] != "none":
        yield f"{name}: {entry['verdict']['words']}"


def missing(matched: int, found: Mapping[str, Figure | None], *, stays: bool) -> str | None:
    """Why figures are null; None if none is."""
    if all(found.values()):
        return None
    if matched and not stays:
        return _NO_STAYS
    if matched < FEWEST:
        return f"{matched} outcomes are known of ripe predictions; figures want {FEWEST}."
    return "All of these customers have the same outcome, which gives no AUC and no lift."
