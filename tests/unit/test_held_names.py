"""The documents that hold a name are counted in the texts, which a model does not read whole."""

from __future__ import annotations

import pytest

from analysis.text.entity_counts import EntityCount
from analysis.text.held_names import count_documents

# The type and the name of an entity.
EntityName = tuple[str, str]


def counted(
    names: dict[EntityName, int], texts: list[str], spellings: dict[str, list[str]] | None = None
) -> dict[str, int]:
    """Return how many *texts* hold each of *names*, which came so often; others are left out."""
    counts = []
    for rank, ((type_, name), times) in enumerate(names.items(), 1):
        written = (spellings or {}).get(name, [name])
        counts.append(EntityCount("", type_, name, rank, times, written))

    held = count_documents(counts, {"2020-03": texts})
    return {count.name: count.documents for count in held if count.documents}


def test_a_person_is_counted_by_last_name_or_full_name_and_not_for_another_of_that_name() -> None:
    texts = [
        "Quist Wins",
        "Mayor Ann Quist\u2019s Boat, and Quist Again",
        "Quist-Backed Law",
        "Bert Quist Sails",
        "Quistville Floods",
        "@quist and @Quist Write",
    ]
    names: dict[EntityName, int] = {("PERSON", "Quist"): 2, ("PERSON", "Ann Quist"): 9}
    assert counted(names, texts[:3] + texts[4:]) == {"Quist": 2, "Ann Quist": 1}
    names["PERSON", "Bert Quist"] = 2
    assert counted(names, texts) == {"Quist": 2, "Ann Quist": 1, "Bert Quist": 1}


def test_a_text_that_names_a_person_in_full_counts_for_the_full_name_alone() -> None:
    texts = ["Mayor Quist, Ann Quist and Quist", "President Quist and Quist", "Quist"]
    names: dict[EntityName, int] = {
        ("PERSON", "Quist"): 2,
        ("PERSON", "Ann Quist"): 3,
        ("PERSON", "President Quist"): 1,
    }
    assert counted(names, texts) == {"Ann Quist": 1, "President Quist": 1, "Quist": 1}


def test_a_full_name_that_no_model_found_is_another_persons_or_counts_for_the_last_name() -> None:
    names: dict[EntityName, int] = {("PERSON", "Quist"): 2, ("PERSON", "Ann Quist"): 9}
    others = ["Mike Quist Sails", "Mike Quist Sings"]
    assert counted(names, ["Quist Wins", "Ann Quist", *others]) == {"Quist": 1, "Ann Quist": 1}
    assert counted({("PERSON", "Quist"): 2}, ["Quist Wins", *others, others[0]]) == {"Quist": 4}


def test_a_full_name_is_not_counted_in_that_of_a_namesake() -> None:
    texts = ["Ann Quist Jr., Fog and Tide", "Quist Wins", "Ann Quist Sails"]
    names = {("PERSON", name): 9 for name in ("Quist", "Ann Quist", "Ann Quist Jr.")}
    assert counted(names, texts) == {"Quist": 1, "Ann Quist": 1, "Ann Quist Jr.": 1}


def test_a_name_stands_in_a_text_once_however_often_it_is_written_and_case_counts() -> None:
    names: dict[EntityName, int] = {("GPE", "U.S."): 2, ("GPE", "Elm Bay"): 3}
    texts = ["U.S. and U.S.-Led Talks", "Talk to us.", "U.S.A.", "Elm\u00a0Bay", "Elm  Bay", "Elm"]
    assert counted(names, texts) == {"Elm Bay": 2, "U.S.": 1}


def test_a_dotted_abbreviation_is_a_word() -> None:
    names: dict[EntityName, int] = {("GPE", "D.C."): 2, ("GPE", "N.Y."): 2}
    texts = ["C.D.C. Warns", "Rain in D.C.", "N.Y.C. Sleeps", "A.N.Y. Prize", "The N.Y.-Born Ann"]
    assert counted(names, texts) == {"D.C.": 1, "N.Y.": 1}


def test_a_name_within_a_longer_one_counts_once() -> None:
    names: dict[EntityName, int] = {("NORP", "Yorkers"): 2, ("NORP", "New Yorkers"): 9}
    assert counted(names, ["New Yorkers Clap", "What New Yorkers Eat"]) == {"New Yorkers": 2}


