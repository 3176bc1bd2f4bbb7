"""Reading the table of who has opted out."""

import pytest

from churn_api.campaigns import opt_out_list


@pytest.mark.parametrize("blank", ["\v", "\f", "\x1c", "\x85", "\u2028"])
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_only_line_ends_end_a_row(blank: str, size: int) -> None:
    text = f'customerID,note\r\nA,first{blank}second\r\nB,"a\nb"\r\n\r\nC,\r\n'.encode()
    blocks = (text[start : start + size] for start in range(0, len(text), size))
    assert list(opt_out_list.of_table(blocks, "customerID", 1)) == ["A", "B", "C"]
