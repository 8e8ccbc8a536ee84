"""Sentences: a table of facts, each with its sentence and its clause."""

from __future__ import annotations

import copy
import json
import re
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from reports.findings.finding import Fact, state_facts
from reports.findings.overtakings import Side
from reports.findings.post_facts import PostRate
from reports.findings.share_facts import PeriodShare
from reports.pages import page
from reports.words.document_queries import Counted, DocumentQuery
from reports.words.sentences import PHRASES, SENTENCES
from reports.words.writing import fill_phrase, write_clause, write_sentence

MAY, JUNE, JULY = (f"2020-{month:02}" for month in (5, 6, 7))
TOP, SECOND, LOW, NONE = (
    PeriodShare(period, 1000, matched)
    for period, matched in ((MAY, 227), (JUNE, 133), (JULY, 4), (JULY, 0))
)
THREE = {
    "top": TOP,
    "periods": [MAY, JUNE, JULY],
    "highest": [MAY, JUNE],
    "average": 0.06,
    "is_peak": True,
    "shares": (0.227,),
}
TWO = {**THREE, "first": TOP, "second": SECOND}
LEVEL = {"period": MAY, "shares": (0.014, 0.033)}
YEARS = {
    "first": PeriodShare("2018", 1000, 14),
    "second": PeriodShare("2020", 1000, 5),
    "shares": (0.014, 0.0053),
}
FIRST = {"first": PeriodShare(JULY, 900, 17), "documents": 2000, "grain": "month"}
SIDES = {
    "after": "Sleet",
    "before": "Rain",
    "period": JULY,
    "grain": "month",
    "earlier": Side(1255, 42, 3, 4),
    "later": Side(160, 35, 2, 2),
}
GROUPS = {
    "groups": 3,
    "plural": "sections",
    "fewest": 30,
    "highest": "World",
    "matched": 100,
    "documents": 500,
    "share": 0.2,
    "following": "Arts",
    "following_share": 0.1,
    "lowest": "Sport",
    "lowest_share": 0.01,
    "highest_mean": 0.1,
    "lowest_mean": -0.2,
}
BUSIEST = {
    "is_search": False,
    "name": "@nasa",
    "noun": "post",
    "top": PostRate(62, 31, MAY),
    "average": 1.25,
}
ACCOUNTS = {"accounts": 3, "subjects": "accounts", "noun": "post"}
POSTS = {
    "most": PostRate(62, 31, title="@nasa"),
    "second": PostRate(31, 31, title="@esa"),
    "periods": [MAY, JUNE],
    "are_all": True,
    "subjects": "accounts",
    "noun": "post",
    "has_reposts": True,
}
PANEL = {
    "keyword": "fog",
    "share": 0.1,
    "outlets": 4,
    "members": 2,
    "names": ["Herald", "Mirror"],
    "are_named": True,
    "panel_share": 0.2,
    "months": [MAY, JUNE],
    "shared_share": 0.3,
}
EVENT = {
    "subject": "Fog",
    "term": "mist",
    "is_of_posts": False,
    "period": JULY,
    "matched": 150,
    "documents": 3000,
    "n": 300,
    "unit": "mention",
    "level": "%",
    "now": 0.05,
    "before": 0.01,
    "usual": "usual",
    "is_rise": True,
}
EVENT_OF_POSTS = {
    **EVENT,
    "subject": "@nasa",
    "is_of_posts": True,
    "unit": "post",
    "level": ".1f",
    "now": 0.0,
    "before": 2.4,
    "is_rise": False,
}
ASKED = {
    "asked": "“Good or bad?”",
    "reader": "Readers",
    "category": "bad",
    "share": 0.4,
    "interval": (0.2, 0.62),
}
READ = {"is_even": True, "first_read": 1, "first_given": 1, "unit": "post", "are_differing": False}
BESIDE = {
    "is_known": False,
    "apart": 0.041,
    "low": 0.0033,
    "high": 0.08,
    "beside": "in June 2020 than in May 2020",
}
CHANGES = [
    {"months": [MAY, JUNE], "n": 6, "is_alone": False, "is_earlier": True},
    {"months": [JULY], "n": 2, "is_alone": False, "is_earlier": False},
]
NEW = {"subject": "fog", "noun": "document", "change": "more", "n": 1, "total": 1203}

