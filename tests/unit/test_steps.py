"""How answers become rows, step by step, and in which order the steps of a pipeline run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.corpus import Corpus, count_documents
from analysis.kinds import result_tables
from analysis.options import Keyword, TextOptions
from analysis.pipelines import MONTHS, POSTS
from analysis.steps.entities import entity_rows
from analysis.steps.phrases import document_frequency, phrase_rows
from analysis.text.mentions import mention_rows, place_sentences
from analysis.text.phrases import repeats_subject, says_something
from models.documents import DocumentText
from models.tables import DistinctiveWord, Entity, Mention, Phrase, PostPolarity, Summary
from textapi.text.keywords import pattern

TEXT = "Tides rise. The harbour waits, says Ann.\nCovid-19 is not covid. Again: COVID!"
DOCUMENT = DocumentText(7, "nyt:7", "2020-03", TEXT)
COVID = Keyword.parse("covid:covid-19")


def test_a_mention_has_the_sentence_and_position_of_our_own_splitter() -> None:
    found = {"covid": ["Covid-19 is not covid.", "Again: COVID!"], "covid-19": []}
    rows = [
        (row["term"], row["position"], row["sentence"])
        for row in mention_rows(DOCUMENT, [COVID], place_sentences(DOCUMENT, found))
    ]
    assert rows == [("covid", 3, "Covid-19 is not covid."), ("covid", 4, "Again: COVID!")]


def test_a_sentence_that_covers_several_of_ours_is_a_mention_where_the_term_stands() -> None:
    found = {"covid": ["Covid-19 is not covid. Again: COVID!"], "covid-19": []}
    rows = mention_rows(DOCUMENT, [COVID], place_sentences(DOCUMENT, found))
    assert [(row["document_id"], row["position"]) for row in rows] == [(7, 3), (7, 4)]


def test_a_document_without_a_sentence_has_no_mention() -> None:
    nothing = place_sentences(DOCUMENT, {"covid": [], "covid-19": []})
    assert mention_rows(DOCUMENT, [COVID], nothing) == []


COVID_CORPUS = Corpus(
    "covid",
    {
        "2020-03": [
            (1, "covid test"),
            (2, "covid ward and covid test"),
            (3, "A Covid Ward. The covid."),
            (4, "covid ward"),
            (5, "covid bed"),
        ]
    },
)


def ranked(answers: list[list[str]], most: int) -> list[tuple[int, str, int]]:
    rows = phrase_rows(COVID_CORPUS, answers, ["covid"], TextOptions(phrases=most))
    return [(row["rank"], row["phrase"], row["count"]) for row in rows]


def test_phrases_are_ranked_by_the_documents_of_the_keyword_that_hold_them() -> None:
    answers = [["covid test", "\u2013 covid ward"], ["covid ward", "covid bed", "covid test"]]
    assert ranked(answers, 2) == [(1, "covid ward", 3), (2, "covid test", 2)]


def test_phrases_of_equal_counts_keep_the_order_of_the_engine_and_of_their_names() -> None:
    answers = [["ward and", "and covid"], ["covid ward and"]]
    assert [phrase for _, phrase, _ in ranked(answers, 3)] == [
        "covid ward and",
        "ward and",
        "and covid",
    ]


def test_phrases_that_occur_once_or_only_repeat_the_keyword_come_last() -> None:
    answers = [["covid", "the covid", "covid bed", "covid ward"], ["covid test"]]
    assert ranked(answers, 5) == [
        (1, "covid ward", 3),
        (2, "covid test", 2),
        (3, "covid", 5),
        (4, "the covid", 1),
        (5, "covid bed", 1),
    ]


@pytest.mark.parametrize(
    ("phrase", "repeats"),
    [
        ("Hong Kong", True),
        ("the hong kong", True),
        ("of Hong Kong\u2019s", True),
        ("kong", True),
        ("the hong kong protest", False),
        ("Hong Kong extradition", False),
    ],
)
def test_a_phrase_repeats_the_keyword_where_it_holds_nothing_else(
    phrase: str, *, repeats: bool
) -> None:
    assert repeats_subject(phrase, ["hong kong"]) is repeats


@pytest.mark.parametrize(
    ("phrase", "terms", "repeats"),
    [
        ("president quist", ["annquist", "Ann Quist"], True),
        ("ann", ["annquist", "Ann Quist"], True),
        ("President Ann Quist", ["quist", "Ann Quist"], True),
        ("president of quist", ["annquist", "Ann Quist"], False),
        ("quist president", ["annquist", "Ann Quist"], False),
        ("president gray", ["annquist", "Ann Quist"], False),
        ("general strike", ["strike"], False),
        ("general strike", ["school strike"], False),
    ],
)
def test_a_title_before_the_last_name_of_the_subject_says_nothing_new(
    phrase: str, terms: list[str], *, repeats: bool
) -> None:
    assert repeats_subject(phrase, terms) is repeats


@given(
    st.dictionaries(st.sampled_from(["covid", "bed", "test", "ward", "a ward"]), st.integers(0, 3))
)
def test_among_the_phrases_that_say_something_rank_never_contradicts_count(
    best_ranks: dict[str, int],
) -> None:
    answers: list[list[str]] = [[""] * 3 + [""] for _ in best_ranks]
    for answer, (phrase, rank) in zip(answers, best_ranks.items(), strict=True):
        answer[rank] = phrase

    rows = ranked(answers, 10)
    counts = [n for _, phrase, n in rows if says_something(phrase, n, ["covid"])]
    assert counts == sorted(counts, reverse=True)
    assert counts == [n for _, _, n in rows[: len(counts)]]


def test_a_document_is_counted_once_for_a_phrase_whatever_its_case() -> None:
    texts = ["A Tide. a tide.", "tidal", "THE TIDE"]
    assert document_frequency(texts, ["tide", "ebb"]) == {"tide": 2, "ebb": 0}


@pytest.mark.parametrize(
    ("phrase", "holding", "not_holding"),
    [
        (
            "storm warning",
            ["A storm  Warning!", "storm warning"],
            ["Snowstorm warnings.", "storm warnings"],
        ),
        ("storm", ["Storm-hit", "the storm\u2019s eye", "(storm)"], ["storms", "stormy", "@storm"]),
        ("storms", ["Storms."], ["A storm.", "Snowstorms."]),
        ("d.c. mayor", ["The D.C. Mayor"], ["C.D.C. mayor", "A.D.C. mayors"]),
        ("the u.s.", ["in the U.S.", "the U.S.-led"], ["the U.S.A.", "bathe U.S."]),
        ("pre-war", ["Pre\u2011war times"], ["pre-wars", "spre-war"]),
    ],
)
def test_a_phrase_is_counted_as_whole_words_and_a_plural_apart(
    phrase: str, holding: list[str], not_holding: list[str]
) -> None:
    assert document_frequency([*holding, *not_holding], [phrase]) == {phrase: len(holding)}


def test_entities_belong_to_the_period_of_their_chunk() -> None:
    corpus = Corpus("", {"2020-01": [(1, "NASA flies.")], "2020-02": [(2, "NASA lands.")]})
    rows = entity_rows(corpus, ["2020-01", "2020-02"], [[("ORG", "NASA")], [("ORG", "NASA")]])
    assert [(row["period"], row["name"], row["count"]) for row in rows] == [
        ("", "NASA", 2),
        ("2020-01", "NASA", 1),
        ("2020-02", "NASA", 1),
    ]


def test_the_terms_of_a_keyword_are_no_entities_of_its_documents() -> None:
    corpus = Corpus("nasa", {"2020-01": [(1, "NASA's Ann Quist flies.")]})
    answers = [[("ORG", "NASA's"), ("PERSON", "Ann Quist")]]
    rows = entity_rows(corpus, ["2020-01"], answers, [pattern("nasa")])
    assert {row["name"] for row in rows} == {"Ann Quist"}


def test_a_document_of_two_corpora_is_counted_once() -> None:
    corpora = [Corpus("a", {"2020-01": [(1, "x"), (2, "y")]}), Corpus("b", {"2020-01": [(2, "y")]})]
    assert count_documents(corpora) == 2


def test_the_keywords_of_a_month_come_first_and_the_other_steps_run_at_once() -> None:
    stages = [[step.name for step in stage] for stage in MONTHS.stages(MONTHS.steps)]
    assert stages[0] == ["keywords"]
    assert len(stages) == 2
    assert set(stages[1]) == set(MONTHS.names) - {"keywords"}


def test_no_step_of_posts_waits_for_another() -> None:
    assert len(list(POSTS.stages(POSTS.steps))) == 1


def test_a_selection_keeps_the_order_of_work_and_leaves_out_what_is_complete() -> None:
    selected = MONTHS.select(("entities", "keywords", "polarity"), completed={"keywords": 3})
    assert [step.name for step in selected] == ["polarity", "entities"]


def test_the_default_steps_are_those_of_the_contract() -> None:
    assert MONTHS.default_names == ("keywords", "polarity", "phrases", "entities", "distinctive")
    assert set(POSTS.default_names) == {"summary", "phrases", "entities", "polarity", "distinctive"}


def test_every_table_with_rows_of_a_step_is_known_to_erasure() -> None:
    assert set(result_tables()) == {Mention, Phrase, Entity, Summary, PostPolarity, DistinctiveWord}
