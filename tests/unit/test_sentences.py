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
from reports.words.writing import fill, write_clause, write_sentence

MAY, JUNE, JULY = (f"2020-{month:02}" for month in (5, 6, 7))
TOP, SECOND, LOW, NONE = (
    PeriodShare(period, 1000, matched)
    for period, matched in ((MAY, 227), (JUNE, 133), (JULY, 4), (JULY, 0))
)
THREE = {"top": TOP, "second": SECOND, "periods": [MAY, JUNE, JULY]}
LEVEL = {"after": [MAY, JUNE, JULY], "before": 6, "share_before": 0.014, "share_after": 0.033}
FIRST = {"first": PeriodShare(JULY, 900, 17), "documents": 2000, "grain": "month"}
MEANS = {"mean": -0.07, "n": 1200, "unit": "mention", "grain": "month", "fewest": 30}
SIDES = {
    "after": "b",
    "before": "a",
    "period": JULY,
    "grain": "month",
    "earlier": Side(1255, 42, 3, 4),
    "later": Side(160, 35, 2, 2),
}
MOST = {
    "subjects": 3,
    "most": "a",
    "matched": 1200,
    "documents": 2000,
    "share": 0.6,
    "following": "b",
    "following_share": 0.09,
    "fewest": "c",
    "fewest_share": 0.004,
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
    "top": PostRate(62, 31, MAY),
    "second": PostRate(31, 30, JUNE),
    "quietest": PostRate(31, 31, JULY),
    "lowest": [JULY],
    "is_silent": False,
    "periods": 3,
    "grain": "month",
}
POSTS = {
    "most": PostRate(62, 31, title="@nasa"),
    "second": PostRate(31, 31, title="@esa"),
    "accounts": 3,
    "periods": [MAY, JUNE],
    "are_all": True,
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
    "subject": "“fog”",
    "term": "mist",
    "is_of_posts": False,
    "period": JULY,
    "matched": 150,
    "documents": 3000,
    "n": 300,
    "level": "%",
    "unit": "",
    "unit_before": "",
    "now": 0.05,
    "before": 0.01,
    "grain": "month",
    "n_before": 6,
    "compared": ["now", "average before", "the periods before"],
    "season": ["2018-07", "2019-07"],
}
EVENT_OF_POSTS = {
    **EVENT,
    "subject": "@nasa",
    "is_of_posts": True,
    "level": ".1f",
    "now": 0.0,
    "before": 2.4,
    "unit": " posts a day",
    "unit_before": " posts a day",
    "compared": ["no post", "before", "the period before"],
}
CHANGES = [
    {"months": [MAY, JUNE], "n": 6, "is_alone": False, "is_earlier": True},
    {"months": [JULY], "n": 2, "is_alone": False, "is_earlier": False},
]
NEW = {"subject": "fog", "noun": "document", "change": "more", "n": 1, "total": 1203}

