"""Answering GET /overview: a handful of small reads, which a process makes at most every few seconds."""

from datetime import datetime, timedelta

from churn.clock import Clock, now
from churn.store.interface import ObjectStore
from churn_api.answers import risk_bands
from churn_api.overview.answers import LastRun, ModelLine, OverviewAnswer
from churn_api.overview.lines import campaign_lines, challenger_line, digest_line, model_line, quality_lines
from churn_api.overview.scoring_runs import described, last_run
from churn_api.releases.watcher import Releases

# For how long an answer is given again.
HELD = timedelta(seconds=5)

OFF = (
    "Predictions are not tracked, so nothing is summed up. Set CHURN_TRACKING=on for the API and the workers, and "
    "score a file of customers."
)
NOTHING = (
    "Nothing has been scored yet. Score a file of your customers first (POST /jobs, or the page Batch); how many and "
    "how much is at risk is shown here as soon as that is done."
)
NO_MODEL = "No model has been released yet, so nothing can be scored. Train one first (make train)."


class OverviewService:
    """The answers of GET /overview; `tracked` is whether anything is tracked."""

    def __init__(self, store: ObjectStore, releases: Releases, *, tracked: bool, clock: Clock = now) -> None:
        self._store, self._releases, self._tracked, self._clock = store, releases, tracked, clock
        self._held: tuple[datetime, OverviewAnswer] | None = None

    def answer(self) -> OverviewAnswer:
        """The answer, at most HELD old. Raises StoreUnavailable.

        Two who ask at once may both make it: nobody waits for who waits for the store.
        """
        moment, held = self._clock(), self._held
        if held is None or not timedelta(0) <= moment - held[0] < HELD:
            held = self._held = moment, self._made(moment)
        return held[1]

    def _made(self, moment: datetime) -> OverviewAnswer:
        run, model = last_run(self._store), model_line(self._releases, moment)
        quality, drift = quality_lines(self._store)
        return OverviewAnswer(
            tracking="on" if self._tracked else "off",
            words=_words(run, model, moment, tracked=self._tracked),
            risk_bands=risk_bands(),
            run=run,
            campaigns=campaign_lines(self._store),
            quality=quality,
            drift=drift,
            model=model,
            challenger=challenger_line(self._store),
            alerts=digest_line(self._store),
        )


def _words(run: LastRun | None, model: ModelLine | None, moment: datetime, *, tracked: bool) -> list[str]:
    words = []
    if run:
        ago = _ago(moment - datetime.fromisoformat(run.scored_at))
        refused = f", {run.refused:,} more refused" if run.refused else ""
        words.append(f"Scored {ago}: {described(run.total.customers, run.filename)}{refused}.")
        if run.monthly_value is None:
            words.append(
                "The declaration has no monthly value (role = monthly_value), so customers are counted and no money."
            )
        elif run.without_value:
            words.append(f"Of {run.without_value:,} of them {run.monthly_value} is not known: they count for no money.")
    if not tracked:
        words.append(OFF)
    elif not run:
        words.append(NOTHING if model else NO_MODEL)
    return words


def _ago(span: timedelta) -> str:
    """How long ago, in rough words: "just now", "5 minutes ago", "3 days ago"."""
    seconds = span.total_seconds()
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= length:
            count = int(seconds // length)
            return f"{count:,} {unit}{'' if count == 1 else 's'} ago"
    return "just now"