def test_a_last_word_of_an_organisation_counts_for_itself_if_a_list_has_it() -> None:
    names: dict[EntityName, int] = {
        ("ORG", "Stormy Daniels"): 3,
        ("ORG", "Daniels"): 2,
        ("ORG", "Quist Team"): 2,
        ("ORG", "U.S. Quist Team"): 2,
        ("ORG", "F.B.I."): 2,
        ("ORG", "Quist F.B.I."): 2,
    }
    texts = ["Stormy Daniels Sues", "Stormy Daniels Speaks", "Ask Stormy Daniels"]
    texts += ["U.S. Quist Team Wins", "The Quist F.B.I."]
    counts = {"Stormy Daniels": 3, "Quist Team": 1, "U.S. Quist Team": 1}
    assert counted(names, texts) == counts | {"F.B.I.": 1, "Quist F.B.I.": 1}
    assert counted(names, ["Daniels Sues", "Stormy Daniels Waits"])["Daniels"] == 1


def test_two_persons_joined_by_a_hyphen_are_both_named_and_are_no_person() -> None:
    texts = ["Quist-Bolt Summit Begins", "Quist\u2013Bolt Talks End"]
    alone = ["Bolt Speaks at Home", "Bolt Waves Goodbye"]
    names: dict[EntityName, int] = {("PERSON", "Quist-Bolt"): 2, ("PERSON", "Bolt"): 2}
    assert counted(names, [*texts, *alone], {"Quist-Bolt": ["Quist-Bolt", "Quist\u2013Bolt"]}) == {
        "Bolt": 4
    }
    both: dict[EntityName, int] = {
        ("PERSON", "Quist-Bolt"): 9,
        ("PERSON", "Quist"): 1,
        ("PERSON", "Bolt"): 2,
    }
    assert counted(both, [*texts, *alone]) == {"Quist": 2, "Bolt": 4}


@pytest.mark.parametrize(
    ("times", "texts", "documents"),
    [
        ({"Bolt": 2}, ["Quist-Bolt Wins"], {"Quist-Bolt": 1}),
        ({"Bolt": 3}, ["Quist-Bolt Wins", *["Ann Quist-Bolt"] * 2], {"Quist-Bolt": 1}),
        (
            {"Bolt": 3, "Ann Quist": 3, "Ann Quist-Bolt": 1},
            ["Ann Quist-Bolt Wins", "Quist-Bolt Wins"],
            {"Ann Quist-Bolt": 1, "Quist-Bolt": 1},
        ),
        (
            {"Bolt": 3, "Senator Quist-Bolt": 1},
            ["Senator Quist-Bolt Wins", "Quist-Bolt Wins"],
            {"Senator Quist-Bolt": 1, "Quist-Bolt": 1},
        ),
    ],
)
def test_a_double_name_is_one_persons(
    times: dict[str, int], texts: list[str], documents: dict[str, int]
) -> None:
    names = {("PERSON", name): n for name, n in ({"Quist-Bolt": 3} | times).items()}
    assert counted(names, [*texts, "Bolt Waves"]) == documents | {"Bolt": 1}


def test_a_first_name_of_two_is_one_persons() -> None:
    names: dict[EntityName, int] = {("PERSON", "Jean-Claude"): 2, ("PERSON", "Claude"): 2}
    assert counted(names, ["Jean-Claude Wins"]) == {"Jean-Claude": 1}


def test_a_place_is_not_counted_in_the_name_of_another_but_in_its_parts() -> None:
    names: dict[EntityName, int] = {
        ("GPE", "Korea"): 2,
        ("GPE", "North Korea"): 3,
        ("GPE", "Quistburg"): 2,
        ("GPE", "Quistburg City"): 2,
        ("GPE", "Cambridge"): 2,
        ("ORG", "Cambridge Analytica"): 4,
        ("EVENT", "Cambridge Rally"): 4,
    }
    texts = ["North Korea Talks", "North Korea and Korea", "Quistburg City Rain", "Quistburg Sun"]
    texts += ["Cambridge Analytica Ends", "Rain in Cambridge", "At the Cambridge Rally"]
    assert counted(names, texts) == {
        "Korea": 1,
        "North Korea": 2,
        "Quistburg": 2,
        "Quistburg City": 1,
        "Cambridge": 2,
        "Cambridge Analytica": 1,
        "Cambridge Rally": 1,
    }