# The kind, the figures besides the subject “covid”, its sentence and its clause.
Case = tuple[str, dict[str, Any], str, str]
FACTS: list[Case] = [
    (
        "never mentioned",
        {"documents": 3000},
        "None of the 3,000 documents that were read mentions “covid”.",
        "no document mentions it",
    ),
    (
        "few mentions",
        {
            "matched": 3,
            "documents": 4000,
            "periods": [{"period": MAY, "matched": 1}, {"period": JULY, "matched": 2}],
        },
        "3 of 4,000 documents mention “covid”: May 2020 (1) and July 2020 (2).",
        "it is mentioned in May 2020 (1) and July 2020 (2)",
    ),
    (
        "few mentions",
        {"matched": 1, "documents": 1, "periods": [{"period": MAY, "matched": 1}]},
        "1 of 1 document mentions “covid”: May 2020 (1).",
        "it is mentioned in May 2020 (1)",
    ),
    (
        "share of a period",
        {"top": TOP, "shares": (0.227,)},
        "“covid” is in 227 of 1,000 documents (22.7 %) of May 2020.",
        "it is in 227 of 1,000 documents (22.7 %) of May 2020",
    ),
    (
        "shares of two periods",
        {"top": TOP, "second": SECOND, "shares": (0.227, 0.133)},
        (
            "“covid” is in 227 of 1,000 documents (22.7 %) of May 2020 and in 133 of 1,000 "
            "documents (13.3 %) of June 2020."
        ),
        (
            "it is in 227 of 1,000 documents (22.7 %) of May 2020 and in 133 of 1,000 documents "
            "(13.3 %) of June 2020"
        ),
    ),
    (
        "equal shares",
        {**THREE, "shares": (0.227, 0.227, 0.227)},
        "“covid” is in the same share of documents in all 3 months: 22.7 %.",
        "it is in 22.7 % of the documents of each",
    ),
    (
        "share of a period alone",
        {**THREE, "others": [JUNE, JULY], "shares": (0.227, 0.0, 0.0)},
        (
            "“covid” is in 227 of 1,000 documents (22.7 %) of May 2020, and in none of the other 2 "
            "months."
        ),
        "it is in 227 of 1,000 documents (22.7 %) of May 2020 alone",
    ),
    (
        "several highest shares",
        {
            **THREE,
            "highest": [MAY, JUNE],
            "lowest": [JULY],
            "is_absent": False,
            "shares": (0.227, 0.227, 0.004),
        },
        (
            "“covid” has its highest share of 3 months, 22.7 %, in May 2020 and June 2020; lowest "
            "July 2020 with 0.40 %."
        ),
        "its highest share is 22.7 %, in May 2020 and June 2020; lowest July 2020 with 0.40 %",
    ),
    (
        "several highest shares",
        {
            **THREE,
            "highest": [MAY, JUNE, JULY],
            "lowest": ["2019-05", "2019-06", "2019-07"],
            "is_absent": True,
            "shares": (0.227, 0.227, 0.0),
        },
        "“covid” has its highest share of 3 months, 22.7 %, in 3 months; none in 3 months.",
        "its highest share is 22.7 %, in 3 months; none in 3 months",
    ),
    (
        "two nearly equal shares",
        {
            "top": PeriodShare(JUNE, 4747, 50),
            "second": PeriodShare(MAY, 4193, 44),
            "periods": [MAY, JUNE, JULY],
            "lowest": [JULY],
            "is_absent": False,
            "shares": (50 / 4747, 44 / 4193, 27 / 4878),
        },
        (
            "“covid” is in 50 of 4,747 documents (1.053 %) of June 2020 and in 44 of 4,193 "
            "documents (1.049 %) of May 2020, nearly the same and the highest shares of 3 months; "
            "lowest July 2020 with 0.554 %."
        ),
        (
            "it is in 50 of 4,747 documents (1.053 %) of June 2020 and in 44 of 4,193 documents "
            "(1.049 %) of May 2020; lowest July 2020 with 0.554 %"
        ),
    ),
    (
        "highest share",
        {**THREE, "lowest": [JULY], "is_absent": False, "shares": (0.227, 0.133, 0.004)},
        (
            "“covid” is in 227 of 1,000 documents (22.7 %) of May 2020, the highest share of 3 "
            "months; next is June 2020 with 13.3 %, lowest July 2020 with 0.40 %."
        ),
        (
            "it is highest in May 2020 (22.7 %); next is June 2020 with 13.3 %, lowest July 2020 "
            "with 0.40 %"
        ),
    ),
    (
        "level",
        {**LEVEL, "beyond": 2, "is_rise": True},
        (
            "From May 2020 on “covid” is in 3.3 % of the documents, before in 1.4 %: 2 of 3 months "
            "since then are above each of the 6 before."
        ),
        "it changes from 1.4 % to 3.3 % in May 2020",
    ),
    (
        "level",
        {**LEVEL, "beyond": 3, "is_rise": False},
        (
            "From May 2020 on “covid” is in 3.3 % of the documents, before in 1.4 %: 3 of 3 months "
            "since then are below each of the 6 before."
        ),
        "it changes from 1.4 % to 3.3 % in May 2020",
    ),
    (
        "first mention",
        {
            **FIRST,
            "before": [MAY, JUNE],
            "is_of_some": True,
            "terms": ["corona", "virus"],
            "is_alone": False,
        },
        (
            "“covid” is first mentioned in July 2020, in 17 documents (as “corona” and “virus”); "
            "none of the 2,000 documents of the 2 months that were read before mentions it."
        ),
        "the first mention is in July 2020, in 17 documents",
    ),
    (
        "first mention",
        {
            **FIRST,
            "first": PeriodShare(JUNE, 9, 1),
            "before": [MAY],
            "is_of_some": False,
            "is_alone": True,
            "following": "2020-09",
        },
        (
            "“covid” is first mentioned in June 2020, in 1 document; none of the 2,000 documents "
            "of May 2020, the only earlier month, mentions it. The next mention is in "
            "September 2020."
        ),
        "the first mention is in June 2020, in 1 document",
    ),
    (
        "last mention",
        {"last": MAY, "documents": 2000, "later": [JUNE, JULY]},
        (
            "“covid” is last mentioned in May 2020; none of the 2,000 documents of the 2 months "
            "that were read since mentions it."
        ),
        "the last mention is in May 2020",
    ),
    (
        "last mention",
        {"last": JUNE, "documents": 900, "later": [JULY]},
        (
            "“covid” is last mentioned in June 2020; none of the 900 documents of the 1 month that "
            "was read since mentions it."
        ),
        "the last mention is in June 2020",
    ),
    (
        "terms",
        {
            "matched": 1190,
            "terms": [
                {"term": "corona", "matched": 1170, "is_first": True},
                {"term": "covid", "matched": 40, "is_first": False},
                {"term": "virus", "matched": 1, "is_first": False},
            ],
            "have_several": True,
        },
        (
            "Of the 1,190 documents of “covid”, “corona” is in 1,170, “covid” in 40 and “virus” in "
            "1; one may have several."
        ),
        "“corona” is in 1,170, “covid” in 40 and “virus” in 1",
    ),
    (
        "terms",
        {
            "matched": 9,
            "terms": [
                {"term": "a", "matched": 6, "is_first": True},
                {"term": "b", "matched": 3, "is_first": False},
            ],
            "have_several": False,
        },
        "Of the 9 documents of “covid”, “a” is in 6 and “b” in 3.",
        "“a” is in 6 and “b” in 3",
    ),
    (
        "mean",
        {
            **MEANS,
            "highest": [{"periods": [MAY], "mean": 0.2, "n": 1050}],
            "lowest": [
                {"periods": [JUNE], "mean": -0.3, "n": 50},
                {"periods": [JULY], "mean": -0.302, "n": 50},
            ],
        },
        (
            "The engine's mean polarity for “covid” is −0.07 (1,200 mentions); of the months with "
            "at least 30 it is highest in May 2020 (+0.20, 1,050 mentions) and lowest in June 2020 "
            "(−0.30, 50 mentions) and July 2020 (−0.30, 50 mentions)."
        ),
        (
            "the mean is −0.07; of the months with at least 30 it is highest in May 2020 (+0.20) "
            "and lowest in June 2020 (−0.30) and July 2020 (−0.30)"
        ),
    ),
    (
        "mean",
        {
            **MEANS,
            "highest": [{"periods": [MAY, JUNE, JULY, "2020-08"], "mean": 0.2, "n": 400}],
            "lowest": [{"periods": ["2020-09"], "mean": -0.3, "n": 50}],
        },
        (
            "The engine's mean polarity for “covid” is −0.07 (1,200 mentions); of the months with "
            "at least 30 it is highest in 4 months (about +0.20) and lowest in September 2020 "
            "(−0.30, 50 mentions)."
        ),
        (
            "the mean is −0.07; of the months with at least 30 it is highest in 4 months (about "
            "+0.20) and lowest in September 2020 (−0.30)"
        ),
    ),
    (
        "several engines",
        {"engines": ["old/1", "new/2"]},
        (
            "The mood around “covid” is not compared over time: old/1 and new/2 have scored it, "
            "each on a scale of its own."
        ),
        "",
    ),
    (
        "overtaking",
        {**SIDES, "previous_period": JUNE, "is_next": True},
        (
            "“b” overtook “a” in July 2020: since then it is ahead in 2 of 2 months (160 documents "
            "to 35), before that it was behind in 3 of 4 (42 to 1,255)."
        ),
        (
            "this happens in July 2020: since then it is ahead in 2 of 2 months (160 documents to "
            "35), before that it was behind in 3 of 4 (42 to 1,255)"
        ),
    ),
    (
        "overtaking",
        {**SIDES, "previous_period": MAY, "is_next": False},
        (
            "“b” overtook “a” between May 2020 and July 2020: since then it is ahead in 2 of 2 "
            "months (160 documents to 35), before that it was behind in 3 of 4 (42 to 1,255)."
        ),
        (
            "this happens between May 2020 and July 2020: since then it is ahead in 2 of 2 months "
            "(160 documents to 35), before that it was behind in 3 of 4 (42 to 1,255)"
        ),
    ),
    (
        "more documents",
        MOST,
        "“a” is in more documents: 1,200 of 2,000 documents (60.0 %); “b” is in 9.0 %.",
        "“a” is in most, 1,200",
    ),
    (
        "most documents",
        MOST,
        (
            "Of 3 subjects “a” is in most documents: 1,200 of 2,000 documents (60.0 %); next is "
            "“b” with 9.0 %, last “c” with 0.40 %."
        ),
        "“a” is in most, 1,200",
    ),
    (
        "means of subjects",
        {
            "subjects": 3,
            "fewest": 100,
            "ends": [
                {"end": "highest", "subject": "a", "mean": 0.1, "n": 1200},
                {"end": "lowest", "subject": "b", "mean": -0.3, "n": 180},
            ],
        },
        (
            "Of 3 subjects with at least 100 mentions the engine's mean polarity is highest for "
            "“a” (+0.10, 1,200 mentions) and lowest for “b” (−0.30, 180 mentions)."
        ),
        "it is highest for “a” (+0.10, 1,200 mentions) and lowest for “b” (−0.30, 180 mentions)",
    ),
    (
        "together",
        {"rarer": "b", "other": "a", "both": 25, "documents": 180, "expected": 4.61},
        (
            "“b” stands beside “a” in 25 of its 180 documents; 4.6 would be expected if one said "
            "nothing of the other."
        ),
        "they stand together in 25, where 4.6 would be expected",
    ),
    (
        "larger share of two groups",
        {**GROUPS, "groups": 2},
        (
            "Of 2 sections with at least 30 documents in their common months, World mentions "
            "“covid” in the largest share: 100 of 500 documents (20.0 %); Sport has 1.0 %."
        ),
        "it is largest in World: 100 of 500 documents (20.0 %)",
    ),
    (
        "largest share of groups",
        GROUPS,
        (
            "Of 3 sections with at least 30 documents in their common months, World mentions "
            "“covid” in the largest share: 100 of 500 documents (20.0 %); next is Arts with 10.0 "
            "%, last Sport with 1.0 %."
        ),
        "it is largest in World: 100 of 500 documents (20.0 %)",
    ),
    (
        "means of groups",
        GROUPS,
        (
            "The engine's mean polarity for “covid” is highest in World (+0.10) and lowest in "
            "Sport (−0.20), of 3 sections, month by month."
        ),
        "it is highest in World (+0.10) and lowest in Sport (−0.20)",
    ),
    (
        "busier of two periods",
        {**BUSIEST, "periods": 2},
        "@nasa posted most in May 2020 of 2 whole months: 62 posts, 2.0 a day; June 2020 has 1.0.",
        "it is most in May 2020: 62 posts, 2.0 a day",
    ),
    (
        "two busiest periods",
        {**BUSIEST, "is_search": True, "name": "rain"},
        (
            "Most was posted on “rain” in May 2020 of 3 whole months: 62 posts, 2.0 a day; June "
            "2020 has as many a day."
        ),
        "it is most in May 2020: 62 posts, 2.0 a day",
    ),
    (
        "busiest period",
        BUSIEST,
        (
            "@nasa posted most in May 2020 of 3 whole months: 62 posts, 2.0 a day; next is June "
            "2020 with 1.0, fewest in July 2020 with 1.0."
        ),
        "it is most in May 2020: 62 posts, 2.0 a day",
    ),
    (
        "busiest period",
        {**BUSIEST, "lowest": [JUNE, JULY], "is_silent": True},
        (
            "@nasa posted most in May 2020 of 3 whole months: 62 posts, 2.0 a day; next is June "
            "2020 with 1.0, none in 2 months."
        ),
        "it is most in May 2020: 62 posts, 2.0 a day",
    ),
    (
        "more posts",
        {**POSTS, "are_all": False, "periods": [MAY]},
        (
            "@nasa posts more than @esa: 2.0 posts a day against 1.0, in the 1 month that is "
            "complete for those with posts (May 2020). Reposts count."
        ),
        "@nasa posts most, 2.0 a day",
    ),
    (
        "more posts",
        POSTS,
        (
            "@nasa posts more than @esa: 2.0 posts a day against 1.0, in the 2 months that are "
            "complete for both (May 2020 to June 2020). Reposts count."
        ),
        "@nasa posts most, 2.0 a day",
    ),
    (
        "most posts",
        POSTS,
        (
            "@nasa posts most of 3: 2.0 posts a day against 1.0 of @esa, the next, in the 2 months "
            "that are complete for all (May 2020 to June 2020). Reposts count."
        ),
        "@nasa posts most, 2.0 a day",
    ),
    (
        "silent accounts",
        {"silent": 1, "accounts": 3},
        "1 of 3 has no posts; the table says why.",
        "",
    ),
    (
        "silent accounts",
        {"silent": 2, "accounts": 3},
        "2 of 3 have no posts; the table says why.",
        "",
    ),
]


