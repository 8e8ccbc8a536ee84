"""Word clouds: which words are counted, which are left out, and that a picture comes of them."""

from __future__ import annotations

from collections import Counter
from io import BytesIO
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from analysis.text import stopwords
from analysis.text.words import count_words, join_names, merge_spellings, without_rare_pairs
from core.errors import BadInput
from reports.figures import cloud
from reports.figures.marks import WIDTH, Cloud
from reports.figures.spec import Subject
from reports.figures.style import Range
from tests.figures_kit import SVG, draw, titles
from textapi.text.keywords import pattern

SUBJECT = Subject("x", "x", Range("2020-03", "2020-03"))


def boxes(words: dict[str, int], mask: np.ndarray | None = None) -> list[tuple[float, ...]]:
    """Return the left, top, right and bottom end of each word that was placed."""
    placed_words, _ = cloud.place_words(words, mask)
    found: list[tuple[float, ...]] = []
    for placed in placed_words:
        across, down = placed.box.width, placed.box.above + placed.box.below
        if placed.is_turned:
            across, down = down, across

        found.append((placed.left, placed.top, placed.left + across, placed.top + down))

    return found


def assert_apart(found: list[tuple[float, ...]]) -> None:
    for number, (left, top, right, bottom) in enumerate(found):
        for other in found[:number]:
            is_beside = right + 1 <= other[0] or other[2] + 1 <= left
            assert is_beside or bottom + 1 <= other[1] or other[3] + 1 <= top


def test_the_texts_with_a_word_are_counted_whatever_its_case_in_the_spelling_most_used() -> None:
    texts = ["Masks masks MASKS", "Masks work", "masks"]
    assert count_words(texts) == {"Masks": 3, "work": 1}


def test_possessives_numbers_single_letters_and_addresses_are_no_words() -> None:
    counted = count_words(["Fauci\u2019s plan B, 19 https://t.co/x @who www.a.b Don\u2019t"])
    assert counted == {"Fauci": 1, "plan": 1, "Don't": 1}


def test_words_that_a_term_matches_are_not_counted() -> None:
    terms = [pattern("kong"), pattern("hong kong")]
    assert count_words(["Hong Kong\u2019s king in kong"], terms) == {"Hong": 1, "king": 1, "in": 1}


def test_chinese_and_japanese_are_counted_by_pairs_of_characters() -> None:
    assert count_words(["新冠病毒", "トランプの新冠"]) == {
        "新冠": 2,
        "冠病": 1,
        "病毒": 1,
        "トランプ": 1,
    }


def test_stop_words_and_the_keyword_are_left_out_and_the_most_frequent_kept() -> None:
    words = Counter({"the": 9, "Covid": 8, "vaccine": 5, "mask": 3, "test": 3})
    assert cloud.choose(words, ["covid"], 2) == {"vaccine": 5, "mask": 3}


def test_a_cloud_has_no_word_of_a_term_of_several_words() -> None:
    words = Counter({"Ann": 9, "Quist": 8, "Annual": 7, "ann quist": 6})
    assert cloud.choose(words, ["Ann Quist"], 5) == {"Annual": 7}


def test_names_of_two_words_stand_together() -> None:
    texts = [
        *["Fires in Los Angeles", "Los Angeles’s Mayor Waits", "New York and Los Angeles"],
        *["Mayor Ames Says No", "Ames Speaks", "Ames Rests", "Ames Waits", "Mayor Ames Again"],
        *["In New York, New Rain", "Rain on New York; York Says No", "los angeles rests"],
        "Who Saw Storm? Angeles",
    ]
    counts = count_words(texts)
    chosen = cloud.choose(counts, [], 20)
    assert chosen["Los Angeles"] == 3
    assert chosen["New York"] == 3
    assert (chosen["Ames"], chosen["Mayor"]) == (5, 3)
    assert not {"York", "Los", "Angeles"} & set(chosen)
    assert cloud.choose(counts, ["Angeles"], 20)["Los"] == 4
    few_texts = ["Los Angeles Waits", "Rain Hits Los Angeles", "Fires in Los Angeles"]
    assert cloud.choose(count_words(few_texts), [], 1) == {"Los Angeles": 3}
    assert "New York" not in cloud.choose(count_words(["New York"] * 2), [], 20)