# The kind, the figures besides the subject Covid; its sentence, its clause and its mark.
Case = tuple[str, dict[str, Any], str, str, str]
FACTS: list[Case] = [
    (
        "never mentioned",
        {"documents": 3000},
        "None of the 3,000 documents mentions Covid.",
        "no document mentions it",
        "",
    ),
    (
        "few mentions",
        {
            "matched": 3,
            "documents": 4000,
            "named": [{"period": MAY, "matched": 1}, {"period": JULY, "matched": 2}],
        },
        "3 of 4,000 documents mention Covid: May 2020 (1) and July 2020 (2).",
        "it is in 3 documents",
        "3 documents",
    ),
    (
        "few mentions",
        {"matched": 1, "documents": 900, "named": [{"period": MAY, "matched": 1}]},
        "1 of 900 documents mentions Covid: May 2020 (1).",
        "it is in 1 document",
        "1 document",
    ),
    (
        "few mentions in many periods",
        {"matched": 6, "documents": 4000, "named": [MAY] * 5, "periods": [MAY] * 24},
        "6 of 4,000 documents mention Covid, in 5 of 24 months.",
        "it is in 6 documents",
        "6 documents",
    ),
    (
        "share of a period",
        THREE,
        "In May 2020, Covid was in 22.7 % of documents (227 of 1,000).",
        "it is 22.7 % of May 2020",
        "22.7 %",
    ),
    (
        "shares of two periods",
        {**TWO, "shares": (0.227, 0.133)},
        "Covid was in 22.7 % of documents in May 2020 (227) and in 13.3 % in June 2020 (133).",
        "the shares are 22.7 % and 13.3 %",
        "22.7 % and 13.3 %",
    ),
    (
        "equal shares",
        THREE,
        "Covid was in 22.7 % of documents in each of the 3 months.",
        "it is most frequent in May 2020 (22.7 %)",
        "22.7 %",
    ),
    (
        "share of a period alone",
        THREE,
        "Covid appears in May 2020 alone, in 22.7 % of documents (227 of 1,000).",
        "it appears in May 2020 alone",
        "22.7 %",
    ),
    (
        "several highest shares",
        THREE,
        "Covid was most frequent in May 2020 and June 2020, in 22.7 % of documents each.",
        "it is most frequent in May 2020 and June 2020",
        "22.7 %",
    ),
    (
        "several highest shares",
        {**THREE, "highest": [MAY, JUNE, JULY]},
        "Covid was most frequent in 3 months, in 22.7 % of documents each.",
        "it is most frequent in 3 months",
        "22.7 %",
    ),
    (
        "two nearly equal shares",
        {**TWO, "shares": (50 / 4747, 44 / 4193)},
        (
            "Covid was most frequent in May 2020 (1.053 % of documents) and nearly as frequent in "
            "June 2020 (1.049 %)."
        ),
        "it is most frequent in May 2020 (1.053 %)",
        "1.053 % and 1.049 %",
    ),
    (
        "highest share",
        THREE,
        "Covid peaked in May 2020, in 22.7 % of documents (227 of 1,000); the average is 6.0 %.",
        "it is most frequent in May 2020 (22.7 %)",
        "22.7 %",
    ),
    (
        "highest share",
        {**THREE, "is_peak": False},
        (
            "Covid was most frequent in May 2020, in 22.7 % of documents (227 of 1,000); the "
            "average "
            "is 6.0 %."
        ),
        "it is most frequent in May 2020 (22.7 %)",
        "22.7 %",
    ),
    (
        "level",
        {**LEVEL, "is_rise": True},
        "Covid rose in May 2020 and stayed up: from 1.4 % of documents before to 3.3 % since.",
        "the change comes in May 2020, from 1.4 % to 3.3 %",
        "from 1.4 % to 3.3 %",
    ),
    (
        "level",
        {**LEVEL, "shares": (0.033, 0.014), "is_rise": False},
        "Covid fell in May 2020 and stayed down: from 3.3 % of documents before to 1.4 % since.",
        "the change comes in May 2020, from 3.3 % to 1.4 %",
        "from 3.3 % to 1.4 %",
    ),
    (
        "change over years",
        {**YEARS, "is_rise": False},
        "Covid fell from 1.4 % of documents in 2018 to 0.53 % in 2020.",
        "it falls from 1.4 % in 2018 to 0.53 % in 2020",
        "from 1.4 % to 0.53 %",
    ),
    (
        "change over years",
        {**YEARS, "shares": (0.0053, 0.014), "is_rise": True},
        "Covid rose from 0.53 % of documents in 2018 to 1.4 % in 2020.",
        "it rises from 0.53 % in 2018 to 1.4 % in 2020",
        "from 0.53 % to 1.4 %",
    ),
    (
        "course of months",
        {"shares": (0.227, 0.049), "first": [MAY], "second": [JULY], "is_rise": False},
        "Covid fell from 22.7 % of documents in May 2020 to 4.9 % in July 2020.",
        "it falls from 22.7 % to 4.9 %",
        "from 22.7 % to 4.9 %",
    ),
    (
        "course of parts",
        {"shares": (0.01, 0.026), "first": [MAY] * 4, "second": [JULY] * 4, "is_rise": True},
        "Covid rose from 1.0 % of documents in the first 4 months to 2.6 % in the last 4.",
        "it rises from 1.0 % to 2.6 %",
        "from 1.0 % to 2.6 %",
    ),
    (
        "most mentioned",
        {"shares": (0.227, 0.133), "most": TOP, "next": "fog", "following": SECOND},
        (
            "Covid was mentioned most, in 227 of 1,000 documents (22.7 %); next was fog with 133 "
            "(13.3 %)."
        ),
        "Covid is mentioned most, in 22.7 %",
        "22.7 %",
    ),
    (
        "years apart",
        YEARS,
        "By year, Covid was most frequent in 2018 (1.4 % of documents) and least in 2020 (0.53 %).",
        "it is most frequent in 2018 (1.4 %) and least in 2020 (0.53 %)",
        "1.4 % and 0.53 %",
    ),
    (
        "years alike",
        {**YEARS, "shares": (0.0055, 0.0052)},
        "By year, Covid hardly changed: it was in 0.52 % to 0.55 % of documents.",
        "the years are alike, 0.52 % to 0.55 %",
        "0.52 % to 0.55 %",
    ),
    (
        "first mention",
        {**FIRST, "before": [MAY, JUNE]},
        (
            "Covid first appears in July 2020, in 17 documents; the 2,000 documents of the 2 "
            "months "
            "before have none."
        ),
        "it first appears in July 2020, in 17 documents",
        "17 documents",
    ),
    (
        "last mention",
        {"last": MAY, "documents": 2000, "later": [JUNE, JULY], "grain": "month"},
        "Covid last appears in May 2020; the 2,000 documents of the 2 months since have none.",
        "it last appears in May 2020",
        "",
    ),
    (
        "unusual mean",
        {
            "period": MAY,
            "mean": -0.25,
            "n": 44,
            "unit": "mention",
            "overall": -0.06,
            "is_high": False,
        },
        (
            "The engine's mood score for Covid was lowest in May 2020: −0.25 (44 mentions); the "
            "average is −0.06."
        ),
        "it is lowest in May 2020 (−0.25)",
        "−0.25",
    ),
    (
        "unusual mean",
        {"period": MAY, "mean": 0.25, "n": 1200, "unit": "post", "overall": 0.06, "is_high": True},
        (
            "The engine's mood score for Covid was highest in May 2020: +0.25 (1,200 posts); the "
            "average is +0.06."
        ),
        "it is highest in May 2020 (+0.25)",
        "+0.25",
    ),
    (
        "several engines",
        {"engines": ["old/1", "new/2"]},
        "Mood scores for Covid are not compared over time: old/1 and new/2 have different scales.",
        "",
        "",
    ),
    (
        "overtaking",
        {**SIDES, "previous_period": JUNE, "is_next": True},
        (
            "Sleet overtook Rain in July 2020: it was ahead in 2 of 2 months since, and behind "
            "in 3 "
            "of 4 before."
        ),
        "Sleet overtakes Rain in July 2020",
        "",
    ),
    (
        "overtaking",
        {**SIDES, "previous_period": MAY, "is_next": False},
        (
            "Sleet overtook Rain between May 2020 and July 2020: it was ahead in 2 of 2 months "
            "since, and behind in 3 of 4 before."
        ),
        "Sleet overtakes Rain between May 2020 and July 2020",
        "",
    ),
    (
        "together",
        {"rarer": "Fog", "other": "Rain", "both": 25, "documents": 180, "ratio": 5.42},
        "Of the 180 documents with Fog, 25 also mention Rain: 5.4 times as many as by chance.",
        "25 of 180 mention both",
        "25 of 180",
    ),
    (
        "larger share of two groups",
        {**GROUPS, "groups": 2},
        "World mentions Covid more than Sport: in 20.0 % of documents (100 of 500), against 1.0 %.",
        "World mentions it more, 20.0 %",
        "20.0 %",
    ),
    (
        "largest share of groups",
        GROUPS,
        (
            "Of 3 sections, World mentions Covid most: in 20.0 % of documents (100 of 500); "
            "next is "
            "Arts with 10.0 %."
        ),
        "World mentions it most, 20.0 %",
        "20.0 %",
    ),
    (
        "means of groups",
        GROUPS,
        (
            "The engine's mood score for Covid is highest in World (+0.10) and lowest in Sport "
            "(−0.20)."
        ),
        "it is highest in World (+0.10) and lowest in Sport (−0.20)",
        "",
    ),
    (
        "busiest period",
        BUSIEST,
        "@nasa published most in May 2020: 62 posts, 2.0 a day; the average is 1.2.",
        "it is most in May 2020, 2.0 a day",
        "2.0 a day",
    ),
    (
        "busiest period",
        {**BUSIEST, "is_search": True, "name": "rain"},
        "Most was posted on “rain” in May 2020: 62 posts, 2.0 a day; the average is 1.2.",
        "it is most in May 2020, 2.0 a day",
        "2.0 a day",
    ),
    (
        "most posts",
        POSTS,
        (
            "@nasa publishes most: 2.0 a day, against 1.0 of @esa. This counts the 2 months "
            "that all accounts have complete, reposts included."
        ),
        "@nasa publishes most, 2.0 a day",
        "2.0 a day",
    ),
    (
        "most posts",
        {**POSTS, "are_all": False, "periods": [MAY]},
        (
            "@nasa publishes most: 2.0 a day, against 1.0 of @esa. This counts the 1 month "
            "that all accounts with posts have complete, reposts included."
        ),
        "@nasa publishes most, 2.0 a day",
        "2.0 a day",
    ),
    (
        "silent accounts",
        {"silent": 1, **ACCOUNTS},
        "1 of 3 accounts has no posts; the table says why.",
        "",
        "",
    ),
    (
        "most posts",
        {**POSTS, "subjects": "feeds", "noun": "headline", "are_all": False, "has_reposts": False},
        (
            "@nasa publishes most: 2.0 a day, against 1.0 of @esa. This counts the 2 months "
            "that all feeds with headlines have complete."
        ),
        "@nasa publishes most, 2.0 a day",
        "2.0 a day",
    ),
    (
        "silent accounts",
        {"silent": 2, **ACCOUNTS},
        "2 of 3 accounts have no posts; the table says why.",
        "",
        "",
    ),
]