@pytest.mark.parametrize("case", FACTS, ids=lambda case: str(case[0]))
def test_a_fact_has_its_sentence_and_its_clause(case: Case) -> None:
    kind, figures, text, clause = case
    shares = figures.get("shares", ())
    fact = Fact(kind, "“covid”", ("topic",), ("answer",), figures, shares=shares)
    assert (fact.text, fact.clause) == (text, clause)


# The kind of a sentence that a page writes, its figures and what it says.
WRITTEN: list[tuple[str, dict[str, Any], str]] = [
    (
        "part",
        {"part": "fog", "whole": "weather"},
        (
            "“fog” is a part of “weather”: what is written of the one is written of the other too, "
            "so that they are not compared."
        ),
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
            "“fog” is in 10.0 % of all documents and in 20.0 % of those of the fixed panel: 2 "
            "outlets of 4 (Herald and Mirror) have every month."
        ),
    ),
    (
        "fixed panel",
        {**PANEL, "members": 1, "are_named": False},
        (
            "“fog” is in 10.0 % of all documents and in 20.0 % of those of the fixed panel: 1 "
            "outlet of 4 has every month."
        ),
    ),
    (
        "months of all outlets",
        PANEL,
        (
            "“fog” is in 10.0 % of all documents and in 30.0 % of those in May 2020 to June 2020, "
            "which all 4 outlets share; none of them has every month, so that there is no fixed "
            "panel."
        ),
    ),
    (
        "no fixed panel",
        PANEL,
        (
            "“fog” is in 10.0 % of all documents; no outlet has every month and no month has all 4 "
            "outlets, so that there is no fixed panel."
        ),
    ),
    (
        "newest posts alone",
        {"source": "X", "most": 3200},
        (
            "X gives the newest 3,200 posts of an account, about as many as there are here: "
            "earlier ones may be missing."
        ),
    ),
    (
        "garbled posts",
        {"garbled": 1200, "posts": 2000, "share": 0.6},
        (
            "1,200 of 2,000 posts (60.0 %) hold signs of a wrong encoding, as they were stored: "
            "their words, names and moods may be wrong."
        ),
    ),
    (
        "cut posts",
        {"cut": 5, "posts": 2000},
        "5 of 2,000 posts end within a web address that was cut, as reposts of a service do.",
    ),
    (
        "counted as one",
        {"names": ["Ann (Anne)", "Bob (Rob)"]},
        "Counted as one: Ann (Anne); Bob (Rob).",
    ),
    (
        "polarity of news",
        {"is_chosen": True, "low": -0.1, "high": 0.05},
        (
            "Polarity is that of “news”, a network that was trained on rated sentences of news; on "
            "headlines it has not seen, readers agree with it more than with VADER. It was chosen "
            "because the run compares months of English news. From −0.10 to +0.05 it is neutral, "
            "and its zero is arbitrary: compare months and subjects with it, and say “lower than "
            "in March”, not “negative”"
        ),
    ),
    (
        "neutral polarity",
        {"low": -0.1, "high": 0.05},
        (
            "From −0.10 to +0.05 it is neutral, and its zero is arbitrary: compare months and "
            "subjects with it, and say “lower than in March”, not “negative”"
        ),
    ),
    ("repeats of another subject", {}, "repeats, of which none mentions it"),
    ("repeats", {"n": 1, "noun": "document"}, "the 1 document that is a repeat"),
    ("repeats", {"n": 1899, "noun": "post"}, "the 1,899 posts that are repeats"),
    (
        "repeats of a pattern",
        {"n": 5, "noun": "document", "pattern": "Letter"},
        "the 5 documents that are repeats, “Letter”",
    ),
    (
        "repeats, most of a pattern",
        {"n": 5, "noun": "document", "largest": 4, "pattern": "Letter"},
        "the 5 documents that are repeats (4 of them “Letter”)",
    ),
    (
        "bulk days",
        {"days": "17 March 2020"},
        "17 March 2020, when the archive has far more documents than usual",
    ),
    (
        "many bulk days",
        {"n": 4},
        "4 days on which the archive has far more documents than usual",
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
            "In 2 months at least 5 documents that mention it, and more than a fifth, are repeats, "
            "most in May 2020 (60.0 %): --distinct leaves them out."
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
            "In 1 month at least 5 posts, and more than a fifth, are repeats, most in May 2020 "
            "(60.0 %): --distinct leaves them out."
        ),
    ),
    (
        "judged by texts",
        {"months": "May 2020 to July 2020", "is_large": True},
        (
            "They are found among the texts of May 2020 to July 2020 that mention a keyword: in a "
            "run of other months a few other texts are repeats."
        ),
    ),
    (
        "event of share",
        EVENT,
        (
            "“fog” in July 2020: 150 of 3,000 documents, 5.0 %, against 1.0 % on average in the 6 "
            "months before."
        ),
    ),
    (
        "event of wording",
        {**EVENT, "compared": ["now", "none before", "the period before"]},
        (
            "The term “mist” in July 2020: in 150 of 3,000 documents of the subject “fog”, 5.0 %, "
            "and none in the month before."
        ),
    ),
    (
        "event of posts",
        EVENT_OF_POSTS,
        "@nasa in July 2020: no post, against 2.4 posts a day in the month before.",
    ),
    (
        "event of mood",
        {**EVENT, "level": "+", "now": 0.33, "before": -0.11},
        (
            "The mood around “fog” in July 2020: +0.33, against −0.11 on average in the 6 months "
            "before; an index of the engine, n = 300."
        ),
    ),
    (
        "event of mood",
        {**EVENT_OF_POSTS, "level": "+", "now": 0.33, "unit": "", "compared": ["now"]},
        "The mood of the posts of @nasa in July 2020: +0.33; an index of the engine, n = 300.",
    ),
    (
        "recurring",
        {"clauses": [write_sentence("earlier recurring", n=1200), "“fog” in July 2020"]},
        (
            "Not told, since the same month or week of two earlier years or more stood out as "
            "much: 1,200 earlier ones; “fog” in July 2020."
        ),
    ),
    ("no new documents", {}, "No documents are new."),
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
        "“fog”: 2 documents fewer mention it, 1,203 in all.",
    ),
    (
        "new documents of a subject",
        {**NEW, "change": "other", "n": 0},
        "“fog”: other documents mention it, 1,203 in all.",
    ),
    (
        "no new document of a subject",
        NEW,
        "“fog”: no new document mentions it.",
    ),
    ("no new posts", {}, "No posts are new."),
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
    ("silent since", {"silent": 1, "accounts": 3}, "1 of 3 has no new posts."),
    ("silent since", {"silent": 2, "accounts": 3}, "2 of 3 have no new posts."),
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
    ("most repeated", {"size": 5}, "the most repeated: 5 documents of its pattern"),
    ("typical", {}, "shares most words with the other documents"),
    ("typical words", {"words": ["sea", "fog"]}, "among the most typical: “sea”, “fog”"),
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
    ("event of share", EVENT, "“fog” in July 2020, as in July 2018 and in July 2019"),
    (
        "event of wording",
        EVENT,
        "the term “mist” of “fog” in July 2020, as in July 2018 and in July 2019",
    ),
    ("event of posts", EVENT_OF_POSTS, "@nasa in July 2020, as in July 2018 and in July 2019"),
    (
        "event of mood",
        EVENT,
        "the mood around “fog” in July 2020, as in July 2018 and in July 2019",
    ),
]