def test_a_place_is_not_counted_in_a_known_name_that_no_model_found() -> None:
    texts = ["Cambridge Analytica Ends", "Rain in Cambridge"]
    assert counted({("GPE", "Cambridge"): 2}, texts) == {"Cambridge": 1}
    once: dict[EntityName, int] = {("GPE", "Cambridge"): 2, ("ORG", "Cambridge Analytica"): 1}
    assert counted(once, texts) == {"Cambridge": 1, "Cambridge Analytica": 1}


def test_a_law_named_after_somebody_names_nobody_where_few_texts_name_the_person_alone() -> None:
    law = ["Mayor Waives Quist Act", "Would Repealing the Quist Act Help?"]
    names: dict[EntityName, int] = {("PERSON", "Quist"): 3}
    assert counted(names, law) == {}
    assert counted(names, [*law, "Quist Wins"]) == {"Quist": 1}
    assert counted(names, [*law, "Quist Wins", "Quist\u2019s Act", "Will Quist? Act!"]) == {
        "Quist": 5
    }


def test_the_chamber_of_a_contested_seat_is_no_organisation_and_its_place_is_named() -> None:
    names: dict[EntityName, int] = {("ORG", "Ohio Senate"): 3, ("GPE", "Ohio"): 3}
    race = ["Secret Test in Ohio Senate Race", "Ohio Senate Candidates Debate"]
    assert counted(names, race) == {"Ohio": 2}
    votes = [*race, "Ohio Senate Votes", "Ohio Senate Passes Bill", "Rain in Ohio"]
    assert counted(names, votes) == {"Ohio": 5, "Ohio Senate": 4}


def test_a_word_that_stands_in_many_more_texts_than_it_is_a_name_counts_as_a_name() -> None:
    names: dict[EntityName, int] = {("PERSON", "Cook"): 2, ("PERSON", "Tim Cook"): 2}
    texts = ["Tim Cook Speaks", "Cook Defends Phone"] + ["Cook This Now"] * 20
    assert counted(names, texts) == {"Cook": 2, "Tim Cook": 1}
    assert counted(names, texts[:4]) == {"Cook": 3, "Tim Cook": 1}


def test_a_name_that_no_text_holds_as_whole_words_or_that_has_no_letter_has_no_document() -> None:
    assert (
        counted({("GPE", "Elm Bay"): 3, ("ORG", "\u2026"): 1}, ["Elmo Bay", "Elm Bays \u2026"])
        == {}
    )


def test_all_spellings_count_and_a_name_of_several_types_has_its_most_frequent_one() -> None:
    counts = [
        EntityCount("", "ORG", "Quist", 1, 2, ["Quist"]),
        EntityCount("", "PERSON", "Quist", 1, 3, ["QUIST", "Quist\u2019s"]),
        EntityCount("2020-03", "PERSON", "Quist", 1, 1, ["QUIST", "Quist\u2019s"]),
    ]
    texts = {"2020-03": ["QUIST wins"], "2020-04": ["Quist Sails", "quist"]}
    assert [
        (count.period, count.type, count.documents) for count in count_documents(counts, texts)
    ] == [
        ("", "ORG", 0),
        ("", "PERSON", 2),
        ("2020-03", "PERSON", 1),
    ]


def test_names_are_ranked_by_their_documents_within_their_type() -> None:
    counts = [
        EntityCount("", "GPE", "Elm Bay", 1, 9, ["Elm Bay"]),
        EntityCount("", "GPE", "Oak Bay", 2, 1, ["Oak Bay"]),
        EntityCount("", "ORG", "Tide Bank", 1, 1, ["Tide Bank"]),
    ]
    held = count_documents(counts, {"": ["Elm Bay", "Oak Bay", "Rain in Oak Bay", "Tide Bank"]})
    assert [(count.name, count.rank) for count in held] == [
        ("Oak Bay", 1),
        ("Elm Bay", 2),
        ("Tide Bank", 1),
    ]


def test_a_handle_counts_for_the_name_that_its_letters_are_once_a_text() -> None:
    names: dict[EntityName, int] = {
        ("ORG", "Elm Bay Trust"): 3,
        ("PERSON", "Quist"): 2,
        ("PERSON", "Ann Quist"): 1,
    }
    texts = [
        "Thanks to @elmbaytrust",
        "@Elm_Bay_Trust and the Elm Bay Trust",
        "Ask @AnnQuist",
        "Ask @quist, @elmbay and me@elmbaytrust",
    ]
    assert counted(names, texts) == {"Elm Bay Trust": 2, "Ann Quist": 1}
