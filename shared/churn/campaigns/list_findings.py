"""What came of two lists that were tried on a campaign, in sentences, which a manager reads."""

from collections.abc import Iterator, Mapping
from typing import Any

from churn.campaigns.findings import SURE, WHERE, customers, share, whole
from churn.customer.phrases import money


def sentences(result: Mapping[str, Any], currency: str, *, final: bool) -> Iterator[str]:
    """Sentences about the figures of two lists, what came of them first, and before that why it is not to be trusted.

    `result` has the members that GET /campaigns/<id>/result shows as `experiment`, money in the currency.
    """
    champion, challenger, ratio = (result[name] for name in ("champion", "challenger", "sample_ratio"))
    drawn = champion["customers"] + challenger["customers"]
    if ratio["suspicious"]:
        yield (
            f"Do not trust the difference yet: of the customers whose outcome is known, {share(ratio['share'])} were "
            f"drawn for the champion's list where half were, which is no chance. Send the outcomes of both {WHERE}."
        )
    if not drawn:
        yield "The two lists differ on nobody, so nothing can be said of which is better."
        return
    if result["saved"]["customers"] is None:
        yield f"Nothing can be said of the two lists yet: outcomes of customers of both are needed {WHERE}."
        return
    yield _compared(result, drawn)
    yield _earned(result["money"], currency)
    yield from _chance(result, final=final)
    if not final:
        yield "The ranges hold however often you look, and so are wider than they will be at the end."
    if result["unknown"]:
        yield f"Of {result['unknown']:,} of {customers(drawn)} nobody has told yet what became of them."


def _compared(result: Mapping[str, Any], drawn: int) -> str:
    champion, challenger, saved = (result[name] for name in ("champion", "challenger", "saved"))
    number = round(saved["customers"])
    sure = f"{SURE} of {whole(saved['low'])} to {whole(saved['high'])}"
    return (
        f"Of {champion['known']:,} who were treated as the champion's list says, {share(champion['churn_rate'])} left; "
        f"of {challenger['known']:,} as the challenger's says, {share(challenger['churn_rate'])}: of the "
        f"{customers(drawn)} on whom the lists differ, the challenger's saves about "
        f"{abs(number):,} {'fewer' if number < 0 else 'more'} ({sure})."
    )


def _earned(earned: Mapping[str, float], currency: str) -> str:
    def amount(number: float) -> str:
        return money(round(number), currency, ",d")

    def than(number: float) -> str:
        return f"{amount(abs(number))} {'less' if number < 0 else 'more'}"

    return (
        f"By it all of them would have brought about {than(earned['saved'])}, after {than(earned['cost'])} of costs "
        f"({SURE}: {amount(earned['low'])} to {amount(earned['high'])}); {than(earned['promised'])} was promised."
    )


def _chance(result: Mapping[str, Any], *, final: bool) -> Iterator[str]:
    difference = result["difference"]
    if difference["low"] <= 0 <= difference["high"]:
        yield "Chance alone could make such a difference: " + (
            "this campaign cannot tell which list is better."
            if final
            else "it is too early to tell which list is better."
        )
    else:
        better, other = ("challenger", "champion") if difference["value"] < 0 else ("champion", "challenger")
        yield f"The {better}'s list keeps more customers than the {other}'s, which is no chance."