@pytest.mark.parametrize(("kind", "figures", "clause"), CLAUSES)
def test_what_comes_every_year_is_named(kind: str, figures: dict[str, Any], clause: str) -> None:
    assert write_clause(kind, **figures) == clause


# What follows the figures of an event: the phrase, its figures and what it says.
COMPARISONS: list[tuple[str, dict[str, Any], str]] = [
    ("an earlier period", {"usual": MAY}, "in May 2020"),
    ("usual periods", {"n_before": 7}, "in 7 usual months before"),
    ("many left out", {"n_left_out": 4}, ", 4 that were unusual or not whole left out"),
    ("months left out", {"left_out": [MAY, JULY]}, ", without May 2020 and July 2020"),
    ("weeks left out", {"left_out": ["2020-W11"]}, ", without the week from 9 March 2020"),
    (
        "weeks left out",
        {"left_out": ["2020-W11", "2020-W13"]},
        ", without the weeks from 9 March 2020 and 23 March 2020",
    ),
    (
        "a year before",
        {"same": 0.05, "same_period": "2019-07"},
        ", and 5.0 % in July 2019",
    ),
    (
        "years before",
        {
            "same": 0.0,
            "same_period": "2019-07",
            "is_rise": False,
            "years": 3,
        },
        ", and none in July 2019, the lowest of 3 years",
    ),
    (
        "a year before",
        {"level": "+", "same": 0.0, "same_period": "2019-07"},
        ", and 0.00 in July 2019",
    ),
    (
        "judged",
        {"judged": SimpleNamespace(now=0.038, before=0.0)},
        " (3.8 % against none without repeats and bulk days)",
    ),
    (
        "furthest",
        {"furthest": SimpleNamespace(now=0.2, period="2020-W12"), "is_rise": True},
        "; it rose to 20.0 % in the week from 16 March 2020",
    ),
    (
        "furthest",
        {
            "level": ".1f",
            "unit": " posts a day",
            "furthest": SimpleNamespace(now=0.2, period="2020-W12"),
            "is_rise": False,
        },
        "; it fell to 0.2 posts a day in the week from 16 March 2020",
    ),
]


