"""What came of a campaign in sentences, which a manager reads."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from churn.customer.phrases import money, percent
from churn.months import day_in_words

# Below this share of known outcomes a warning is due: those of whom nobody told are seldom like the others.
_ENOUGH_KNOWN = 0.5

WHERE = "(page Quality, or POST /outcomes)"
"""How whoever reads this gets outcomes into the service."""

SURE = "95\N{NO-BREAK SPACE}% sure"
"""What an interval is told with."""


def sentences(result: Mapping[str, Any], currency: str, ends: date) -> Iterator[str]:
    """Sentences about the figures of a result, what came of it first, and before that why it is not to be trusted.

    `result` has the members that GET /campaigns/<id>/result shows, and `ends` is the last day that counts.
    """
    yield from _Findings(result, currency, ends).all()


class _Findings:
    def __init__(self, result: Mapping[str, Any], currency: str, ends: date) -> None:
        self._result, self._currency, self._ends = result, currency, ends
        self._treated, self._held_out, self._saved = (result[name] for name in ("treated", "held_out", "saved"))

    def all(self) -> Iterator[str]:
        """All sentences that apply."""
        yield from self._sample_ratio()
        if self._saved["customers"] is None:
            yield "Nothing can be said yet: outcomes of both are needed, of those who were called and those held out."
            yield f"Send who left and who stayed {WHERE}, held-out customers as well."
        else:
            yield self._compared()
            yield self._earned()
            yield from self._kept_promise()
            yield from self._chance()
        yield from self._stage()
        yield from self._outcomes()
        yield from self._accepted()
        if self._result.get("experiment"):
            yield "Whoever is on one of the two lists alone is in no figure above: see what came of the two lists."

    def _sample_ratio(self) -> Iterator[str]:
        ratio = self._result["sample_ratio"]
        if ratio["suspicious"]:
            yield (
                f"Do not trust the difference yet: of the customers whose outcome is known, {share(ratio['share'])} "
                f"are held out where {share(ratio['expected_share'])} were drawn, which is no chance. Of one group "
                f"fewer outcomes were sent: send those of both {WHERE}."
            )

    def _compared(self) -> str:
        """Of 1,200 called, 38 % left; of 300 not called, 47 %: about 108 customers saved, 95 % sure of 41 to 176."""
        treated, held_out, saved = self._treated, self._held_out, self._saved
        left = (
            f"Of {treated['known']:,} called, {share(treated['churn_rate'])} left; of {held_out['known']:,} not "
            f"called, {share(held_out['churn_rate'])}"
        )
        number = round(saved["customers"])
        sure = f"{SURE} of {whole(saved['low'])} to {whole(saved['high'])}"
        if number < 0:
            return f"{left}: about {customers(-number)} more left than without the calls (saved: {sure})."
        return f"{left}: about {customers(number)} saved, {sure}."

    def _earned(self) -> str:
        earned = self._result["money"]
        verb = "lost" if earned["saved"] < 0 else "brought"
        return (
            f"That {verb} about {self._money(abs(earned['saved']))} after {self._money(earned['cost'])} of costs "
            f"({SURE}: {self._money(earned['low'])} to {self._money(earned['high'])}); "
            f"{self._money(earned['promised'])} was promised."
        )

    def _money(self, amount: float) -> str:
        return money(round(amount), self._currency, ",d")

    def _kept_promise(self) -> Iterator[str]:
        """Whether the promise was kept; before the end it cannot be, since only a part of the leavers have left."""
        earned = self._result["money"]
        if not self._result["final"]:
            return
        if earned["promised"] > earned["high"]:
            yield "Less came than was promised: plan the next campaign with the measured save rates."
        elif earned["promised"] < earned["low"]:
            yield "More came than was promised."
        else:
            yield "What was promised lies within what may have come."

    def _chance(self) -> Iterator[str]:
        difference = self._result["difference"]
        if difference["low"] <= 0 <= difference["high"]:
            yield "Chance alone could make such a difference: " + (
                "this campaign cannot tell whether it worked."
                if self._result["final"]
                else "it is too early to tell whether it works."
            )

    def _stage(self) -> Iterator[str]:
        """Whether the figures may still move, and what their ranges mean until then."""
        if self._result["final"]:
            yield "The campaign is closed, and everybody had the whole label window to leave."
            return
        if self._result["ripens"] is None and self._result["status"] == "closed":
            yield "It is not final, and no save rate is measured, until the whole list of its customers can be read."
        elif self._result["ripens"] is None:
            yield "All outcomes are in: close the campaign for its final result, by which the next plan can go."
        else:
            ripens = date.fromisoformat(self._result["ripens"])
            yield (
                f"Whoever leaves until {day_in_words(self._ends)} counts, and on {day_in_words(ripens)} all outcomes "
                "are in: until then the figures may still move."
            )
        if self._saved["customers"] is not None:
            yield "The ranges hold however often you look, and so are wider than they will be at the end."

    def _outcomes(self) -> Iterator[str]:
        """What is to be known of the outcomes that this rests on."""
        result, chosen = self._result, self._treated["customers"] + self._held_out["customers"]
        if result["unknown"]:
            yield f"Of {result['unknown']:,} of {customers(chosen)} nobody has told yet what became of them."
        if result["ripens"] is None and result["unknown"] > (1 - _ENOUGH_KNOWN) * chosen:
            yield f"They may be unlike the others: send who left and who stayed of all of them {WHERE}."
        if before := result["before"]:
            yield (
                f"Of {customers(before)} only outcomes from before the start are known, which say nothing of the "
                "campaign."
            )
        if contradictory := result["contradictory"]:
            yield (
                f"{customers(contradictory)} {'is' if contradictory == 1 else 'are'} said to have been in the other "
                "group, such as a held-out customer who was called: they count as they were drawn, and blur the "
                "comparison."
            )
        if gone := result["already_left"]:
            yield (
                f"{customers(gone)} had left before the start and {'is' if gone == 1 else 'are'} left out of both "
                "groups."
            )

    def _accepted(self) -> Iterator[str]:
        accepted = self._result["accepted"]
        if accepted["known"]:
            yield f"Of {accepted['known']:,} called of whom it is known, {accepted['accepted']:,} accepted the offer."


def customers(number: int) -> str:
    """1 customer, 1,200 customers."""
    return f"{number:,} customer{'' if number == 1 else 's'}"


def whole(number: float) -> str:
    """A number without decimals: 1,200."""
    return money(round(number), "", ",d")


def share(part: float) -> str:
    """A share without needless decimals: 38 %, 38.5 %."""
    return percent(part, 0 if f"{part:.1%}".endswith(".0%") else 1)