def test_a_name_ends_at_other_signs_at_small_letters_and_at_what_is_cut_out() -> None:
    texts = [
        *["Ann, Quist", "Ann. Quist", "Ann’s Quist", "Ann  Quist", "Ann quist", "Ann 5 Quist"],
        *["Ann @ben Quist", "Ann Cut Quist", "東京 大阪"],
    ]
    counts = count_words(texts, [pattern("cut")])
    assert [word for word in counts if " " in word] == []
    assert count_words(["Ann\u00a0Quist", "ANN QUIST Ann Quist", "Ann Quist"])["Ann Quist"] == 3
    assert without_rare_pairs(count_words(["Ann Quist", "Bo Lund", "Bo Lund"])) == {
        "Ann": 1,
        "Quist": 1,
        "Bo": 2,
        "Lund": 2,
        "Bo Lund": 2,
    }


@given(st.lists(st.sampled_from(["Los", "Angeles", "New", "York", "the", "Ames", "."])))
def test_no_use_of_a_word_is_lost_or_counted_twice_where_names_are_joined(words: list[str]) -> None:
    used = Counter(word for word in words if word != ".")
    pairs = [f"{left} {right}" for left, right in pairwise(words) if (left + right).isalpha()]
    capitals = [pair for pair in pairs if pair.istitle()]
    joined = join_names(used + Counter(capitals), {"the"})
    uses = Counter[str]()
    for name, times in joined.items():
        for word in name.split():
            uses[word] += times

    assert uses == used


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "the minister said that the people of the city are not to be blamed"),
        ("de", "der Minister sagte dass die Menschen in der Stadt nicht schuld sind"),
        ("fr", "le ministre dit que les gens de la ville ne sont pas coupables"),
        ("es", "el ministro dijo que la gente de la ciudad no es culpable"),
        ("ru", "министр сказал что люди в городе не виноваты"),
        ("el", "ο υπουργός είπε ότι οι άνθρωποι της πόλης δεν φταίνε"),
        ("ar", "قال الوزير إن الناس في المدينة من هذا العام"),
    ],
)
def test_the_language_of_a_text_is_detected_by_its_common_words(language: str, text: str) -> None:
    assert stopwords.detect_languages(Counter(text.split())) == [language]


def test_a_text_without_common_words_is_taken_for_english() -> None:
    assert stopwords.detect_languages(Counter({"Covid": 3})) == ["en"]


FREQUENT = {f"word{'abcdefghijklmno'[n]}": 30 - 2 * n for n in range(15)}


@given(st.lists(st.integers(1, 200), min_size=2, max_size=20))
@settings(max_examples=25, deadline=None)
def test_the_height_of_a_word_is_in_proportion_to_its_count_and_no_two_overlap(
    counts: list[int],
) -> None:
    counts = sorted(counts, reverse=True)
    most = counts[0]
    words = {f"word{number}": n for number, n in enumerate(counts) if n >= most / 15}
    placed, (height, width) = cloud.place_words(words, None)
    assert [one.word for one in placed] == list(words)  # every one has its place
    assert [one.size / placed[0].size for one in placed] == [
        pytest.approx(count / most) for count in words.values()
    ]
    found = boxes(words)
    assert_apart(found)
    for left, top, right, bottom in found:
        assert left >= 0
        assert top >= 0
        assert right <= width
        assert bottom <= height


def test_equal_words_make_equal_clouds_and_fill_most_of_the_room() -> None:
    assert boxes(FREQUENT) == boxes(FREQUENT)
    filled = sum((right - left) * (bottom - top) for left, top, right, bottom in boxes(FREQUENT))
    assert filled > 0.3 * cloud.WIDTH * cloud.HEIGHT


def test_the_words_of_a_picture_are_as_wide_as_they_were_placed_in_any_font() -> None:
    root = draw(Cloud(word_counts={"HHH": 20, "EEE": 10}))
    first, second = list(root.iter(f"{SVG}text"))
    sizes = [float(text.attrib["font-size"]) for text in (first, second)]
    assert sizes[0] == pytest.approx(2 * sizes[1], abs=0.02)
    scale = WIDTH / cloud.WIDTH
    (left, _, right, _), *_ = boxes({"HHH": 20, "EEE": 10})
    assert float(first.attrib["textLength"]) == pytest.approx(scale * (right - left), abs=0.02)
    assert titles(root) == {"words.HHH": "HHH: 20 documents", "words.EEE": "EEE: 10 documents"}


def test_letters_of_wide_writing_systems_fill_a_square() -> None:
    assert cloud.measure_word("中文").width == 80
    words = {f"新冠{letter}": 30 - number for number, letter in enumerate("病毒疫苗口罩il隔离")}
    assert_apart(boxes(words))