@pytest.mark.parametrize(("phrase", "figures", "text"), COMPARISONS)
def test_an_event_is_compared_in_words(phrase: str, figures: dict[str, Any], text: str) -> None:
    assert fill(PHRASES[phrase], {**EVENT, **figures}) == text


def test_each_sentence_is_in_the_table() -> None:
    cases = {kind for kind, *_ in (*FACTS, *WRITTEN)}
    parts = {"contrast", "group without documents", "earlier recurring"}
    assert cases | parts == set(SENTENCES)


def test_each_phrase_that_a_sentence_names_is_there_and_each_is_named() -> None:
    templates = [*PHRASES.values(), *(template for said in SENTENCES.values() for template in said)]
    written = " ".join(templates)
    named = set(re.findall(r"\{:([^{}]+)\}|:each ([^{}|]+)\}", written))
    names = {included or listed for included, listed in named}
    assert names <= set(PHRASES)
    # Code chooses the others: what an event is compared with, and whether posts are more or fewer.
    chosen = {phrase for phrase, *_ in COMPARISONS} | {"more", "fewer", "other"}
    chosen |= {"now", "no post", "none before", "before", "average before"}
    chosen |= {"the period before", "the periods before"}
    assert names | chosen == set(PHRASES)


def test_the_first_sentence_introduces_its_subject_and_each_has_what_changes() -> None:
    figures = {"last": JUNE, "documents": 900, "later": [JULY]}
    other = Fact("last mention", "“covid”", ("last",), (MAY,), {**figures, "last": MAY})
    fact = Fact(
        "last mention",
        "“covid”",
        ("last",),
        (JUNE,),
        figures,
        contrasts=(("repeats", other), ("that day", other)),
    )
    first, second = state_facts([fact, fact], introduced="“covid” (corona)")
    assert first.text == (
        "“covid” (corona) is last mentioned in June 2020; none of the 900 documents of the 1 month "
        "that was read since mentions it. Without repeats, the last mention is in May 2020. "
        "Without that day, the last mention is in May 2020."
    )
    assert second.text.startswith("“covid” is last mentioned in June 2020")


