"""Codebooks: reading, the hash, mistakes with their line and remedy, and traps."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.codebooks.codebook import Codebook, CodedUnit, VariableType
from analysis.codebooks.codebook_files import (
    MOST_BYTES,
    describe_shipped,
    find_codebook,
    parse_codebook,
    read_codebook,
    read_shipped,
)
from core.errors import BadInput

STANCE = """\
name: vaccine-stance
unit: mention
language: [en]
instructions: |
  You read headlines.
  Judge what the headline says.
variables:
  - name: about
    question: Is the text about vaccination?
    type: yes-no
  - name: stance
    question: Which stance does the text take?
    type: category
    if: about = yes
    categories:
      for: benefits, success
      against: harm, refusal
      neither: facts
    examples:
      - {text: Vaccine works, code: for}
  - name: frames
    question: Which frames?
    type: categories
    categories: {health: cure, money: costs}
  - name: strength
    question: How strongly?
    type: scale
    from: 1
    to: 5
    ends: {1: weakly, 5: strongly}
"""


def parse(text: str) -> Codebook:
    return parse_codebook(text.encode(), "stance.yaml")


def refusal(text: str) -> str:
    with pytest.raises(BadInput) as refused:
        parse(text)
    return str(refused.value)


def one_variable(fields: str) -> str:
    return f"name: x\nunit: document\nvariables:\n  - name: v\n    question: Q?\n{fields}"


def test_a_codebook_is_read_as_it_is_written() -> None:
    codebook = parse(STANCE)
    assert (codebook.name, codebook.unit) == ("vaccine-stance", CodedUnit.MENTION)
    assert codebook.language == ("en",)
    about, stance, frames, strength = codebook.variables
    assert about.codes == ("yes", "no")
    assert stance.codes == ("for", "against", "neither")
    assert stance.categories["against"] == "harm, refusal"
    assert f"{stance.condition}" == "about = yes"
    assert (frames.type, frames.codes) == (VariableType.CATEGORIES, ("health", "money"))
    assert strength.codes == ("1", "2", "3", "4", "5")
    assert strength.ends == {1: "weakly", 5: "strongly"}


def test_json_is_read_as_yaml_is() -> None:
    codebook = parse(STANCE)
    content = codebook.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    for indent in (None, 2, "\t"):
        assert parse(json.dumps(content, indent=indent)).hash == codebook.hash


def test_json_may_write_a_character_as_two_halves() -> None:
    content = {"name": "x", "unit": "document"}
    variables = [{"name": "v", "question": "Glad \U0001f600?", "type": "yes-no"}]
    written = json.dumps({**content, "variables": variables})
    assert r"\ud83d\ude00" in written
    assert parse(written).variables[0].question == "Glad \U0001f600?"
    half = written.replace(r"\ude00", "")
    assert "line 1: half a character stands here: write the whole character" in refusal(half)


def test_words_that_yaml_takes_for_truth_values_stay_texts() -> None:
    codebook = parse(
        one_variable(
            "    type: category\n"
            "    categories: {no: Norway, on: Ontario, yes: Yes, 1: first, 2020-01-01: a day, ~: x}"
        )
    )
    assert codebook.variables[0].codes == ("no", "on", "yes", "1", "2020-01-01", "~")


def test_a_shipped_codebook_is_known_by_its_name(tmp_path: Path) -> None:
    relevance = find_codebook("relevance")
    assert relevance.hash == read_shipped("relevance").hash
    assert relevance.variables[0].question_about("covid") == "Is this text about covid?"
    assert relevance.asks_of_keyword
    path = tmp_path / "stance.yaml"
    path.write_text(STANCE, encoding="utf-8")
    assert find_codebook(str(path)).hash == parse(STANCE).hash


@pytest.mark.parametrize("name", ["frames", "stance", "actors"])
def test_a_codebook_that_ships_names_its_definitions_and_the_agreement_of_others(name: str) -> None:
    book = find_codebook(name)
    assert book.name == name
    assert book.unit == CodedUnit.DOCUMENT
    described = describe_shipped(name)
    assert "Definitions: " in described
    assert re.search(r"Agreement that others reached: .*\b(19|20)\d\d|issuepositions", described)


def test_of_the_codebooks_that_ship_a_stance_is_towards_the_keyword_and_frames_are_five() -> None:
    assert find_codebook("stance").asks_of_keyword
    assert len(find_codebook("frames").variables) == 5
    assert find_codebook("actors").variables[0].type == VariableType.CATEGORIES


def test_a_file_that_cannot_be_read_or_is_too_large_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"none\.yaml cannot be read: No such file"):
        find_codebook(str(tmp_path / "none.yaml"))

    with pytest.raises(BadInput, match="cannot be read: Is a directory"):
        read_codebook(tmp_path)

    large = tmp_path / "large.yaml"
    padding = "#" * (MOST_BYTES - len(STANCE))
    large.write_text(STANCE + padding, encoding="utf-8")
    assert read_codebook(large).name == "vaccine-stance"
    large.write_text(f"{STANCE}{padding}#", encoding="utf-8")
    with pytest.raises(BadInput, match="larger than 64 KiB"):
        read_codebook(large)


@st.composite
def same_meanings(draw: st.DrawFn) -> str:
    """Draw `STANCE` with other white space, comments, line ends and order of fields."""
    lines = []
    for line in STANCE.splitlines():
        is_text = line.startswith(("  You", "  Judge"))
        # What is indented before this line belongs to the instructions.
        if not is_text and line != "variables:" and draw(st.booleans()):
            lines.append(draw(st.sampled_from(["", "   # a remark", "# for: remark"])))

        comment = "" if is_text or line.endswith("|") else draw(st.sampled_from(["", "  ", " # x"]))
        lines.append(f"{line}{comment}")

    text = draw(st.sampled_from(["\n", "\r\n"])).join(lines)
    text = text.replace("take?", draw(st.sampled_from(["take?", "take?  "])))
    text = text.replace("Which stance", draw(st.sampled_from(["Which stance", "Which   stance"])))
    if draw(st.booleans()):
        text = text.replace("ends: {1: weakly, 5: strongly}", "ends: {5: strongly, 1: weakly}")
    if draw(st.booleans()):
        text = text.replace("name: vaccine-stance", "name: renamed")

    return text


@given(same_meanings())
def test_white_space_comments_and_the_name_do_not_change_the_hash(text: str) -> None:
    assert parse(text).hash == parse(STANCE).hash


@pytest.mark.parametrize(
    ("written", "other"),
    [
        ("headline says", "headline means"),
        ("unit: mention", "unit: document"),
        ("[en]", "[en, de]"),
        ("Which stance", "What stance"),
        ("benefits, success", "benefits"),
        ("code: for", "code: against"),
        ("Vaccine works", "Vaccine Works"),
        ("if: about = yes", "if: about = no"),
        ("to: 5", "to: 6"),
        ("strongly}", "strong}"),
        ("{health: cure, money: costs}", "{money: costs, health: cure}"),
        ("type: categories", "type: category"),
    ],
)
def test_whatever_a_coder_reads_changes_the_hash(written: str, other: str) -> None:
    assert STANCE.count(written) == 1
    assert parse(STANCE.replace(written, other)).hash != parse(STANCE).hash


def test_the_order_of_variables_changes_the_hash() -> None:
    head, first, second = (
        "name: x\nunit: document\nvariables:\n",
        *(f"  - {{name: {name}, question: Q, type: yes-no}}\n" for name in "ab"),
    )
    assert parse(head + first + second).hash != parse(head + second + first).hash


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: name is missing: write name: …; line 1: unit is missing"),
        ("# nothing yet\n", "line 1: name is missing"),
        ("hello", "line 1: the codebook should be fields with what they hold, as name: …"),
        ("- a", "line 1: the codebook should be fields"),
        (STANCE.replace("vaccine-stance", "Vaccine Stance"), "line 1: Vaccine Stance is no name: "),
        (STANCE.replace("unit: mention", "unit: word"), "line 2: word is no unit: write 'mention'"),
        (STANCE.replace("[en]", "en"), "line 3: language should be a list, as [en]"),
        (STANCE.replace("[en]", "[English]"), "line 3: English is no language: write codes of"),
        (STANCE.replace("yes-no", "boolean"), "line 10: boolean is no type: write 'yes-no', "),
        (STANCE.replace("about = yes", "about = maybe"), "line 14: stance is asked if about = "),
        (STANCE.replace("about = yes", "about = none"), "none is no code of about: write yes or"),
        (STANCE.replace("about = yes", "later = yes"), "no variable before it is called later"),
        (STANCE.replace("about = yes", "about"), "line 14: 'about' is no condition: write "),
        (STANCE.replace("code: for", "code: pro"), "line 20: the example 'Vaccine works': 'pro'"),
        (STANCE.replace("against: h", "'for ': h"), "line 17: the category 'for' cannot be told"),
        (STANCE.replace("neither: f", "none: f"), "line 18: the category 'none' cannot be told"),
        (STANCE.replace("neither: f", "a|b: f"), "line 18: 'a|b' is no name of a category: write"),
        (STANCE.replace("neither: f", '"a\\eb": f'), r"line 18: 'a\x1bb' is no name of a category"),
        (STANCE.replace("neither: f", "against: f"), "line 18: against stands here twice"),
        (STANCE.replace("5: strongly", "6: strongly"), "line 30: 6 of ends lies beyond 1..5"),
        (STANCE.replace("5: strongly", "most: strongly"), "line 30: most at most is no whole num"),
        (STANCE.replace("to: 5", "to: five"), "line 29: five at to is no whole number: write one"),
        (STANCE.replace("to: 5", "to: 1"), "line 25: a scale goes up, by at most 100 steps"),
        (STANCE.replace("name: frames", "name: text"), "line 21: text is no name for a variable"),
        (STANCE.replace("name: frames", "name: about"), "line 21: two variables are called about"),
        (STANCE + "colour: red\n", "line 31: a codebook has no field colour here: remove it, or"),
        (STANCE.replace("Q", "Q") + "- x: y", "line 31: this is no YAML ("),
        (STANCE.replace("Which frames?", "Frames: which?"), "line 22: this is no YAML (mapping "),
        (STANCE.replace("Which frames?", '"Which'), "this is no YAML (found"),
        (STANCE.replace("Which frames?", "'' "), "line 22: question is empty: write a text"),
        (STANCE.replace("  - name: about", "\t- name: about"), "line 8: this is no YAML (found ch"),
        (f"{STANCE}---\n{STANCE}", "but found another document"),
        ("name: \x07", "line 1: the character 0x7 is none of a text: remove it"),
        ("[a, b]: c", "line 1: a list is no name of a field: write a text"),
        (one_variable("    type: category"), "two categories at least"),
        (one_variable("    type: yes-no\n    categories: {a: b}"), "line 7: a variable of t"),
        (one_variable("    type: yes-no\n    to: 5"), "from, to and ends belong to a scale"),
        (one_variable("    type: category\n    categories: [a, b]"), "line 7: categories should"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line_and_what_to_write(text: str, message: str) -> None:
    told = refusal(text)
    assert told.startswith("stance.yaml, line ")
    assert message in told


def test_more_mistakes_are_told_at_once_and_the_rest_is_counted() -> None:
    variables = "".join(f"  - {{name: v{n}, question: Q, type: x{n}}}\n" for n in range(8))
    told = refusal(f"name: x\nunit: document\nvariables:\n{variables}")
    assert [int(line) for line in re.findall(r"line (\d+)", told)] == [4, 5, 6, 7, 8]
    assert told.endswith("; and 3 more")


def test_a_codebook_has_at_most_20_variables_and_50_categories() -> None:
    variables = [f"  - {{name: v{n}, question: Q, type: yes-no}}\n" for n in range(21)]
    head = "name: x\nunit: document\nvariables:\n"
    assert len(parse(head + "".join(variables[:20])).variables) == 20
    assert "variables has too many entries: write at most 20" in refusal(head + "".join(variables))

    categories = [f"c{n}: x" for n in range(51)]
    fields = "    type: category\n    categories: {%s}"
    assert len(parse(one_variable(fields % ", ".join(categories[:50]))).variables[0].codes) == 50
    told = refusal(one_variable(fields % ", ".join(categories)))
    assert "line 7: categories has too many entries: write at most 50" in told


@pytest.mark.parametrize(
    "trap",
    [
        "a: &a [x, x]\nb: [*a, *a]\n",
        "name: !!python/object/apply:os.system [echo]\n",
        "name: " + "[" * 60_000,
        "name: " + "{a: " * 12_000,
        "- " * 30_000,
        "".join(f"{' ' * depth}a:\n" for depth in range(300)),
    ],
)
def test_a_trap_is_refused_at_once(trap: str) -> None:
    assert "line " in refusal(trap)


@settings(max_examples=3 * settings.default.max_examples)
@given(st.binary(max_size=200) | st.text(alphabet="ab:-[]{}&*!|>'\"#\n \t0").map(str.encode))
def test_whatever_a_file_holds_it_is_a_codebook_or_an_error(content: bytes) -> None:
    with pytest.raises(BadInput):
        parse_codebook(content, "x.yaml")


@pytest.mark.parametrize("content", [b"\xff\xfename", STANCE.encode("utf-16")])
def test_another_encoding_is_refused(content: bytes) -> None:
    with pytest.raises(BadInput, match=r"x\.yaml is not in UTF-8: save it so"):
        parse_codebook(content, "x.yaml")


def test_a_byte_order_mark_is_no_part_of_a_codebook() -> None:
    assert parse_codebook(b"\xef\xbb\xbf" + STANCE.encode(), "x").hash == parse(STANCE).hash


@pytest.mark.parametrize(
    ("variable", "written", "code"),
    [
        (0, "Y", "yes"), (0, "0", "no"), (0, " NO ", "no"),
        (0, "True", "yes"), (0, "FALSE", "no"), (0, "1.0", "yes"), (0, "0,0", "no"),
        (1, "Against", "against"),
        (2, "money, health", "health|money"), (2, "money|money", "money"), (2, "NONE", "none"),
        (3, "3", "3"), (3, "+3", "3"), (3, "3.0", "3"), (3, "3,00", "3"),
    ],
)  # fmt: skip
def test_a_code_is_taken_as_people_write_it(variable: int, written: str, code: str) -> None:
    assert parse(STANCE).variables[variable].parse_code(written) == code


@pytest.mark.parametrize(
    ("variable", "written", "remedy"),
    [
        (0, "1.5", "'1.5' is no code of about: write yes or no"),
        (0, "2.0", "'2.0' is no code of about: write yes or no"),
        (1, "True", "'True' is no code of stance: write for, against or neither"),
        (0, "maybe", "'maybe' is no code of about: write yes or no"),
        (1, "for, against", "write for, against or neither"),
        (2, "health,", "'' is no code of frames: write health, money or none"),
        (2, "none, health", "'none' is no code of frames"),
        (3, "0", "'0' is no code of strength: write a whole number from 1 to 5"),
        (3, "2.5", "'2.5' is no code of strength"),
        (3, "", "'' is no code of strength"),
    ],
)
def test_what_is_no_code_is_refused(variable: int, written: str, remedy: str) -> None:
    with pytest.raises(ValueError, match="is no code of") as refused:
        parse(STANCE).variables[variable].parse_code(written)
    assert remedy in str(refused.value)


def test_a_minus_sign_of_typesetters_is_a_minus_sign() -> None:
    polarity = read_shipped("polarity").variables[0]
    assert [polarity.parse_code(written) for written in ("-1", "\N{MINUS SIGN}1")] == ["-1", "-1"]


def test_a_category_may_begin_with_a_plus_sign() -> None:
    written = one_variable("    type: category\n    categories: {+for: x, for: y}")
    variable = parse(written).variables[0]
    assert [variable.parse_code(code) for code in variable.codes] == ["+for", "for"]


@given(st.lists(st.sampled_from(["health", "money"]), max_size=5))
def test_categories_are_stored_once_and_in_the_order_of_the_codebook(written: list[str]) -> None:
    frames = parse(STANCE).variables[2]
    code = frames.parse_code(",".join(written) or "none")
    assert code == ("|".join(name for name in frames.codes if name in written) or "none")
    assert frames.parse_code(code) == code


def test_a_variable_is_asked_where_its_condition_holds() -> None:
    codebook = parse(STANCE)
    asked = []
    codes: dict[str, str | None] = {}
    for answer in ("yes", "for", "health|money", "3"):
        variable = codebook.next_variable(codes)
        assert variable is not None
        asked.append(variable.name)
        codes[variable.name] = answer

    assert (asked, codebook.next_variable(codes)) == (
        ["about", "stance", "frames", "strength"],
        None,
    )

    for code in ("no", None):
        after = codebook.next_variable({"about": code})
        assert after is not None
        assert after.name == "frames"


def test_one_of_several_categories_is_enough_for_a_condition() -> None:
    codebook = parse(
        "name: x\nunit: document\nvariables:\n"
        "  - {name: a, question: Q, type: categories, categories: {b: x, c: y}}\n"
        "  - {name: d, question: Q, type: yes-no, if: a = c}\n"
        "  - {name: e, question: Q, type: yes-no, if: a = none}\n"
    )
    names = {}
    for code in ("b", "b|c", "none"):
        variable = codebook.next_variable({"a": code})
        names[code] = variable and variable.name

    assert names == {"b": None, "b|c": "d", "none": "e"}


def test_a_codebook_comes_back_from_what_is_stored_of_it() -> None:
    codebook = parse(STANCE)
    content = json.loads(json.dumps(codebook.model_dump(mode="json", by_alias=True)))
    restored = Codebook.model_validate(content)
    assert (restored, restored.hash) == (codebook, codebook.hash)


def two_categories(one: str, other: str) -> str:
    """Return a codebook whose categories stand on lines 10 and 11."""
    variable: dict[str, Any] = {"name": "v", "question": "Q?", "type": "category"}
    variable["categories"] = {one: "a", other: "b"}
    codebook = {"name": "x", "unit": "document", "variables": [variable]}
    return json.dumps(codebook, indent=1)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("caf\u00e9", "cafe\u0301"),
        ("file", "\ufb01le"),
        ("for", "\uff46\uff4f\uff52"),
        ("STRASSE", "stra\u00dfe"),
        ("against", "ag\u200bainst"),
        ("against", "against\ufeff"),
        ("against", "a\u00adgainst"),
        ("for", "f\ufe0eor"),
        ("cop", "\u0441\u043e\u0440"),
        ("Peace", "\u0420\u0435\u0430\u0441\u0435"),
        ("na\u00efve", "na\u0457ve"),
        ("Tonio", "\u03a4\u03bfnio"),
        ("\u0410\u0425", "\u0391\u03a7"),
        ("none", "n\u043ene"),
    ],
)
def test_categories_that_look_alike_are_refused_with_their_line(one: str, other: str) -> None:
    for first, second in ((one, other), (other, one)):
        message = refusal(two_categories(first, second))
        assert re.search(r"line (10|11): ", message), message
        assert "write another name" in message


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("\u0443\u0441", "\u04af\u0441"),
        ("caf\u00e9", "cafe"),
        ("\u0434\u0430", "\u043d\u0435\u0442"),
        ("\u0641\u0627", "\u0641\u200c\u0627b"),
        ("1st", "Ist"),
        ("can", "cannot be"),
    ],
)
def test_categories_that_people_tell_apart_are_two(one: str, other: str) -> None:
    assert parse(two_categories(one, other)).variables[0].codes == (one, other)


@pytest.mark.parametrize(
    "category",
    [
        "cannot be coded",
        "Cannot be coded: too short",
        "cannot\u200b be coded yet",
        "\u0441annot be coded",
    ],
)
def test_a_category_that_begins_like_no_code_is_refused(category: str) -> None:
    message = refusal(two_categories("for", category))
    assert "line 11: the category" in message
    assert "begins like 'cannot be coded', which says that a text has no code: write" in message


@pytest.mark.parametrize(
    "text",
    [
        STANCE.replace("benefits, success", '"benefits\\0"'),
        STANCE.replace("benefits, success", '"benefits\\x00"'),
        STANCE.replace("benefits, success", '"benefits\\u0000"'),
        STANCE.replace("for: benefits, success", '"f\\0or": benefits'),
        STANCE.replace("benefits, success", "benefits\0"),
    ],
)
def test_a_nul_is_refused_with_its_line(text: str) -> None:
    message = refusal(text)
    assert "stance.yaml, line 16: " in message
    assert message.endswith("remove it")


def test_a_stored_codebook_is_read_whatever_its_categories_look_like() -> None:
    stored = parse(STANCE).model_dump(mode="json", by_alias=True)
    stored["variables"][1]["categories"]["cannot be coded at all"] = "of old"
    assert Codebook.model_validate(stored).variables[1].codes[-1] == "cannot be coded at all"