@pytest.mark.parametrize(
    ("words", "drawn"),
    [
        (FREQUENT, True),
        (dict.fromkeys(FREQUENT, 1), False),
        (dict(list(FREQUENT.items())[:9]), False),
        (dict(list(FREQUENT.items())[:10]), True),
        ({word: 99 if word == "worda" else 2 for word in FREQUENT}, False),
        ({}, False),
    ],
)
def test_a_cloud_is_drawn_of_ten_words_and_more_that_differ_in_count(
    words: dict[str, int], *, drawn: bool
) -> None:
    assert (cloud.cloud_spec(SUBJECT, words, None, "The words.") is not None) is drawn


@pytest.mark.parametrize(
    "words",
    [
        {"worda": 2, "wordb": 1},
        dict.fromkeys(FREQUENT, 3),
        {word: 99 if word == "worda" else 2 for word in FREQUENT},
        dict.fromkeys(FREQUENT, 30) | {"rare": 1},
    ],
)
def test_few_words_that_are_large_enough_or_as_often_make_a_list(words: dict[str, int]) -> None:
    assert cloud.cloud_spec(SUBJECT, words, None, "The words.") is None
    assert cloud.describe_list(words, "9 posts") == "How many of 9 posts hold each word."


def test_words_of_one_text_each_are_no_list() -> None:
    once = dict.fromkeys(FREQUENT, 1)
    assert cloud.no_word_twice(once)
    assert not cloud.no_word_twice(once | {"worda": 2})
    assert cloud.describe_list(once, "9 posts") == "9 posts: no two share a word."
    assert not cloud.describe_list({}, "9 posts")


def test_the_caption_of_a_cloud_says_what_its_sizes_mean_and_what_is_left_out() -> None:
    spec = cloud.cloud_spec(SUBJECT, FREQUENT | {"rare": 1}, None, "The words.")
    assert spec is not None
    assert spec.caption.startswith(
        "The words. A word's height is in proportion to its count. "
        "Left out: 1 word with less than a fifteenth of the first count."
    )
    (panel,) = spec.picture.panels
    assert isinstance(panel, Cloud)
    assert "rare" not in panel.word_counts


def test_words_that_differ_in_case_from_month_to_month_are_one_word_over_all() -> None:
    assert merge_spellings(Counter({"Masks": 4, "masks": 5, "city": 1})) == {
        "masks": 9,
        "city": 1,
    }


def test_words_stay_inside_the_mask() -> None:
    mask = Image.new("RGB", (300, 300), "white")
    mask.paste((0, 0, 0), (0, 0, 150, 300))  # the left half alone
    out = BytesIO()
    mask.save(out, format="PNG")
    shape = cloud.read_mask(out.getvalue())
    assert max(right for _, _, right, _ in boxes({"vaccine": 9, "mask": 4}, shape)) <= 80


def test_what_is_transparent_in_a_mask_is_outside_it() -> None:
    mask = Image.new("RGBA", (100, 100), (0, 0, 0, 0))
    mask.paste((0, 0, 0, 255), (0, 0, 100, 50))
    out = BytesIO()
    mask.save(out, format="PNG")
    read = cloud.read_mask(out.getvalue())
    assert (read[10, 50], read[90, 50]) == (0, 255)


def test_a_mask_without_room_gives_a_cloud_without_a_mask() -> None:
    dots = np.full((200, 200), 255, dtype=np.uint8)
    dots[::50, ::50] = 0
    assert boxes({"vaccine": 9}, dots) == boxes({"vaccine": 9})


def test_a_mask_that_is_no_picture_is_refused() -> None:
    with pytest.raises(BadInput, match="give a PNG"):
        cloud.read_mask(b"not a picture")


def test_a_word_that_is_wider_than_the_cloud_is_left_out_and_the_others_are_placed() -> None:
    counts = {"w" * 90: 12, **{f"word{number}": 11 - number for number in range(10)}}
    placed, _ = cloud.place_words(counts, None)
    assert [word.word for word in placed] == [f"word{number}" for number in range(10)]


def test_only_sizes_at_which_the_words_cannot_have_room_are_left_out() -> None:
    counts = {f"{'word' * (number % 4 + 1)}{number}": 50 - number for number in range(30)}
    empty = np.zeros((cloud.HEIGHT, cloud.WIDTH), np.uint8)

    tried = cloud._list_sizes(counts, empty.size)
    left_out = [size for size in cloud._SIZES if size not in tried]

    assert len(left_out) > 10
    assert all(cloud._place_all(counts, empty, size) is None for size in left_out)
