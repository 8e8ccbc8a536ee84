"""Queries: as they are read, and as a matcher by plain regular expressions finds them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from analysis.options import Keyword
from analysis.query.forms import MOST_FORMS, with_forms
from analysis.query.grammar import And, Near, Node, Not, Or, Query, parse_query
from analysis.query.notation import suggest_query
from analysis.query.terms import Term
from analysis.text.mentions import all_terms, mention_rows, place_sentences
from core.enums import Within
from core.errors import BadInput
from models.documents import DocumentText
from textapi.text.keywords import sentences_with
from textapi.text.sentences import sentences, split

# A matcher of its own: it knows the drawn query and one text, and nothing of the parser, of terms
# that are asked for, or of positions.

HYPHEN = "[-\u2010\u2011\u2013]"


def naive_regex(term: Term) -> re.Pattern[str]:
    words = []
    for word in term.words.split():
        plain = re.escape(word.rstrip("*")).replace("\\-", HYPHEN)
        words.append(plain + (rf"\w*(?:{HYPHEN}\d\w*)*" if word.endswith("*") else ""))

    body = r"\s+".join(words)
    flags = 0 if term.case_sensitive else re.IGNORECASE
    edge = rf"(?!\w)(?!’(?:t|ll)(?!\w))(?!{HYPHEN}\d)(?!\.\w)"
    return re.compile(rf"(?<![\w@])(?:{body}){edge}", flags)


def naive_spans(term: Term, text: str) -> Iterator[tuple[int, int]]:
    """Yield where *term* stands: all its words are in one sentence."""
    for start, end in split(text):
        for match in naive_regex(term).finditer(text[start:end]):
            yield start + match.start(), start + match.end()


def words_between(text: str, end: int, start: int) -> int:
    """Count the whole words of the gap: what is cut at its edges belongs to the terms."""
    gap = "x" + text[end:start] + "x"
    return sum(any(c.isalnum() for c in word) for word in re.split(r"[\s—]+", gap)[1:-1])


def naive_near(near: Near, text: str) -> bool:
    for left in near.left:
        for right in near.right:
            for a in naive_spans(left, text):
                for b in naive_spans(right, text):
                    first, second = sorted((a, b))
                    if first[1] > second[0]:
                        continue  # they overlap
                    if words_between(text, first[1], second[0]) <= near.distance:
                        return True

    return False


def naive_match(node: Node, text: str) -> bool:
    match node:
        case Not():
            return not naive_match(node.part, text)
        case And():
            return all(naive_match(part, text) for part in node.parts)
        case Or():
            return any(naive_match(part, text) for part in node.parts)
        case Near():
            return naive_near(node, text)
        case _:
            return any(naive_spans(node, text))


def naive_mentions(query: Query, text: str, within: Within) -> set[tuple[str, int]]:
    """Return the (term, position) of mentions, by the words of docs/queries.md."""
    rows = set()
    for position, sentence in enumerate(sentences(text), start=1):
        scope = sentence if within == Within.SENTENCE else text
        if naive_match(query.root, scope):
            for term in query.sought_terms:
                if naive_regex(term).search(sentence):
                    rows.add((str(term), position))

    return rows


# Drawn queries, and how they are written.

WORDS = ("tide", "Tide", "TIDE", "tides", "harbour", "covid", "covid-19", "US", "us", "storm")
TERMS = st.one_of(
    st.builds(Term, st.sampled_from([*WORDS, "high tide", "and", "near"]), st.booleans()),
    st.builds(Term, st.sampled_from(["tid*", "covid*", "us*", "high tid*", "h*"]), st.booleans()),
)
GROUPS = st.lists(TERMS, min_size=1, max_size=2).map(tuple)
NODES: st.SearchStrategy[Node] = st.recursive(
    TERMS | st.builds(Near, GROUPS, GROUPS, st.integers(0, 3)),
    lambda nodes: st.one_of(
        st.builds(Not, nodes),
        st.builds(And, st.lists(nodes, min_size=2, max_size=3).map(tuple)),
        st.builds(Or, st.lists(nodes, min_size=2, max_size=3).map(tuple)),
    ),
    max_leaves=6,
)
TEXTS = st.lists(
    st.tuples(
        st.sampled_from([*WORDS, "High", "high", "and", "near", "the", "-", "#tide", "tidal"]),
        st.sampled_from([" ", " ", " ", "  ", ". ", "-", "—", ", ", "\n", "’s ", "’ll "]),
    ),
    max_size=14,
).map(lambda pairs: "".join(word + gap for word, gap in pairs).strip())


@dataclass
class Spelling:
    """How a query is written: drawn for each bracket and word that may be written in two ways."""

    draw: st.DrawFn

    def flip(self) -> bool:
        return self.draw(st.booleans())

    def term(self, term: Term) -> str:
        needs_quotes = term.words.upper() in ("AND", "OR", "NOT")
        words = f'"{term.words}"' if needs_quotes or self.flip() else term.words
        return "=" * term.case_sensitive + words

    def group(self, terms: tuple[Term, ...]) -> str:
        written = " OR ".join(map(self.term, terms))
        return f"({written})" if len(terms) > 1 or self.flip() else written

    def node(self, node: Node, binding: int = 0) -> str:
        """Write *node* in brackets where what is around it binds more than it does, or so drawn."""
        match node:
            case Term():
                written, own = self.term(node), 3
            case Near():
                near = self.draw(st.sampled_from(["near", "NEAR"]))
                left, right = self.group(node.left), self.group(node.right)
                written, own = f"{left} {near}/{node.distance} {right}", 3
            case Not():
                written, own = f"NOT {self.node(node.part, 3)}", 2
            case And():
                parts = [self.node(part, 2) for part in node.parts]
                written, own = self.join_all(parts), 1
            case Or():
                written, own = " OR ".join(self.node(part, 1) for part in node.parts), 0

        return f"({written})" if own < binding or self.flip() else written

    def join_all(self, parts: list[str]) -> str:
        written = parts[0]
        for part in parts[1:]:
            joint = " " if part.startswith("NOT ") and self.flip() else " AND "
            written += joint + part

        return written


@st.composite
def written_queries(draw: st.DrawFn) -> tuple[Node, str]:
    node = draw(NODES)
    return node, Spelling(draw).node(node)


def as_service(keywords: list[Keyword], text: str) -> dict[str, list[str]]:
    """Answer each asked term alone, as the Text API does."""
    return {term: sentences_with(text, [term])[term] for term in all_terms(keywords)}


def mentions(keyword: Keyword, text: str) -> set[tuple[str, int]]:
    keywords = with_forms([keyword], [text])
    document = DocumentText(1, "nyt:1", "2020-03", text)
    rows = mention_rows(document, keywords, place_sentences(document, as_service(keywords, text)))
    return {(row["term"], row["position"]) for row in rows}


def read(written: str, within: Within) -> Keyword | None:
    """Return the query, or None where it is refused for what it can match."""
    try:
        return Keyword.parse_query("the tide", written, within)
    except ValueError as error:
        if re.search("matches what holds none|contradicts itself", str(error)):
            return None

        raise


@pytest.mark.parametrize("query", ['tide AND "high tide"', "tide near/0 high tid*"])
def test_the_words_of_a_term_stand_in_one_sentence_also_within_a_document(query: str) -> None:
    keyword = Keyword.parse_query("the tide", query, Within.DOCUMENT)
    assert mentions(keyword, "tide High\ntide") == set()
    assert {position for _, position in mentions(keyword, "tide\nHigh tide")} == {1, 2}


@settings(max_examples=5 * settings.default.max_examples)
@given(written_queries(), TEXTS, st.sampled_from(Within))
def test_a_query_finds_what_plain_regular_expressions_find(
    drawn: tuple[Node, str], text: str, within: Within
) -> None:
    node, written = drawn
    keyword = read(written, within)
    if keyword is None:  # it matches any text without its words, or none
        assert naive_match(node, "") or not naive_mentions(Query(node), text, within)
        return

    assert not naive_match(node, "")
    assert keyword.parsed_query is not None
    expected = naive_mentions(Query(node), text, within)
    folded = {(term.casefold(), position) for term, position in expected}
    found = {(term.casefold(), position) for term, position in mentions(keyword, text)}
    assert found == folded


@given(written_queries(), st.sampled_from(Within))
def test_a_keyword_reads_as_it_is_written(drawn: tuple[Node, str], within: Within) -> None:
    keyword = read(drawn[1], within)
    if keyword is None:
        return

    assert Keyword.parse(keyword.as_written, within) == keyword
    assert Keyword.model_validate(keyword.model_dump(mode="json")) == keyword


@given(st.text(alphabet='ab ()"*=,:/19\u201c\u201dANDORTnear-', max_size=30))
def test_whatever_is_written_is_read_or_refused_in_a_sentence(text: str) -> None:
    try:
        keyword = Keyword.parse(text)
    except ValidationError:
        pytest.fail("the model has to refuse what the parser took")
    except ValueError:
        return

    assert keyword.name
    assert keyword.terms


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("a OR b AND c", Or((Term("a"), And((Term("b"), Term("c")))))),
        ("(a OR b) AND c", And((Or((Term("a"), Term("b"))), Term("c")))),
        ("a NOT b", And((Term("a"), Not(Term("b"))))),
        ("a AND NOT NOT b", And((Term("a"), Term("b")))),
        ("a OR b near/2 c", Or((Term("a"), Near((Term("b"),), (Term("c"),), 2)))),
        ("hong kong AND a", And((Term("hong kong"), Term("a")))),
        ("“AND, then” AND a", And((Term("AND, then"), Term("a")))),
        ('=US OR ="New York"', Or((Term("US", True), Term("New York", True)))),
        ("A NOT (a near/1 B*)", And((Term("A"), Not(Near((Term("A"),), (Term("B*"),), 1))))),
    ],
)
def test_operators_bind_as_the_page_on_queries_says(written: str, expected: Node) -> None:
    assert parse_query(written).root == expected


@pytest.mark.parametrize(
    ("wrong", "remedy"),
    [
        ("(a OR b", r"write \) behind"),
        ("a OR b)", r"write \( before"),
        ("trump)", r"write \( before"),
        ('"a OR b', "never closed: write two"),
        ("a AND", "missing at the end"),
        ("AND a", "missing before AND"),
        ("a AND OR b", "missing before OR"),
        ("a NOT ()", "write them, or take it away"),
        ("!!! AND a", "no letter or digit: write a word"),
        ('""', "no letter or digit: write a word"),
        ("a near/ b", "write near/5"),
        ("a near/1001 b", "write near/5"),
        ("a near/2 (b AND c)", "write AND around it"),
        ("a near/2 b near/2 c", "near/N joins two"),
        ("a*b", "at a word's end"),
        ("*", "at a word's end"),
        ("c++*", "at a word's end"),
        ("covid:corona*,sars AND b", "write OR"),
        ("a AND -b", "write NOT for -"),
        ("a =US NOT b", "before the whole phrase"),
        ("a (b OR c)", "write AND, OR or near/N between"),
        ('a "b c"', "put all words into one pair"),
        ("salt and pepper NOT a", '"salt and pepper"'),
        ("a NOT b:c", "write all of it as one query"),
        ("NOT a", "a word has to be there"),
        ("a OR NOT b", "a word has to be there"),
        ("a NOT a", "contradicts itself"),
        ("=US NOT us", "contradicts itself"),
        ("new york NOT york*", "contradicts itself"),
        ("a near/3 b NOT b", "contradicts itself"),
        ("x" * 201 + "*", "shorten it"),
        ("a OR " * 41 + "b", "write NAME:"),
        ("(" * 60 + "a" + ")" * 60, "50 brackets"),
        ("n:a OR " + "b" * 10_000, "10,000 characters"),
    ],
)
def test_a_query_that_cannot_match_what_was_meant_says_what_to_write(
    wrong: str, remedy: str
) -> None:
    with pytest.raises(ValueError, match=remedy):
        Keyword.parse(wrong)


def test_nothing_is_refused_that_could_match() -> None:
    apart = Keyword.parse("sea AND storm NOT sea near/2 storm")
    assert mentions(apart, "Sea, a high tide, storm. Sea storm.") == {("sea", 1), ("storm", 1)}
    assert mentions(Keyword.parse("US NOT =US"), "Join us. US, us.") == {("US", 1)}
    assert mentions(Keyword.parse("york NOT new york"), "York. New York.") == {("york", 1)}
    assert mentions(Keyword.parse("covid* NOT covid"), "Covid. Covid-19.") == {("covid*", 2)}


@pytest.mark.parametrize(
    "plain",
    [
        *("law and order", "f(x)", "E = mc2", "rock 'n' roll", "rock \u2018n\u2019 roll", "c++"),
        *("9/11", "24/7", "near", "NEAR Protocol", "AT&T", "rock & roll", "N95", "#covid", "C#"),
        *("Yahoo! Finance", "\u201990s music", "the boys\u2019 club", "\u65e5\u672c", "3-D"),
    ],
)
def test_words_without_a_sign_of_queries_are_looked_for_as_ever(plain: str) -> None:
    keyword = Keyword.parse(plain)
    assert (keyword.name, keyword.terms, keyword.query) == (plain, (plain,), None)


@pytest.mark.parametrize(
    ("wrong", "remedy"),
    [
        ("trump | biden", "write OR"),
        ("trump || biden", "write OR"),
        ("trump|biden", "write OR"),
        ("covid:corona;sars", "a comma in NAME:term,term"),
        ("a && b", "write AND"),
        ("trump -biden", "write NOT for -"),
        ("trump \u2212biden", "write NOT for -"),
        ("+trump -biden", "write AND for +"),
        ("trump !biden", "write NOT for !"),
        ("trump AND_NOT biden", "write NOT alone"),
        ("trump ANDNOT biden", "write NOT alone"),
        ("trump BUT NOT biden", "write NOT alone"),
        ("trump <and> biden", "write AND or OR"),
        ("trump XOR biden", r"write \(a OR b\) NOT"),
        ("within/5", "write near/5"),
        ("police within/5 shot", "write near/5"),
        ("police w/5 shot", "write near/5"),
        ("police PRE/5 shot", "write near/5"),
        ("police /5 shot", "write near/5"),
        ("police /s shot", "write near/5"),
        ("police NEAR5 shot", "write near/5"),
        ("police NEAR shot", "write near/5"),
        ("police near shot NOT biden", "write near/5"),
        ("police AROUND(5) shot", "write near/5"),
        ('"police shot"~5', "write each, a star"),
        ("hong ADJ kong", "write near/0"),
        ("tr~mp", "run~ for all forms"),
        ("trump^2", "leave it out"),
        ("/tru.p/", "regular expressions are not read"),
        ("vaccin?", r"write vaccin\*, or \"vaccin\?\""),
        ("vaccin? AND flu", r"write vaccin\*"),
        ("wom?n", "write each form"),
        ("[trump OR biden]", r"write \( and \)"),
        ("{trump}", r"write \( and \)"),
        ("title:trump", "write trump, or title OR trump"),
        ("Headline:trump", "is no field here"),
        ('"trump" "biden"', "write AND, OR or near/N between"),
        ("NEAR(police shot)", "write near/5 between two words"),
        ("NEAR (police shot)", "write near/5 between two words"),
        ("police near(5) shot", "write near/5 between two words"),
        ("a OR ONEAR5(police, shot)", "write near/5 between two words"),
        ("trump \uff2f\uff32 biden", "write OR in Latin letters"),
        ("trump \u0410ND biden", "write AND in Latin letters"),
        ("\u039d\u039f\u03a4 trump", "write NOT in Latin letters"),
        ("police n\u0435ar/5 shot", "write near/5 in Latin letters"),
        ("trump \uff06\uff06 biden", "write AND for \uff06"),
        ("\uff08trump OR biden\uff09", r"write \( for \uff08"),
        ("trump\uff0cbiden", "write , for \uff0c"),
        ("trump\u3001biden", "write OR between words"),
        ("\uff02trump\uff02 OR biden", 'write " for \uff02'),
        ("\u300ctrump\u300d OR biden", 'write "…" around the words'),
        ("\u300etrump biden\u300f", 'write "…" around the words'),
        ("\u300atrump\u300b", 'write "…" around the words'),
        ("\u3010trump\u3011", r"write \( and \)"),
        ("\u00abtrump OR biden", 'write "…" around the words'),
        ("trump OR biden\u203a", 'write "…" around the words'),
        ("vaccin\uff0a OR flu", r"write \* for \uff0a"),
    ],
)
def test_a_notation_of_other_tools_is_refused_with_what_to_write(wrong: str, remedy: str) -> None:
    with pytest.raises(ValueError, match=remedy):
        Keyword.parse(wrong)

    if ":" not in wrong:
        with pytest.raises(ValueError, match=remedy):
            Keyword.parse_query("named", wrong)


@pytest.mark.parametrize("literal", ["trump | biden", "-gate", "vaccin?", "w/5", "a; b"])
def test_in_quotation_marks_a_sign_of_other_tools_stands_for_itself(literal: str) -> None:
    keyword = Keyword.parse(f'"{literal}"')
    assert (keyword.name, keyword.terms) == (literal, (literal,))


MARKS = [
    *(
        "\u201c\u201d",
        "\u201e\u201c",
        "\u201e\u201d",
        "\u201d\u201d",
        "\u00ab\u00bb",
        "\u00bb\u00ab",
    ),
    *("\u2039\u203a", "\u203a\u2039", "\u201a\u2018", "\u201a\u2019", "\u2018\u2019", "''", '""'),
]


@pytest.mark.parametrize("marks", MARKS)
def test_quotation_marks_of_word_processors_are_quotation_marks(marks: str) -> None:
    phrase = f"{marks[0]}hong kong, too{marks[1]}"
    term = Term("hong kong, too")
    for written, expected in (
        (phrase, term),
        (f"{phrase} AND china", And((term, Term("china")))),
        (f"china NOT {phrase}", And((Term("china"), Not(term)))),
        (f"x:({phrase} OR china) near/3 tea", Near((term, Term("china")), (Term("tea"),), 3)),
    ):
        query = Keyword.parse(written).parsed_query
        assert query is not None
        assert query.root == expected

    case_sensitive = Keyword.parse(f"={phrase}").parsed_query
    assert case_sensitive is not None
    assert case_sensitive.root == Term("hong kong, too", True)


def test_an_apostrophe_within_quotation_marks_stays_one() -> None:
    keyword = Keyword.parse("\u2018Trump\u2019s wall\u2019 NOT biden")
    assert keyword.terms == ("Trump\u2019s wall",)


@pytest.mark.parametrize(
    ("phrase", "query"),
    [
        ("trump and biden", "trump AND biden"),
        ("Trump Or Biden", "Trump OR Biden"),
        ("trump and not biden", "trump AND NOT biden"),
        ("police near shot", "police near/5 shot"),
        ("rock & roll", "rock AND roll"),
        ("trump + biden", "trump AND biden"),
        ("trump - biden", "trump NOT biden"),
        ("not biden", "NOT biden"),
        ("vaccin!", "vaccin*"),
        ("and then", None),
        ("near miss", None),
        ("what for", None),
        ("C++", None),
        ("100%", None),
    ],
)
def test_a_phrase_with_an_operator_in_small_letters_suggests_a_query(
    phrase: str, query: str | None
) -> None:
    assert suggest_query(phrase) == query


def test_a_stored_query_is_read_whatever_signs_of_other_tools_it_holds() -> None:
    stored = {"name": "x", "terms": ["a | b", "w/5"], "query": "a | b OR w/5 NOT near miss"}
    assert Keyword.model_validate(stored).terms == ("a | b", "w/5")


def test_stored_parameters_of_before_are_a_list_of_terms_whatever_they_hold() -> None:
    stored = {"name": "LAW AND ORDER", "terms": ["LAW AND ORDER", "=US", "(RED)"]}
    keyword = Keyword.model_validate(stored)
    assert keyword.request_terms == ["LAW AND ORDER", "=US", "(RED)"]
    assert [pattern.search("the =US too") is not None for pattern in keyword.patterns] == [
        *(False, True, False)
    ]


def test_the_name_of_a_query_is_a_name_only() -> None:
    keyword = Keyword.parse("Storm news:storm* NOT covid")
    assert (keyword.name, keyword.terms) == ("Storm news", ("storm*",))
    assert mentions(keyword, "Storm news. Storms of covid.") == {("storm*", 1)}


@pytest.mark.parametrize(
    ("written", "compared"),
    [
        ("covid:flu", ("covid", "flu")),
        ("(covid* OR =Flu) NOT (sea OR storm)", ("covid*", "=Flu")),
        ("covid AND flu", ()),
        ("covid OR flu AND sea", ()),
        ("covid near/3 flu", ()),
    ],
)
def test_terms_are_compared_where_each_is_enough(written: str, compared: tuple[str, ...]) -> None:
    assert Keyword.parse(written).compared_terms == compared


def test_a_quoted_term_alone_has_its_words_for_a_name() -> None:
    assert Keyword.parse('"AND"').name == "AND"
    assert Keyword.parse("covid*").name == "covid*"


def test_within_a_document_the_whole_of_it_decides_and_sentences_with_a_term_are_mentions() -> None:
    text = "Tide and rain. Storm! The tide. Nothing."
    both = "tide AND storm"
    assert mentions(Keyword.parse(both), text) == set()
    assert mentions(Keyword.parse(both, Within.DOCUMENT), text) == {
        *(("tide", 1), ("storm", 2), ("tide", 3))
    }
    assert mentions(Keyword.parse("tide NOT storm"), text) == {("tide", 1), ("tide", 3)}
    assert mentions(Keyword.parse("tide NOT storm", Within.DOCUMENT), text) == set()


@pytest.mark.parametrize("within", Within)
@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("NOT NOT tide", "tide OR tide"),
        ("storm NOT (tide NOT harbour)", "storm AND (NOT tide OR harbour)"),
        ("storm NOT NOT NOT tide", "storm NOT tide"),
    ],
)
def test_a_term_behind_two_nots_has_the_rows_of_a_term_behind_none(
    written: str, plain: str, within: Within
) -> None:
    twice, never = (Keyword.parse_query("x", query, within) for query in (written, plain))
    texts = ["A storm, the tide. Storm in the harbour!", "Tide. Harbour, tide, storm.", "A storm."]
    for text in texts:
        assert mentions(twice, text) == mentions(never, text)

    assert any(mentions(twice, text) for text in texts)
    assert ("harbour" in twice.terms) == ("harbour" in written)


def test_only_whole_words_are_asked_for_those_behind_not_too() -> None:
    keyword = Keyword.parse("x:(=Tide OR vaccin*) NOT (storm near/3 sea)")
    texts = ["Vaccines, vaccine’s VACCINE.", "anti-vaccination, vaccin\u20119", "@vaccines.com"]
    (expanded,) = with_forms([keyword], texts)
    assert all_terms([expanded]) == [
        *("Tide", "vaccin-9", "vaccination", "vaccine", "vaccines", "storm", "sea")
    ]
    assert "forms" not in expanded.model_dump()


def test_a_star_that_stands_for_too_many_words_is_refused_with_some_of_them() -> None:
    texts = [f"sea{number}" for number in range(MOST_FORMS + 1)]
    keyword = Keyword.parse("sea*")
    with pytest.raises(BadInput, match=r"sea\* stands for more than 100 words \(sea0, sea1, "):
        with_forms([keyword], texts)

    (expanded,) = with_forms([keyword], texts[1:])
    assert len(all_terms([expanded])) == MOST_FORMS


@given(
    st.lists(st.sampled_from(["the", "sea-side", "a", "7"]), max_size=4),
    st.sampled_from([" ", ", ", "—", " — ", " - "]),
    st.integers(0, 4),
    st.booleans(),
)
def test_near_counts_the_words_between_in_either_order(
    fillers: list[str], gap: str, distance: int, is_turned: bool
) -> None:
    words = ["tide", *fillers, "storms"]
    text = gap.join(reversed(words) if is_turned else words)
    found = mentions(Keyword.parse(f"tide near/{distance} storm*"), text)
    assert bool(found) == (len(fillers) <= distance)
