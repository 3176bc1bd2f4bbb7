"""What came of a campaign, as a manager reads it."""

from datetime import date

import pytest
from tests import campaign_answer

from churn.campaigns.findings import sentences

LOST = {
    "saved": {"customers": -30.0, "low": -81.0, "high": 19.0},
    "money": {"saved": -17_000.0, "low": -26_000.0, "high": -9000.0, "cost": 12_000.0, "promised": 18_432.0},
    "difference": {"value": 0.025, "low": -0.016, "high": 0.068, "interval": "newcombe"},
}
MORE = {"money": {"saved": 20_412.0, "low": 19_749.0, "high": 33_264.0, "cost": 12_000.0, "promised": 18_432.0}}
SUSPICIOUS = {"sample_ratio": {"expected_share": 0.2, "share": 0.085, "p": 0.00002, "suspicious": True}}
ODD = {"already_left": 1, "unknown": 900, "before": 2, "contradictory": 1}


def told(*, final: bool = True, currency: str = "$", **changes: object) -> list[str]:
    """The sentences, with spaces that may break."""
    answer = campaign_answer.result(final=final, **changes)
    return [sentence.replace("\xa0", " ") for sentence in sentences(answer, currency, date(2027, 3, 2))]


def test_a_manager_reads_what_came_of_it_and_what_it_earned() -> None:
    assert told() == [
        "Of 1,200 called, 38 % left; of 300 not called, 47 %: about 108 customers saved, 95 % sure of 41 to 176.",
        "That brought about $20,412 after $12,000 of costs (95 % sure: $7,749 to $33,264); $18,432 was promised.",
        "What was promised lies within what may have come.",
        "The campaign is closed, and everybody had the whole label window to leave.",
        "6 customers had left before the start and are left out of both groups.",
        "Of 1,100 called of whom it is known, 310 accepted the offer.",
    ]


def test_amounts_are_in_the_currency_of_the_campaign() -> None:
    assert told(currency="EUR")[1].startswith("That brought about EUR 20,412 after EUR 12,000 of costs")


def test_a_campaign_that_drove_customers_away_says_so() -> None:
    assert told(**LOST)[:4] == [
        (
            "Of 1,200 called, 38 % left; of 300 not called, 47 %: about 30 customers more left than without the calls "
            "(saved: 95 % sure of −81 to 19)."
        ),
        "That lost about $17,000 after $12,000 of costs (95 % sure: −$26,000 to −$9,000); $18,432 was promised.",
        "Less came than was promised: plan the next campaign with the measured save rates.",
        "Chance alone could make such a difference: this campaign cannot tell whether it worked.",
    ]


def test_more_than_was_promised_may_come() -> None:
    assert "More came than was promised." in told(**MORE)


def test_before_the_end_nothing_is_said_of_the_promise_but_what_the_ranges_mean_is() -> None:
    assert told(final=False)[2:5] == [
        "Chance alone could make such a difference: it is too early to tell whether it works.",
        (
            "Whoever leaves until March 2, 2027 counts, and on March 9, 2027 all outcomes are in: until then the "
            "figures may still move."
        ),
        "The ranges hold however often you look, and so are wider than they will be at the end.",
    ]


def test_a_campaign_whose_outcomes_are_in_is_to_be_closed() -> None:
    words = told(final=False, ripens=None)
    assert "All outcomes are in: close the campaign for its final result, by which the next plan can go." in words


def test_without_outcomes_it_is_said_what_to_send_and_where() -> None:
    early = campaign_answer.early()
    assert told(**{name: early[name] for name in early if name != "words"})[:2] == [
        "Nothing can be said yet: outcomes of both are needed, of those who were called and those held out.",
        "Send who left and who stayed (page Quality, or POST /outcomes), held-out customers as well.",
    ]


def test_why_a_result_is_not_to_be_trusted_comes_first() -> None:
    assert told(**SUSPICIOUS)[0] == (
        "Do not trust the difference yet: of the customers whose outcome is known, 8.5 % are held out where 20 % were "
        "drawn, which is no chance. Of one group fewer outcomes were sent: send those of both (page Quality, or POST "
        "/outcomes)."
    )


@pytest.mark.parametrize(
    "words",
    [
        "Of 900 of 1,500 customers nobody has told yet what became of them.",
        "They may be unlike the others: send who left and who stayed of all of them (page Quality, or POST /outcomes).",
        "Of 2 customers only outcomes from before the start are known, which say nothing of the campaign.",
        (
            "1 customer is said to have been in the other group, such as a held-out customer who was called: they "
            "count as they were drawn, and blur the comparison."
        ),
        "1 customer had left before the start and is left out of both groups.",
    ],
)
def test_what_is_odd_about_the_outcomes_is_said(words: str) -> None:
    assert words in told(**ODD)