@pytest.mark.parametrize("case", FACTS, ids=lambda case: str(case[0]))
def test_a_fact_has_its_sentence_its_clause_and_its_mark(case: Case) -> None:
    kind, figures, text, clause, mark = case
    shares = figures.get("shares", ())
    fact = Fact(kind, "Covid", ("topic",), ("answer",), figures, shares=shares)
    marked = replace(fact, contrasts=(("repeats", fact),)).mark
    assert (fact.text, fact.clause) == (text, clause)
    assert marked == (f"without repeats {mark}" if mark else "")


# The kind of a sentence that a page writes, its figures and what it says.
WRITTEN: list[tuple[str, dict[str, Any], str]] = [
    (
        "part",
        {"part": "fog", "whole": "weather"},
        "“fog” is a part of “weather”, so the two are not compared.",
    ),
    (
        "some groups without documents",
        {
            "gaps": [
                write_sentence("group without documents", group="Herald", months=[MAY]),
                write_sentence("group without documents", group="Mirror", months=[MAY, JULY]),
            ]
        },
        "Herald has no document in May 2020; Mirror has no document in May 2020 and July 2020.",
    ),
    (
        "groups without documents",
        {"incomplete": 4, "groups": 1200, "plural": "outlets"},
        "4 of 1,200 outlets have no document in a month in which others have.",
    ),
    (
        "fixed panel",
        PANEL,
        (
            "“fog” is in 20.0 % of the documents of the fixed panel, and in 10.0 % of all. The "
            "panel "
            "is the 2 outlets of 4 with documents in every month: Herald and Mirror."
        ),
    ),
    (
        "fixed panel",
        {**PANEL, "members": 1, "are_named": False},
        (
            "“fog” is in 20.0 % of the documents of the fixed panel, and in 10.0 % of all. The "
            "panel "
            "is the 1 outlet of 4 with documents in every month."
        ),
    ),
    (
        "months of all outlets",
        PANEL,
        (
            "“fog” is in 30.0 % of the documents in May 2020 to June 2020, which all 4 outlets "
            "share, and in 10.0 % of all. No outlet has every month, so there is no fixed panel."
        ),
    ),
    (
        "no fixed panel",
        PANEL,
        (
            "“fog” is in 10.0 % of all documents. No outlet has every month, and no month all 4 "
            "outlets, so there is no fixed panel."
        ),
    ),
    (
        "newest posts alone",
        {"source": "X", "most": 3200},
        (
            "X gives only the newest 3,200 posts of an account. Here are about as many, so earlier "
            "ones may be missing."
        ),
    ),
    (
        "garbled posts",
        {"garbled": 1200, "posts": 2000, "share": 0.6, "noun": "post"},
        (
            "1,200 of 2,000 posts (60.0 %) show signs of a wrong encoding. Their words, names and "
            "moods may be wrong."
        ),
    ),
    (
        "cut posts",
        {"cut": 5, "posts": 2000, "noun": "post"},
        "5 of 2,000 posts end in a web address that was cut, as reposts of a service do.",
    ),
    (
        "names in a picture",
        {},
        "Names and their kinds as a program found them: read them with care.",
    ),
    (
        "names in headlines",
        {},
        "In headlines, which capitalize every word, it mistakes more common words for names.",
    ),
    (
        "counted names",
        {},
        (
            "The figure is the number of texts that hold the name, as in the table entities. Of a "
            "word that is a name too, and stands in many more texts, it is how often it was taken "
            "for one."
        ),
    ),
    (
        "names taken",
        {},
        (
            "The figure is how often it was taken for one: the results are from before the texts "
            "that hold a name were counted."
        ),
    ),
    (
        "names counted once",
        {},
        (
            "Spellings of one name count as one. Of texts that differ only in names or figures, "
            "the first of a month counts. Names that came once, dates and numbers are left to the "
            "table entities."
        ),
    ),
    (
        "names of the subject",
        {"n": 1},
        "So is 1 name that holds the subject itself.",
    ),
    (
        "names of the account",
        {"n": 1200},
        "So are 1,200 names that are the subject's own.",
    ),
    (
        "names without evidence",
        {"n": 1},
        "So is 1 name without evidence of what it names.",
    ),
    ("names with as", {}, "“As” gives the number with the full name."),
    ("names with also", {}, "“Also” names others of that last name who may be meant."),
    (
        "polarity of news",
        {"is_chosen": True, "low": -0.1, "high": 0.05},
        (
            "Polarity comes from “news”, a network trained on rated sentences of news. Readers of "
            "headlines agree with it more than with VADER. It was chosen because the run compares "
            "months of English news. From −0.10 to +0.05 it is neutral: say “lower than in March”, "
            "not “negative”"
        ),
    ),
    (
        "neutral polarity",
        {"low": -0.1, "high": 0.05},
        "From −0.10 to +0.05 it is neutral: say “lower than in March”, not “negative”",
    ),
    (
        "coding",
        {**ASKED, "coder": "model:m", "code": "bad", "n": 12, "texts": "30 texts"},
        "“Good or bad?” model:m answered “bad” for 12 of 30 texts (40.0 %).",
    ),
    (
        "search",
        {"coder": "model:m", "sought": "“good”", "outcome": "found 12 of 30 texts"},
        "model:m searched for “good” and found 12 of 30 texts.",
    ),
    (
        "share of answers",
        {**ASKED, "texts": "the texts that mention “tide”"},
        (
            "“Good or bad?” Readers would answer “bad” for 40.0 % of the texts that mention “tide” "
            "(20.0 to 62.0 %)."
        ),
    ),
    (
        "mean of answers",
        {**ASKED, "mean": 3.2, "first": "1", "last": "5", "low": 2.9, "high": 3.5, "condition": ""},
        (
            "“Good or bad?” Readers would choose 3.20 on average, on a scale from 1 to 5 (2.90 to "
            "3.50)."
        ),
    ),
    (
        "recall",
        {**ASKED, "keyword": "“tide”"},
        "Of all texts with the answer “bad”, 40.0 % mention “tide” (20.0 to 62.0 %).",
    ),
    (
        "mean of labels",
        {"subject": "Fog", "mean": -0.21, "low": -0.27, "high": -0.15},
        (
            "Readers would give the mentions of Fog −0.21 on average, between −1 and 1 (−0.27 to "
            "−0.15)."
        ),
    ),
    ("share as a number", {"count": 10, "is_known": True}, "That is 10 of them."),
    ("share as a number", {"count": 6712.3, "is_known": False}, "That is about 6,700 of them."),
    (
        "share as numbers",
        {"count": 695.2, "fewest": 381.0, "most": 6677.4},
        "That is about 700 of them, perhaps as few as 380 or as many as 6,700.",
    ),
    ("none as a number", {"most": 1192.3}, "That is none of them, perhaps as many as 1,200."),
    ("read", {**READ, "first_given": 0}, "Of 1 post read, none had this answer."),
    (
        "read",
        {**READ, "is_even": False},
        "Of 1 post read, not evenly over periods, 1 had this answer.",
    ),
    (
        "read of one kind",
        {**READ, "keyword": "“tide”", "is_with": False},
        "Of 1 post read without “tide”, 1 had this answer; none was read with it.",
    ),
    (
        "read with and without",
        {
            **READ,
            "first_read": 1200,
            "second_read": 5400,
            "second_given": 2,
            "keyword": "a keyword",
        },
        "Of 1,200 posts read with a keyword, 1 had this answer; of 5,400 read without, 2.",
    ),
    (
        "missed at most",
        {"missed": 0.0502, "most": 50.2, "is_count": False, "unit": "text", "keyword": "“tide”"},
        (
            "So none without it is counted, though as many as 50 texts (5.0 % of all) could have "
            "this answer without “tide”."
        ),
    ),
    (
        "recall without a miss",
        {**ASKED, "low": 0.14, "keyword": "“tide”"},
        (
            "No text read without “tide” has the answer “bad”; of all that have it, at least "
            "14.0 % mention “tide”."
        ),
    ),
    (
        "difference of shares",
        {**BESIDE, "category": "bad", "about": "news, about “tide”", "is_more": True},
        (
            "“bad” (news, about “tide”) is 4.1 percentage points more frequent in June 2020 than "
            "in May 2020 (0.33 to 8.0)."
        ),
    ),
    (
        "difference of means",
        {**BESIDE, "about": "strength", "is_more": False, "apart": 1.2, "low": 0.3, "high": 2.1},
        "The mean of strength is 1.20 steps lower in June 2020 than in May 2020 (0.30 to 2.10).",
    ),
    (
        "sure of",
        {
            "confidence": "95 %",
            "n": 20,
            "unit": "text",
            "is_wide": True,
            "more": 1200,
            "is_model": False,
        },
        "95 % interval, 20 texts read; reading about 1,200 more would halve the interval",
    ),
    (
        "sure of",
        {
            "confidence": "95 %",
            "n": 1,
            "unit": "post",
            "is_wide": False,
            "more": 3,
            "is_model": True,
        },
        "95 % interval, 1 post read; not checked against people",
    ),
    (
        "errors found",
        {
            "share": 0.2,
            "corrected": 0.15,
            "is_gone": False,
            "high": 0.25,
            "interval": (0.1, 0.25),
            "false_yes": 0.02,
            "false_no": 0.3,
            "n": 40,
            "unit": "text",
        },
        (
            "20.0 % is 15.0 % without readers' errors (10.0 to 25.0 %). Where this answer does not "
            "apply, a reader gave it in 2.0 %; where it does, missed it in 30.0 % (40 texts that "
            "several read)."
        ),
    ),
    (
        "errors leave",
        {
            "n": 53,
            "which": " without “tide”",
            "weight": 2236.5,
            "weight_share": 0.0188,
            "unit": "text",
        },
        (
            "One wrong answer among the 53 texts read without “tide” would stand for about 2,200 "
            "texts, 1.9 % of all."
        ),
    ),
    (
        "errors tried",
        {"share": 0.12, "errors": ["1", "5"], "corrected": ["11.2 %", "7.8 %"], "unit": "text"},
        "If readers err in 1 and 5 of 100 texts, 12.0 % would be 11.2 % and 7.8 % without errors.",
    ),
    (
        "errors explain",
        {"is_rare": True, "errors": "1", "category": "yes", "unit": "text"},
        (
            "With so rare an answer, if readers err in 1 of 100 texts, errors alone could explain "
            "all “yes”."
        ),
    ),
    (
        "periods by rates of all",
        {"answers": ["“yes”"], "unit": "text", "keyword": "“tide”"},
        (
            "In “yes”, periods differ by no more than chance among texts with “tide”, and among "
            "those without. Few codes show large differences alone. So each period's figure takes "
            "the rates of all periods: it rises and falls with its number of texts with “tide”. "
            "The brackets leave room for periods that differ."
        ),
    ),
    (
        "periods alike",
        {"answers": ["“yes”", "“no”"]},
        (
            "In “yes” and “no”, periods differ by no more than chance. Few codes show large "
            "differences alone. So no period has a figure of its own."
        ),
    ),
    (
        "periods differ",
        {"unit": "text"},
        (
            "Periods differ by more than chance in how frequent an answer is among texts of one "
            "kind. So each period's figure rests on its own codes."
        ),
    ),
    ("periods by their own codes", {}, "Each period's figure rests on its own codes."),
    (
        "highest and lowest",
        {
            "highest": "Jul 2018",
            "lowest": "Dec 2017",
            "shares": ["1.6 %", "0.22 %"],
            "are_apart": False,
        },
        (
            "By these figures it is highest in Jul 2018 (1.6 %) and lowest in Dec 2017 (0.22 %). "
            "Their brackets overlap: what was read does not show a change."
        ),
    ),
    (
        "proposal to leave repeats out",
        {
            "months": 2,
            "fewest": 5,
            "noun": "document",
            "is_of_subject": True,
            "month": MAY,
            "share": 0.6,
        },
        (
            "In 2 months, more than a fifth of its documents are repeats, most in May 2020 "
            "(60.0 %). "
            "--distinct leaves them out."
        ),
    ),
    (
        "proposal to leave repeats out",
        {
            "months": 1,
            "fewest": 5,
            "noun": "post",
            "is_of_subject": False,
            "month": MAY,
            "share": 0.6,
        },
        (
            "In 1 month, more than a fifth of the posts are repeats, most in May 2020 (60.0 %). "
            "--distinct leaves them out."
        ),
    ),
    (
        "judged by texts",
        {"months": "May 2020 to July 2020", "is_large": True},
        (
            "They are found among the texts of May 2020 to July 2020 that mention a keyword. A run "
            "of other months may find a few others."
        ),
    ),
    (
        "event of share",
        EVENT,
        "Fog rose to 5.0 % of documents in July 2020 (150 of 3,000); 1.0 % is usual.",
    ),
    (
        "event of share",
        {**EVENT, "usual": "a single one before", "grain": "month"},
        "Fog rose to 5.0 % of documents in July 2020 (150 of 3,000); the month before had 1.0 %.",
    ),
    (
        "event of wording",
        {**EVENT, "usual": "none before"},
        (
            "The term “mist” rose to 5.0 % of the documents on Fog in July 2020 (150 of 3,000); "
            "before, there was none."
        ),
    ),
    (
        "event of posts",
        EVENT_OF_POSTS,
        "@nasa published less in July 2020: 0.0 posts a day; 2.4 is usual.",
    ),
    (
        "event of mood",
        {**EVENT, "level": "+", "now": 0.33, "before": -0.11},
        (
            "The engine's mood score for Fog rose to +0.33 in July 2020 (300 mentions); −0.11 is "
            "usual."
        ),
    ),
    (
        "event of mood",
        {**EVENT_OF_POSTS, "now": -0.33, "before": 0.11},
        "The engine's mood score of @nasa fell to −0.33 in July 2020 (300 posts); +0.11 is usual.",
    ),
    (
        "recurring",
        {"clauses": ["Fog in July 2020", write_sentence("more recurring", n=1200)]},
        (
            "The same time of year stood out before, so these are not news: Fog in July 2020; "
            "1,200 "
            "earlier ones."
        ),
    ),
    (
        "no new documents",
        {},
        "No documents are new.",
    ),
    (
        "new documents",
        {**NEW, "n": 8, "months": CHANGES},
        "8 new documents: 6 in 2 months before and 2 in July 2020.",
    ),
    (
        "new documents of a subject",
        NEW,
        "“fog”: 1 new document mentions it, 1,203 in all.",
    ),
    (
        "new documents of a subject",
        {**NEW, "change": "fewer", "n": 2},
        "“fog”: 2 fewer documents mention it, 1,203 in all.",
    ),
    (
        "new documents of a subject",
        {**NEW, "change": "other", "n": 0},
        "“fog”: other documents mention it, 1,203 in all.",
    ),
    (
        "no new document of a subject",
        NEW,
        "“fog” is in no new document.",
    ),
    (
        "no new posts",
        {"noun": "post"},
        "No posts are new.",
    ),
    (
        "new posts",
        {
            "subject": "@nasa",
            "noun": "post",
            "change": "more",
            "n": 1,
            "months": [{"months": [MAY], "n": 1, "is_alone": True, "is_earlier": False}],
        },
        "@nasa: 1 new post, in May 2020.",
    ),
    (
        "silent since",
        {"silent": 1, **ACCOUNTS},
        "1 of 3 accounts has no new posts.",
    ),
    (
        "silent since",
        {"silent": 2, **ACCOUNTS},
        "2 of 3 accounts have no new posts.",
    ),
    (
        "extreme polarity",
        {
            "extreme": "lowest",
            "polarity": -0.8,
            "scored": 3,
            "is_mean": True,
            "is_part": False,
        },
        "among the lowest polarity: −0.80, the mean of the 3 sentences that mention it",
    ),
    (
        "extreme polarity",
        {
            "extreme": "highest",
            "polarity": 0.8,
            "scored": 1,
            "is_mean": False,
            "is_part": True,
        },
        "among the highest polarity: +0.80, of the sentence that mentions it",
    ),
    (
        "most repeated",
        {"size": 5},
        "the most repeated: 5 documents of its pattern",
    ),
    (
        "typical",
        {},
        "shares most words with the other documents",
    ),
    (
        "typical words",
        {"words": ["sea", "fog"]},
        "among the most typical: “sea”, “fog”",
    ),
    (
        "accuracy",
        {"who": "The network", "percent": 97.123},
        "The network classifies 97.12 % of the test set correctly.",
    ),
    (
        "accuracy beside a rule",
        {"is_better": True, "rule": "nearest mean", "percent": 90},
        "It beats the best simple rule, nearest mean, with 90.00 %.",
    ),
    (
        "error",
        {"who": "The network", "error": 0.01234},
        "The network has a validation RMSE of 0.0123.",
    ),
    (
        "error beside a forecast",
        {"is_better": False, "forecast": "the mean", "error": 0.5},
        "It does not beat the best simple forecast, the mean, with 0.5.",
    ),
]


