"""Samples of texts to be coded, drawn from runs on both databases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import Row, delete

from analysis.codebooks.codebook import Codebook
from analysis.codebooks.codebook_files import parse_codebook, read_shipped
from core.enums import SamplePart, SamplePeriod, SampleRule
from core.errors import NotFound, UsageError
from models.code_samples import count_dropped_units, list_strata
from models.codes import CodeValue, Coding, replace_codes
from models.database import Database
from models.tables import Document
from producers import code_sample
from producers.code_sample import DrawnSample, SampledText, draw_code_sample, read_code_sample
from reports.data.coded_samples import read_coded_samples
from reports.data.later_units import count_later_units
from reports.data.run_data import load_run
from tests.report_stories import Text, handles_run, months_run, store

RELEVANCE = read_shipped("relevance")
# 12 texts name the tide, 12 name what belongs to it, 24 do neither.
MARCH = [
    *(
        Text(f"2020-03-{day:02}", f"Tide floods the harbour of port {day}th.")
        for day in range(1, 13)
    ),
    *(
        Text(f"2020-03-{day:02}", f"Harbour closed, floods on {'abcdefghijklm'[day]} street.")
        for day in range(1, 13)
    ),
    *(
        Text(f"2020-03-{day:02}", f"Quiet {'abcdefghijklmnopqrstuvwxyz'[day]} day.")
        for day in range(1, 25)
    ),
]


def draw(
    db: Database, run: int, codebook: Codebook = RELEVANCE, **options: Any
) -> list[SampledText]:
    return draw_code_sample(
        db, run, codebook, **{"n": 12, "per": SamplePeriod.ALL, "seed": 1, **options}
    )


def strata_of(db: Database, run: int, codebook_id: int = 2) -> list[Row[Any]]:
    with db.read() as connection:
        return list_strata(connection, run, codebook_id)


def test_each_document_is_in_one_part_and_codes_go_where_documents_and_doubt_are(
    db: Database,
) -> None:
    store(db, MARCH)
    sample = draw(db, months_run(db, "2020-03", "2020-03", ["tide"]))
    strata = {stratum.part: stratum for stratum in strata_of(db, 1)}
    assert {part: stratum.population for part, stratum in strata.items()} == {
        SamplePart.MENTION: 12,
        SamplePart.NEAR_MISS: 12,
        SamplePart.REST_2: 1,
        SamplePart.REST_3: 3,
        SamplePart.REST_4: 6,
        SamplePart.REST: 14,
    }
    assert {part: stratum.drawn for part, stratum in strata.items()} == {
        SamplePart.MENTION: 4,
        SamplePart.NEAR_MISS: 4,
        SamplePart.REST_2: 0,
        SamplePart.REST_3: 1,
        SamplePart.REST_4: 1,
        SamplePart.REST: 2,
    }
    first_words = [text.text.split()[0] for text in sample]
    assert Counter(first_words) == {"Tide": 4, "Harbour": 4, "Quiet": 4}
    assert set(first_words[:5]) == {"Tide", "Harbour", "Quiet"}


def test_the_sample_is_the_same_again_and_a_larger_one_contains_it(db: Database) -> None:
    store(db, MARCH)
    run = months_run(db, "2020-03", "2020-03", ["tide"])
    smaller = draw(db, run)
    assert draw(db, run) == smaller == read_code_sample(db, run, 2)
    assert draw(db, run, n=20)[:12] == smaller
    assert draw(db, run, seed=2) != smaller
    assert len(draw(db, run, n=500)) == 48


def test_repeats_are_drawn_once_and_weigh_what_they_are(db: Database) -> None:
    store(
        db, [*MARCH, *(Text(f"2020-03-{day:02}", f"Tide tables for {day}.") for day in range(1, 9))]
    )
    run = months_run(db, "2020-03", "2020-03", ["tide"])
    sample = draw(db, run, n=100)
    tables = [text for text in sample if text.text.startswith("Tide tables")]
    assert [text.text for text in tables] == ["Tide tables for 1."]
    mentions = next(stratum for stratum in strata_of(db, run) if stratum.part == "mention")
    assert (mentions.population, mentions.texts, mentions.drawn) == (20, 13, 13)


def test_new_documents_change_no_earlier_draw_but_for_those_before_it(db: Database) -> None:
    store(db, MARCH)
    before = {text.item for text in draw(db, months_run(db, "2020-03", "2020-03", ["tide"]), n=48)}
    more = [Text(f"2020-03-{day:02}", f"Rain on {'abcdefghij'[day]} hill.") for day in range(1, 9)]
    store(db, more, prefix="more")
    after = {text.item for text in draw(db, months_run(db, "2020-03", "2020-03", ["tide"]), n=56)}
    assert before < after


def test_a_copy_that_was_drawn_stays_when_an_earlier_one_comes(db: Database) -> None:
    copies = [Text("2020-03-20", "Numbers of 20 days."), Text("2020-03-21", "Numbers of 21 days.")]
    store(db, [*MARCH, *copies])
    run = months_run(db, "2020-03", "2020-03", ["tide"])
    drawn = [text.text for text in draw(db, run, n=100) if "Numbers" in text.text]
    assert drawn == ["Numbers of 20 days."]

    store(db, [Text("2020-03-02", "Numbers of 2 days.")], prefix="late")
    assert [text.text for text in draw(db, run, n=100) if "Numbers" in text.text] == drawn
    with db.write() as connection:
        connection.execute(delete(Document).where(Document.text == drawn[0]))

    now_drawn = [text.text for text in draw(db, run, n=100) if "Numbers" in text.text]
    assert now_drawn == ["Numbers of 2 days."]


def test_a_text_that_repeats_in_two_months_is_drawn_in_each(db: Database) -> None:
    days = ("2020-03-01", "2020-03-02", "2020-04-01", "2020-04-02")
    store(db, [Text(day, f"Tide tables for {number}.") for number, day in enumerate(days)])
    run = months_run(db, "2020-03", "2020-04", ["tide"])
    first, both = (
        draw_code_sample(db, run, RELEVANCE, n=n, per=SamplePeriod.MONTH, seed=1) for n in (1, 2)
    )
    assert sorted(text.period for text in both) == ["2020-03", "2020-04"]
    assert {text.unit for text in first} < {text.unit for text in both}


def test_a_sample_that_is_drawn_twice_at_once_is_stored_once(db: Database) -> None:
    store(db, [Text(f"2020-03-{day:02}", f"Tide {day}: port {day * 'a'}.") for day in range(1, 9)])
    run = months_run(db, "2020-03", "2020-03", ["tide"])
    samples = [
        DrawnSample.draw(db, run, RELEVANCE, n=5, per=SamplePeriod.MONTH, seed=1) for _ in range(4)
    ]
    barrier = Barrier(len(samples))

    def store_sample(sample: DrawnSample) -> int:
        barrier.wait(timeout=30)
        with db.write() as connection:
            return sample.store(connection)

    with ThreadPoolExecutor(len(samples)) as threads:
        (codebook_id,) = set(threads.map(store_sample, samples))

    assert len(read_code_sample(db, run, codebook_id)) == 5


def test_periods_and_keywords_get_as_many_texts(db: Database) -> None:
    april = [Text(text.at.replace("-03-", "-04-"), text.text) for text in MARCH]
    store(db, MARCH + april)
    run = months_run(db, "2020-03", "2020-04", ["tide", "harbour"])
    sample = draw(db, run, n=40, per=SamplePeriod.MONTH)
    counts = Counter((text.period, text.keyword) for text in sample)
    for place, n in {
        ("2020-03", "tide"): 10,
        ("2020-03", "harbour"): 10,
        ("2020-04", "tide"): 10,
        ("2020-04", "harbour"): 10,
    }.items():
        # Each part has a random start of its own.
        assert abs(counts[place] - n) <= 2

    assert {stratum.period for stratum in strata_of(db, run)} == {"2020-03", "2020-04"}
    draw(db, run, n=40, per=SamplePeriod.QUARTER)
    assert {stratum.period for stratum in strata_of(db, run)} == {"2020-Q1", "2020-Q2"}


def test_mentions_are_drawn_from_sentences_and_posts_from_authored_posts(db: Database) -> None:
    store(db, [*MARCH, Text("2020-03-03", "A post on the tide.", handle="ann", source="x")])
    run = months_run(db, "2020-03", "2020-03", ["tide"])
    mentions = draw(db, run, read_shipped("polarity"), n=500)
    assert len(mentions) == 12
    assert {text.unit.position for text in mentions} == {1}

    posts = parse_codebook(
        b"{name: frames, unit: post, variables: [{name: a, question: b, type: yes-no}]}", "f"
    )
    accounts = handles_run(db, ["ann"])
    assert [text.text for text in draw(db, accounts, posts)] == ["A post on the tide."]
    with pytest.raises(UsageError, match="asks of keywords, which run 2 of handles does not have"):
        draw(db, accounts)

    with pytest.raises(UsageError, match="the unit of the codebook frames is a post"):
        draw(db, run, posts)


def test_a_sample_goes_with_its_documents_and_a_missing_run_is_named(db: Database) -> None:
    store(db, MARCH)
    run = months_run(db, "2020-03", "2020-03", ["tide"])
    sample = draw(db, run)
    with db.write() as connection:
        connection.execute(delete(Document).where(Document.identity == sample[0].document))

    assert read_code_sample(db, run, 2) == sample[1:]
    with pytest.raises(NotFound, match="there is no run 9"):
        draw(db, 9)


def code(db: Database, run: int, texts: Sequence[SampledText]) -> None:
    codes = {text.unit: {"relevant": CodeValue("yes")} for text in texts}
    with db.write() as connection:
        replace_codes(connection, db, Coding(run, 2, "person:Ann"), codes)


def count_dropped(db: Database, run: int) -> int:
    with db.read() as connection:
        return count_dropped_units(connection, run, 2)


def test_a_smaller_sample_keeps_what_is_coded(db: Database) -> None:
    store(db, MARCH)
    run = months_run(db, "2020-03", "2020-03", ["tide"])
    larger = draw(db, run, n=40)
    code(db, run, larger[:25])
    smaller = draw(db, run, n=10)
    assert {text.item for text in larger[:25]} <= {text.item for text in smaller}
    assert smaller[:10] == larger[:10]
    assert len(smaller) < 40
    assert count_dropped(db, run) == 0


def test_later_months_get_texts_beside_those_that_are_coded(db: Database) -> None:
    store(db, MARCH)
    april = [Text(text.at.replace("-03-", "-04-"), f"{text.text} Again.") for text in MARCH]
    run = months_run(db, "2020-03", "2020-04", ["tide"])
    coded = draw(db, run, n=30, per=SamplePeriod.MONTH)
    code(db, run, coded)
    run_data = load_run(db, run)
    assert count_later_units(run_data, read_coded_samples(run_data)[0]) == 0

    store(db, april, prefix="later")
    run_data = load_run(db, run)
    assert count_later_units(run_data, read_coded_samples(run_data)[0]) == len(april)
    sample = draw(db, run, n=30, per=SamplePeriod.MONTH)
    periods = Counter(text.period for text in sample)
    assert periods["2020-03"] == 30
    assert 10 <= periods["2020-04"] <= 20
    assert {text.item for text in coded} <= {text.item for text in sample}
    assert count_dropped(db, run) == 0


def test_documents_between_those_that_were_drawn_push_no_code_out(db: Database) -> None:
    store(db, MARCH)
    run = months_run(db, "2020-03", "2020-03", ["tide"])
    coded = draw(db, run, n=20)
    code(db, run, coded)
    more = [
        Text(f"2020-03-{day:02}", f"Rain {'abcdefghijklmnopqrstuvwxyz'[day]} hill.")
        for day in range(1, 25)
    ]
    store(db, more, prefix="more")
    sample = draw(db, run, n=20)
    assert {text.item for text in coded} <= {text.item for text in sample}
    assert count_dropped(db, run) == 0


def test_a_sample_that_an_earlier_version_began_grows_by_its_rule(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [
        Text(f"2020-{3 + n % 2:02}-{1 + n % 28:02}", f"Quiet {_word(n)} day.") for n in range(400)
    ]
    texts += [Text(f"2020-{month:02}-01", "The week in figures.") for month in (3, 4)]
    store(db, texts)
    run = months_run(db, "2020-03", "2020-04", ["tide"])
    draw(db, run, n=1)
    with monkeypatch.context() as patch:
        patch.setattr(code_sample, "_find_rule", lambda *_: SampleRule.TEXT)
        coded = draw(db, run, n=30)

    code(db, run, coded)
    larger = draw(db, run, n=60)
    assert {stratum.rule for stratum in strata_of(db, run)} == {SampleRule.TEXT}
    assert {text.item for text in coded} <= {text.item for text in larger}
    assert len(larger) == 60
    assert count_dropped(db, run) == 0


def test_another_seed_draws_another_sample_and_counts_the_codes_that_are_not_in_it(
    db: Database,
) -> None:
    texts = [Text(f"2020-03-{1 + n % 28:02}", f"Quiet {_word(n)} day.") for n in range(400)]
    store(db, texts)
    run = months_run(db, "2020-03", "2020-03", ["tide"])
    coded = draw(db, run, n=30)
    code(db, run, coded)
    other = draw(db, run, n=30, seed=2)
    assert len(other) == 30
    shared = {text.item for text in coded} & {text.item for text in other}
    assert count_dropped(db, run) == 30 - len(shared) > 20
    assert {text.item for text in draw(db, run, n=30)} == {text.item for text in coded}
    assert count_dropped(db, run) == 0


def _word(number: int) -> str:
    return "".join("abcdefghij"[int(digit)] for digit in f"{number:03}")
