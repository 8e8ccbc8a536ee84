import pytest
from hypothesis import given
from hypothesis import strategies as st

from textapi.text.sentences import LINE_BREAKS, sentences, split

NASTY = (
    st.text(st.sampled_from(" .!?\u2026\n\r\u2028)\"'\u201cABab1\u00e9\U0001f600\ud800\u0627"))
    | st.text()
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \n\t ", []),
        ("Markets fall. Shops close.", ["Markets fall.", "Shops close."]),
        ("markets fall. shops close.", ["markets fall.", "shops close."]),
        ("Is it over? No! It goes on.", ["Is it over?", "No!", "It goes on."]),
        ("The U.S. Army waits. E.M.S. Crews rest.", ["The U.S. Army waits.", "E.M.S. Crews rest."]),
        ("D.I.Y. Masks for Dr. Adams. They fit.", ["D.I.Y. Masks for Dr. Adams.", "They fit."]),
        ("the u.s. army waits. dr. adams too.", ["the u.s. army waits.", "dr. adams too."]),
        ("A non-U.S. Firm (Acme Inc.) wins.", ["A non-U.S. Firm (Acme Inc.) wins."]),
        ("He left Acme Inc. She stayed.", ["He left Acme Inc.", "She stayed."]),
        ("Acme Inc. sold it.", ["Acme Inc. sold it."]),
        ("Tom Ames Jr. Speaks Up. He Won.", ["Tom Ames Jr. Speaks Up.", "He Won."]),
        ("TOM AMES SR. WINS. We saw Tom Ames Sr.", ["TOM AMES SR. WINS.", "We saw Tom Ames Sr."]),
        ("He met Tom Ames Jr. They talked.", ["He met Tom Ames Jr.", "They talked."]),
        (
            "Acme Co. Reports a Loss. Acme Bros. Rests",
            ["Acme Co. Reports a Loss.", "Acme Bros. Rests"],
        ),
        ("Sells Boats on Elm Ave. Says Ames", ["Sells Boats on Elm Ave. Says Ames"]),
        ("Conn. Reopens, and Calif. Waits.", ["Conn. Reopens, and Calif. Waits."]),
        ("She left Conn. They stayed.", ["She left Conn.", "They stayed."]),
        ("It is in Elm St. The door is red.", ["It is in Elm St.", "The door is red."]),
        ("In St. Theodore and Ft. Ames", ["In St. Theodore and Ft. Ames"]),
        (
            "Sen. Ames and Rep. Brown vs. Gov. Cole. Gen. Dunn saw No. 5. No. He won.",
            ["Sen. Ames and Rep. Brown vs. Gov. Cole.", "Gen. Dunn saw No. 5.", "No.", "He won."],
        ),
        ("No. 5 wins. We said no. They left.", ["No. 5 wins.", "We said no.", "They left."]),
        (
            "\u201cWhy?\u201d she asked. \u201cGo.\u201d Then",
            ["\u201cWhy?\u201d she asked.", "\u201cGo.\u201d", "Then"],
        ),
        ("Wait... what? Well\u2026 Then go", ["Wait... what?", "Well\u2026", "Then go"]),
        ("It rose 3.5 percent at example.org today", ["It rose 3.5 percent at example.org today"]),
        ("One line\nand another\r\n\r\nDr.\nNo", ["One line", "and another", "Dr.", "No"]),
    ],
)
def test_sentences_end_where_a_reader_would_end_them(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@given(NASTY)
def test_spans_are_ordered_stripped_and_leave_out_only_white_space(text: str) -> None:
    spans = split(text)
    left_out = []
    last = 0
    for start, end in spans:
        assert last <= start < end
        assert text[start:end] == text[start:end].strip()
        left_out.append(text[last:start])
        last = end

    left_out.append(text[last:])
    assert not "".join(left_out).strip()


@given(st.lists(NASTY))
def test_a_text_has_the_same_sentences_alone_and_packed_with_others(texts: list[str]) -> None:
    alone = [sentence for text in texts for sentence in sentences(text)]
    assert sentences("\n".join(texts)) == alone


@pytest.mark.parametrize("line_break", LINE_BREAKS)
def test_no_sentence_holds_a_line_break(line_break: str) -> None:
    assert sentences(f"one{line_break}two") == ["one", "two"]
    assert f"one{line_break}two".splitlines() == ["one", "two"]


# In square time a million characters take hours, in linear time seconds.
@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "piece",
    [
        *("a", ".", "!", ".)", "a.", "(", " ", "\n", "Dr. ", "\u2026\u201d"),
        *(pytest.param(slow, marks=pytest.mark.thorough) for slow in (". ", "a. ")),
    ],
)
def test_a_million_characters_of_anything_are_split_in_linear_time(piece: str) -> None:
    text = (piece * 1_000_000)[:1_000_000]
    assert "".join(sentences(text)).replace(" ", "") == "".join(text.split())


@pytest.mark.parametrize(
    "text",
    [
        "Der Hafen bleibt bis zum 17. Dezember zu.",
        "Fassaden aus dem 18. Jahrhundert stehen leer.",
        "Brot bzw. Butter fehlen, z.B. in Bremen.",
        "Es waren ca. 40 Gäste da.",
        "Le maire M. Lefort et Mlle Martin sont partis en 493 av. J.-C. déjà.",
        "La Dra. Vega y el Ing. Soto firman.",
        "Dhr. Jansen en mevr. Bakker, mgr. Smit en drs. Vos.",
        "After the storm, a walk in St. Augustine",
    ],
)
def test_abbreviations_and_days_of_other_languages_end_no_sentence(text: str) -> None:
    assert sentences(text) == [text]


def test_a_number_ends_a_sentence_before_any_other_word() -> None:
    assert sentences("Am Ende waren es 17. Danach kam keiner.") == [
        "Am Ende waren es 17.",
        "Danach kam keiner.",
    ]