@pytest.mark.parametrize("case", WRITTEN, ids=lambda case: str(case[0]))
def test_a_page_writes_a_sentence_with_its_figures(case: tuple[str, dict[str, Any], str]) -> None:
    kind, figures, text = case
    assert write_sentence(kind, **figures) == text


CLAUSES = [
    ("event of share", EVENT, "Fog in July 2020"),
    ("event of wording", EVENT, "the term “mist” of Fog in July 2020"),
    ("event of posts", EVENT_OF_POSTS, "@nasa in July 2020"),
    ("event of mood", EVENT, "the mood of Fog in July 2020"),
]


@pytest.mark.parametrize(("kind", "figures", "clause"), CLAUSES)
def test_what_comes_every_year_is_named(kind: str, figures: dict[str, Any], clause: str) -> None:
    assert write_clause(kind, **figures) == clause


# What stands small behind an event: the phrase, its figures and what it says.
MARKS: list[tuple[str, dict[str, Any], str]] = [
    ("also months", {"periods": [MAY, JUNE]}, "also in May 2020 to June 2020"),
    ("also weeks", {"periods": ["2020-W12"]}, "also in the week from 16 March 2020"),
    (
        "furthest",
        {"furthest": SimpleNamespace(now=0.2, period="2020-W12")},
        "20.0 % in the week from 16 March 2020",
    ),
    (
        "furthest",
        {"level": ".1f", "furthest": SimpleNamespace(now=0.0, period=MAY)},
        "0.0 in May 2020",
    ),
    ("a year before", {"same": 0.05, "same_period": "2019-07"}, "5.0 % in July 2019"),
    ("a year before", {"same": 0.0, "same_period": "2019-07"}, "none in July 2019"),
    ("a year before", {"level": "+", "same": 0.0, "same_period": "2019-07"}, "0.00 in July 2019"),
    ("judged", {"judged": SimpleNamespace(now=0.038)}, "without repeats and bulk days 3.8 %"),
]


