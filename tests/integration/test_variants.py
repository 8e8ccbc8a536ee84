"""A run without its repeated texts, and without its bulk days."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

from models.database import Database
from models.tables import Document, JobStep, Mention
from reports.data.bulk_days import find_bulk_days
from reports.data.run_data import RunData, load_run
from reports.data.tables.periods import read_periods
from reports.data.variants import read_variants
from reports.findings.confirmed import read_confirmed
from reports.findings.finding import Fact
from reports.findings.run_facts import read_month_facts
from tests import exports_kit as kit

LAST = {"last": "2020-03", "documents": 9, "later": ["2020-04"], "grain": "month"}
LETTER = "Covid Letter: What Happened Today."


def covid_run(db: Database) -> RunData:
    """Return two months: a document every day, a letter five times, one day with sixty more."""
    run, jobs = kit.months(db, "2020-03", "2020-04", steps=("keywords", "polarity"))
    words = [chr(97 + number // 26) + chr(97 + number % 26) for number in range(91)]
    texts = [(f"2020-03-{day:02}", f"{words[day]} covid {words[day]}q") for day in range(1, 32)]
    texts += [(f"2020-04-{day:02}", "Rain Again.") for day in range(1, 31)]
    texts += [(f"2020-04-{day:02}", LETTER) for day in range(1, 6)]
    texts += [("2020-03-17", f"{word} covid {word}q") for word in words[31:]]
    documents, mentions = [], []
    for number, (day, text) in enumerate(texts, 1):
        published = {"text": text, "published_at": datetime.fromisoformat(day)}
        documents.append(kit.document(number, f"{number:03}", day[:7], **published))
        if "covid" in text.casefold():
            mentions.append(kit.mention(jobs[day[:7]], number, "covid", 1, 0.0))

    kit.add(db, Document, *documents)
    kit.add(db, Mention, *mentions)
    kit.add(db, JobStep, *(kit.step(job, name) for job in jobs.values() for name in kit.TEXT_STEPS))
    return load_run(db, run)


def counts(run: RunData | None) -> list[tuple[int, int | None]]:
    assert run is not None
    return [(row.documents, row.matched) for row in read_periods(run) if row.term is None]


def test_a_variant_counts_the_run_without_its_repeats_or_its_bulk_days(db: Database) -> None:
    run = covid_run(db)
    variants = read_variants(run)

    assert find_bulk_days(run) == {date(2020, 3, 17)}
    assert counts(run) == [(91, 91), (35, 5)]
    # Two of the texts of March are equal.
    assert counts(variants.without_repeats) == [(90, 90), (2, 1)]
    assert counts(variants.without_bulk_days) == [(30, 30), (35, 5)]
    assert read_variants(run) == variants


def test_a_fact_that_changes_without_repeats_has_both_numbers(db: Database) -> None:
    facts = read_confirmed(covid_run(db), read_month_facts)
    assert [fact.text for fact in facts["covid"]] == [
        "Covid was in 100.0 % of documents in March 2020 (91) and in 14.3 % in April 2020 (5)."
    ]
    assert [fact.mark for fact in facts["covid"]] == ["without repeats 100.0 % and 50.0 %"]


SILENT = {"silent": 1, "accounts": 2, "subjects": "accounts", "noun": "post"}


def test_a_fact_is_printed_as_it_is_or_with_what_changes_or_not_at_all(db: Database) -> None:
    def read_facts(run: RunData) -> dict[str, list[Fact]]:
        is_whole = not run.selection
        moved = Fact("last mention", "“covid”", ("moved",), (run.selection.days,), LAST)
        return {
            "covid": [
                Fact("last mention", "“covid”", ("kept",), ("2020-03",), LAST, counts=(100,)),
                moved,
                *([replace(moved, topic=("gone",))] if is_whole else []),
                Fact("silent accounts", "", ("plain",), (), SILENT),
            ]
        }

    texts = [fact.text for fact in read_confirmed(covid_run(db), read_facts)["covid"]]
    said = "“covid” last appears in March 2020; the 9 documents of the month since have none."
    moved = f"{said} Without bulk days, it last appears in March 2020."
    assert texts == [said, moved, "1 of 2 accounts has no posts; the table says why."]
