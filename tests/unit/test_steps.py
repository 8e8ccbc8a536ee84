"""How answers become rows, step by step, and in which order the steps of a pipeline run."""

from __future__ import annotations

from analysis.corpus import Corpus, count_documents
from analysis.options import Keyword, TextOptions
from analysis.pipelines import MONTHS, POSTS, result_tables
from analysis.steps.entities import entity_rows
from analysis.steps.phrases import document_frequency, phrase_rows
from analysis.text.mentions import mention_rows
from models.documents import DocumentText
from models.tables import DistinctiveWord, Entity, Mention, Phrase, PostPolarity, Summary
from textapi.text.keywords import pattern

TEXT = "Tides rise. The harbour waits, says Ann.\nCovid-19 is not covid. Again: COVID!"
DOCUMENT = DocumentText(7, "nyt:7", "2020-03", TEXT)
COVID = Keyword.parse("covid:covid-19")


def test_a_mention_has_the_sentence_and_position_of_our_own_splitter() -> None:
    found = {"covid": ["Covid-19 is not covid.", "Again: COVID!"], "covid-19": []}
    rows = [
        (r["term"], r["position"], r["sentence"]) for r in mention_rows(DOCUMENT, [COVID], found)
    ]
    assert rows == [("covid", 3, "Covid-19 is not covid."), ("covid", 4, "Again: COVID!")]


def test_a_sentence_that_covers_several_of_ours_is_a_mention_where_the_term_stands() -> None:
    found = {"covid": ["Covid-19 is not covid. Again: COVID!"], "covid-19": []}
    rows = mention_rows(DOCUMENT, [COVID], found)
    assert [(row["document_id"], row["position"]) for row in rows] == [(7, 3), (7, 4)]


def test_a_document_without_a_sentence_has_no_mention() -> None:
    assert mention_rows(DOCUMENT, [COVID], {"covid": [], "covid-19": []}) == []


def test_phrases_are_ranked_by_best_rank_then_by_documents_then_by_name() -> None:
    corpus = Corpus("covid", {"2020-03": [(1, "covid test"), (2, "covid ward and covid test")]})
    answers = [["covid ward", "\u2013 covid test"], ["covid test", "covid bed"]]
    texts = [text for _, text in corpus.texts]
    rows = phrase_rows(corpus, answers, texts, TextOptions(phrases=3))
    assert [(row["rank"], row["phrase"], row["count"]) for row in rows] == [
        (1, "covid test", 2),
        (2, "covid ward", 1),
        (3, "covid bed", 0),
    ]


def test_a_document_is_counted_once_for_a_phrase_whatever_its_case() -> None:
    texts = ["A Tide. a tide.", "tidal", "THE TIDE"]
    assert document_frequency(texts, ["tide", "ebb"]) == {"tide": 2, "ebb": 0}


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