@pytest.mark.parametrize(("phrase", "figures", "text"), MARKS)
def test_what_stands_small_behind_an_event(phrase: str, figures: dict[str, Any], text: str) -> None:
    assert fill_phrase(phrase, **{**EVENT, **figures}) == text


# A sentence has so many words at most; a figure and its sign are one.
MOST_WORDS = 25


def count_words(sentence: str) -> int:
    return len(sentence.replace(" %", "%").split())


def test_no_sentence_has_more_than_25_words() -> None:
    written = [write_sentence(kind, **figures) for kind, figures, *_ in WRITTEN]
    stated = [
        Fact(kind, "Covid", ("topic",), (), figures, shares=figures.get("shares", ())).text
        for kind, figures, *_ in FACTS
    ]
    sentences = [
        sentence
        for text in (*written, *stated)
        for sentence in re.split(r"(?<=[.”]) (?=[A-Z“-])", text)
    ]
    assert [sentence for sentence in sentences if count_words(sentence) > MOST_WORDS] == []


def test_each_sentence_is_in_the_table() -> None:
    cases = {kind for kind, *_ in (*FACTS, *WRITTEN)}
    parts = {"contrast", "mark", "group without documents", "more recurring"}
    assert cases | parts == set(SENTENCES)


def test_each_phrase_that_a_sentence_names_is_there_and_each_is_named() -> None:
    templates = [*PHRASES.values(), *(template for said in SENTENCES.values() for template in said)]
    written = " ".join(templates)
    named = set(re.findall(r"\{:([^{}]+)\}|:each ([^{}|]+)\}", written))
    names = {included or listed for included, listed in named}
    assert names <= set(PHRASES)
    # Code chooses the others: what stands behind an event, and whether posts are more or fewer.
    chosen = {phrase for phrase, *_ in MARKS} | {"more", "fewer", "other"}
    assert names | chosen | {"usual", "a single one before", "none before"} == set(PHRASES)


