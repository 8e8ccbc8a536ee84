"""A subject with its terms, as the first sentence on a page names it."""

import pytest

from analysis.options import Keyword
from reports.words.subjects import introduce_subject


@pytest.mark.parametrize(
    ("keyword", "sentence"),
    [
        ("tide", "“tide”"),
        ("tide:ebb,flood", "“tide” (ebb, flood)"),
        ("tide:tide,ebb", "“tide” (ebb)"),
        ("tide:ebb,flood,surge", "“tide” (ebb, flood, surge)"),
        ("tide:ebb,flood,surge,wave,swell", "“tide” (ebb, flood, surge and 2 more)"),
        ("The sea:tide near/2 (ebb* OR flood)", "“The sea” (tide near/2 (ebb* OR flood))"),
        ("tide NOT ebb", "“tide NOT ebb”"),
    ],
)
def test_the_first_use_of_a_subject_names_at_most_three_of_its_terms(
    keyword: str, sentence: str
) -> None:
    assert introduce_subject(Keyword.parse(keyword)) == sentence


def test_a_long_query_is_cut() -> None:
    query = " OR ".join(f"tide{number}" for number in range(40))
    written = introduce_subject(Keyword.parse(f"The sea:{query}"))
    assert written.startswith("“The sea” (tide0 OR tide1 OR ")
    assert written.endswith("…)")
    assert len(written) < 100
