"""Events as a page shows them: at the bars, a line each, and among what a page begins with."""

from __future__ import annotations

from calendar import monthrange
from random import Random

import pytest

from analysis.grains import list_months
from models.database import Database
from reports.data.run_data import RunData, load_run
from reports.data.subject_names import read_names
from reports.pages.front_sentences import choose_leading
from reports.pages.month_findings import read_findings
from reports.pages.surprises import list_changes, list_events, read_notes, show_events
from tests.report_stories import Text, months_run, store

SYLLABLES = [first + second for first in "bdfgklmnprstvz" for second in "aeiou"]
# A month has so many headlines.
HEADLINES = 90


def news(month: str, keyword: str, n: int, about: str = "") -> list[Text]:
    """Return the headlines of a month: *n* with a keyword, on all its days, and others without.

    Their other words are made up, so that no two headlines are alike.
    """
    random = Random(month)
    last = monthrange(int(month[:4]), int(month[5:]))[1]
    texts = []
    for number in range(HEADLINES):
        words = ["".join(random.choices(SYLLABLES, k=3)).title() for _ in range(4)]
        if number < n:
            place = random.randrange(4)
            words[place:place] = [keyword, *about.split()]

        texts.append(Text(f"{month}-{1 + number % last:02}", f"{' '.join(words)}."))

    return texts


@pytest.fixture
def run(db: Database) -> RunData:
    """Return a run of 24 months with three storms a month, and two months of a flood."""
    texts = []
    for month in list_months("2019-01", "2020-12"):
        is_flood = month in ("2020-06", "2020-07")
        texts += news(month, "Storm", 45, "Floods Harbour") if is_flood else news(month, "Storm", 3)

    store(db, texts)
    return load_run(db, months_run(db, "2019-01", "2020-12", ["storm"]))


def test_an_event_is_written_at_its_bar_with_its_day_and_what_its_headlines_share(
    run: RunData,
) -> None:
    assert read_notes(run) == {"storm": {"2020-06": "1 Jun: Storm Floods Harbour"}}


def test_months_in_a_row_are_one_line_of_the_list_and_lead_to_their_documents(
    run: RunData,
) -> None:
    (line,) = list_events(run, show_events(run, None), texts=True)
    assert line.finding.text == (
        "Storm rose to 50.0 % of documents in June 2020 (45 of 90); 3.3 % is usual."
    )
    assert "also in July 2020" in line.finding.mark
    assert 'href="documents.html#subject=storm&amp;period=2020-06">45</a>' in (
        line.finding.text.__html__()  # type: ignore[attr-defined]
    )
    assert line.headline is not None
    assert "Floods Harbour" in line.headline.text
    # What only goes on with an event is no change of its own.
    assert list_changes(run) == []


def test_a_page_begins_with_the_event_and_does_not_tell_its_peak_again(run: RunData) -> None:
    findings = read_findings(run)
    topics = [finding.topic[0] for finding in findings["storm"]]
    assert topics[0] == "event"
    assert "share" not in topics
    leading = choose_leading(findings, 3)
    assert [finding.topic[0] for finding in leading] == ["event", "years"]


def test_a_subject_is_called_as_its_texts_write_it_unless_they_write_it_in_several_ways(
    db: Database,
) -> None:
    store(db, news("2020-01", "NASA", 9) + news("2020-02", "Nasa", 8) + news("2020-03", "iPad", 7))
    run = load_run(db, months_run(db, "2020-01", "2020-03", ["nasa", "IPAD", "absent"]))
    assert read_names(run) == {"nasa": "“nasa”", "IPAD": "iPad", "absent": "“absent”"}