def test_a_sentence_says_what_it_claims_without_repeats_and_marks_what_its_figure_is_then() -> None:
    figures = {**THREE, "top": TOP}
    fact = Fact("highest share", "Covid", ("share",), ("highest", MAY), figures, shares=(0.227,))
    same = replace(fact, shares=(0.1,))
    other = replace(same, answer=("highest", JUNE), figures={**figures, "top": SECOND})
    (finding,) = state_facts([replace(fact, contrasts=(("repeats", other), ("bulk days", same)))])
    assert finding.whole == (
        "Covid peaked in May 2020, in 22.7 % of documents (227 of 1,000); the average is 6.0 %. "
        "Without repeats, it is most frequent in June 2020 (10.0 %). (without bulk days 10.0 %)"
    )


def test_braces_and_bars_in_names_are_written_as_they_are() -> None:
    odd = "a|b {subject} {0}"
    assert write_sentence("part", part=odd, whole="w").startswith(f"“{odd}” is a part of “w”")
    busiest = write_sentence("busiest period", **{**BUSIEST, "name": odd, "is_search": True})
    assert busiest.startswith(f"Most was posted on “{odd}” in May 2020")


def test_a_count_leads_to_its_documents_on_a_page_and_is_plain_elsewhere() -> None:
    query = DocumentQuery(subject="trade <war>", period=JULY)
    first = PeriodShare(JULY, 900, Counted(17, query))
    figures = {
        **FIRST,
        "first": first,
        "before": [MAY],
    }
    fact = Fact("first mention", "“trade <war>”", ("first",), (JULY,), figures)
    assert (
        "first appears in July 2020, in 17 documents; the 2,000 documents of the month before"
        in fact.text
    )
    assert json.loads(json.dumps([fact.text, first.matched])) == [str(fact.text), 17]

    html = page.keep_together(fact.text)
    address = "documents.html#subject=trade%20%3Cwar%3E&amp;period=2020-07"
    assert f'in <a class="count" href="{address}">17 documents</a>; the 2,000' in html
    assert "“trade &lt;war&gt;” first" in html
    # What is left out in a contrast is in the list of the count: such a count leads nowhere.
    other = replace(fact, answer=(MAY,))
    compared = replace(fact, contrasts=(("repeats", other),))
    assert compared.text.endswith("it first appears in July 2020, in 17 documents.")
    assert page.keep_together(compared.text).count("<a ") == 1


def test_signs_of_links_in_a_text_from_outside_make_no_link() -> None:
    odd = "a\x01javascript:alert(1)\x02b\x03"
    text = write_sentence("silent since", **{**ACCOUNTS, "silent": 1, "accounts": odd})
    assert text == "1 of ajavascript:alert(1)b accounts has no new posts."
    assert "<a" not in page.keep_together(text)
    assert copy.deepcopy(text) == text
    # A count of zero has no documents to show.
    nothing = Counted(0, DocumentQuery(subject="x"))
    silent = write_sentence("silent since", **{**ACCOUNTS, "silent": 1, "accounts": nothing})
    assert "<a" not in page.keep_together(silent)
    assert copy.deepcopy(nothing).documents == nothing.documents


def test_a_fact_that_is_another_one_without_repeats_counts_half() -> None:
    fact = Fact("highest share", "Covid", ("share",), (MAY,), THREE, shares=(0.2,), interest=0.6)
    same, other = replace(fact, shares=(0.1,)), replace(fact, answer=(JUNE,))
    cases = [replace(fact, contrasts=(("repeats", contrast),)) for contrast in (same, other)]
    assert [case.standing for case in cases] == [0.6, 0.3]