def test_braces_and_bars_in_names_are_written_as_they_are() -> None:
    odd = "a|b {subject} {0}"
    assert write_sentence("silent since", silent=1, accounts=odd) == f"1 of {odd} has no new posts."
    assert write_sentence("part", part=odd, whole="w").startswith(f"“{odd}” is a part of “w”")
    busiest = write_sentence("busiest period", **{**BUSIEST, "name": odd, "is_search": True})
    assert busiest.startswith(f"Most was posted on “{odd}” in May 2020")


def test_a_count_leads_to_its_documents_on_a_page_and_is_plain_elsewhere() -> None:
    query = DocumentQuery(subject="trade <war>", period=JULY)
    first = PeriodShare(JULY, 900, Counted(17, query))
    figures = {**FIRST, "first": first, "before": [MAY], "is_of_some": False, "is_alone": False}
    fact = Fact("first mention", "“trade <war>”", ("first",), (JULY,), figures)
    assert "first mentioned in July 2020, in 17 documents; none of the" in fact.text
    assert json.loads(json.dumps([fact.text, first.matched])) == [str(fact.text), 17]

    html = page.keep_together(fact.text)
    address = "documents.html#subject=trade%20%3Cwar%3E&amp;period=2020-07"
    assert f'in <a class="count" href="{address}">17 documents</a>; none of the' in html
    assert "“trade &lt;war&gt;” is first" in html
    # What is left out in a contrast is in the list of the count: such a count leads nowhere.
    compared = replace(fact, contrasts=(("repeats", fact),))
    assert compared.text.endswith(" is in July 2020, in 17 documents.")
    assert page.keep_together(compared.text).count("<a ") == 1


def test_signs_of_links_in_a_text_from_outside_make_no_link() -> None:
    odd = "a\x01javascript:alert(1)\x02b\x03"
    text = write_sentence("silent since", silent=1, accounts=odd)
    assert text == "1 of ajavascript:alert(1)b has no new posts."
    assert "<a" not in page.keep_together(text)
    assert copy.deepcopy(text) == text
    # A count of zero has no documents to show.
    nothing = Counted(0, DocumentQuery(subject="x"))
    silent = write_sentence("silent since", silent=1, accounts=nothing)
    assert "<a" not in page.keep_together(silent)
    assert copy.deepcopy(nothing).documents == nothing.documents
