"""Word clouds: which words are counted, which are left out, and that a picture comes of them."""

from __future__ import annotations

import re
from collections import Counter
from io import BytesIO
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageColor
from wordcloud import WordCloud

from analysis.text import stopwords
from analysis.text.words import count_words, join_names, merge_spellings, without_rare_pairs
from core.errors import BadInput
from reports.figures import clouds, fonts, style
from textapi.text.keywords import pattern


def picture(cloud: WordCloud) -> np.ndarray:
    return np.array(cloud.to_image().convert("L"))


def drawn(words: dict[str, int], *, mask: np.ndarray | None) -> np.ndarray:
    return picture(clouds.lay_out(words, mask=mask))


def test_words_are_counted_whatever_their_case_in_the_spelling_most_used() -> None:
    assert count_words(["Masks masks MASKS", "Masks work"]) == {"Masks": 4, "work": 1}


def test_possessives_numbers_single_letters_and_addresses_are_no_words() -> None:
    counted = count_words(["Fauci\u2019s plan B, 19 https://t.co/x @who www.a.b Don\u2019t"])
    assert counted == {"Fauci": 1, "plan": 1, "Don't": 1}


def test_what_a_term_matches_is_cut_out_before_words_are_counted() -> None:
    terms = [pattern("hong kong"), pattern("covid-19")]
    assert count_words(["Hong\nKong\u2019s king and Covid-19 in kong"], terms) == {
        "king": 1, "and": 1, "in": 1, "kong": 1,
    }  # fmt: skip


def test_chinese_and_japanese_are_counted_by_pairs_of_characters() -> None:
    assert count_words(["新冠病毒", "トランプの新冠"]) == {
        "新冠": 2,
        "冠病": 1,
        "病毒": 1,
        "トランプ": 1,
    }


def test_stop_words_and_the_keyword_are_left_out_and_the_most_frequent_kept() -> None:
    words = Counter({"the": 9, "Covid": 8, "vaccine": 5, "mask": 3, "test": 3})
    assert clouds.choose(words, ["covid"], 2) == {"vaccine": 5, "mask": 3}


def test_a_cloud_has_no_word_of_a_term_of_several_words() -> None:
    words = Counter({"Ann": 9, "Quist": 8, "Annual": 7, "ann quist": 6})
    assert clouds.choose(words, ["Ann Quist"], 5) == {"Annual": 7}


def test_names_of_two_words_stand_together() -> None:
    texts = [
        *["Fires in Los Angeles", "Los Angeles’s Mayor Waits", "New York and Los Angeles"],
        *["Mayor Ames Says No", "Ames Speaks", "Ames Rests", "Ames Waits", "Mayor Ames Again"],
        *["In New York, New Rain", "Rain on New York; York Says No", "los angeles rests"],
        "Who Saw Storm? Angeles",
    ]
    counts = count_words(texts)
    chosen = clouds.choose(counts, [], 20)
    assert chosen["Los Angeles"] == 3
    assert chosen["New York"] == 3
    assert (chosen["Ames"], chosen["Mayor"], chosen["York"]) == (5, 3, 1)
    assert {word: times for word, times in chosen.items() if word in ("Los", "Angeles")} == {
        "Los": 1,
        "Angeles": 2,
    }
    assert clouds.choose(counts, ["Angeles"], 20)["Los"] == 4
    few_texts = ["Los Angeles Waits", "Rain Hits Los Angeles", "Fires in Los Angeles"]
    assert clouds.choose(count_words(few_texts), [], 1) == {"Los Angeles": 3}
    assert "New York" not in clouds.choose(count_words(["New York"] * 2), [], 20)


def test_a_name_ends_at_other_signs_at_small_letters_and_at_what_is_cut_out() -> None:
    texts = [
        *["Ann, Quist", "Ann. Quist", "Ann’s Quist", "Ann  Quist", "Ann quist", "Ann 5 Quist"],
        *["Ann @ben Quist", "Ann Cut Quist", "東京 大阪"],
    ]
    counts = count_words(texts, [pattern("cut")])
    assert [word for word in counts if " " in word] == []
    assert count_words(["Ann\u00a0Quist ANN QUIST Ann Quist"])["Ann Quist"] == 3
    assert without_rare_pairs(count_words(["Ann Quist", "Bo Lund", "Bo Lund"])) == {
        "Ann": 1,
        "Quist": 1,
        "Bo": 2,
        "Lund": 2,
        "Bo Lund": 2,
    }


@given(st.lists(st.sampled_from(["Los", "Angeles", "New", "York", "the", "Ames", "."])))
def test_no_use_of_a_word_is_lost_or_counted_twice_where_names_are_joined(words: list[str]) -> None:
    counts = count_words([" ".join(words)])
    joined = join_names(counts, {"the"})
    uses = Counter[str]()
    for name, times in joined.items():
        for word in name.split():
            uses[word] += times

    assert uses == Counter(word for word in words if word != ".")


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


def test_a_cloud_is_dark_words_on_white_and_the_same_each_time() -> None:
    words = {"vaccine": 9, "mask": 4, "school": 2}
    shades = drawn(words, mask=None)
    assert np.array_equal(shades, drawn(words, mask=None))
    assert shades.shape == (clouds.HEIGHT * clouds.SCALE, clouds.WIDTH * clouds.SCALE)
    assert shades[0, 0] == 255
    assert shades.min() < 120


FREQUENT = {f"word{'abcdefghijklmno'[n]}": 30 - 2 * n for n in range(15)}


@given(st.lists(st.integers(1, 200), min_size=2, max_size=20))
@settings(max_examples=25, deadline=None)
def test_the_height_of_a_word_is_in_proportion_to_its_count(counts: list[int]) -> None:
    counts = sorted(counts, reverse=True)
    most = counts[0]
    words = {
        f"word{number}": n for number, n in enumerate(counts) if n >= clouds.SMALLEST_SHARE * most
    }
    layout = clouds.lay_out(words, mask=None).layout_
    assert [word for (word, _), *_ in layout] == list(words)  # every one has its place
    largest = layout[0][1]
    for (word, _), size, *_ in layout:
        share = words[word] / most
        assert abs(size - share * largest) <= 0.5 / clouds.SCALE + 0.5 / clouds.SCALE * share


def test_letters_are_as_high_in_the_picture_as_the_layout_says() -> None:
    heights = {}
    for count in (10, 20):
        cloud = clouds.lay_out({"HHH": 20, "EEE": count}, mask=None)
        ((_, _, _, _, ink),) = [place for place in cloud.layout_ if place[0][0] == "EEE"]
        picture = np.array(cloud.to_image().convert("RGB"))
        rows = np.flatnonzero((picture == ImageColor.getrgb(ink)).all(axis=2).any(axis=1))
        largest = cloud.layout_[0][1]
        heights[count] = (rows.max() - rows.min()) / largest

    assert heights[20] == pytest.approx(2 * heights[10], rel=0.05)


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
    assert (clouds.cloud_spec("x", words, None, "The words.") is not None) is drawn


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (
            {"worda": 2, "wordb": 1},
            "fewer than ten words make no cloud",
        ),
        (
            dict.fromkeys(FREQUENT, 3),
            "all as often, so a cloud would show no difference",
        ),
        (
            {word: 99 if word == "worda" else 2 for word in FREQUENT},
            "fewer than ten are frequent enough for a cloud",
        ),
        (
            dict.fromkeys(FREQUENT, 30) | {"rare": 1},
            "all that are frequent enough for a cloud are as often",
        ),
    ],
)
def test_the_reason_under_a_list_of_words_is_why_there_is_no_cloud(
    words: dict[str, int], reason: str
) -> None:
    assert clouds.cloud_spec("x", words, None, "The words.") is None
    note = f"How often each word occurs in 9 posts; {reason}."
    assert clouds.describe_list(words, "9 posts") == note


def test_words_that_all_occur_once_are_no_list() -> None:
    once = dict.fromkeys(FREQUENT, 1)
    assert clouds.no_word_twice(once)
    assert not clouds.no_word_twice(once | {"worda": 2})
    assert clouds.describe_list(once, "9 posts") == "9 posts: no word occurs twice."
    assert not clouds.describe_list({}, "9 posts")


def test_the_caption_of_a_cloud_says_what_its_sizes_mean_and_what_is_left_out() -> None:
    spec = clouds.cloud_spec("x", FREQUENT | {"rare": 1}, None, "The words.")
    assert spec is not None
    assert spec.caption.startswith(
        "The words. A word's height is in proportion to its count. "
        "Left out: 1 word with less than a fifteenth of the first count."
    )
    assert "rare" not in repr(spec.draw.args)


def test_words_that_differ_in_case_from_month_to_month_are_one_word_over_all() -> None:
    assert merge_spellings(Counter({"Masks": 4, "masks": 5, "city": 1})) == {
        "masks": 9,
        "city": 1,
    }


def svg_words(svg: bytes) -> list[tuple[str, list[str]]]:
    """The colour and the letters' names of each word."""
    root = ET.fromstring(svg)  # noqa: S314 - our own
    link = "{http://www.w3.org/1999/xlink}href"
    return [
        (group.attrib["fill"], [use.attrib[link] for use in group])
        for group in root
        if "fill" in group.attrib and len(group)
    ]


def test_the_svg_of_a_cloud_has_the_words_of_its_png_as_outlines_each_letter_once() -> None:
    cloud = clouds.lay_out({"banana": 9, "nab": 4}, mask=None)
    svg = clouds.to_svg(cloud)
    (first, letters), (second, others) = svg_words(svg)
    assert (len(set(letters)), len(letters)) == (3, 6)
    assert others == [letters[2], letters[1], letters[0]]
    assert first != second
    assert svg.count(b"<path") == 3
    assert b"<text" not in svg
    assert svg == clouds.to_svg(cloud)


def test_the_letters_of_arabic_are_joined_in_the_svg_of_a_cloud() -> None:
    apart = svg_words(clouds.to_svg(clouds.lay_out({"\u0628": 1}, mask=None)))[0][1]
    joined = svg_words(clouds.to_svg(clouds.lay_out({"\u0628\u0628\u0628": 1}, mask=None)))[0][1]
    assert len(apart) == 1
    assert len(set(joined)) == 3  # the first, middle and last form of one letter are three shapes


def test_a_word_stands_in_the_svg_where_its_png_has_it() -> None:
    cloud = clouds.lay_out({"vaccine": 9, "mask": 4, "school": 2}, mask=None)
    root = ET.fromstring(clouds.to_svg(cloud))  # noqa: S314 - our own
    shown = picture(cloud)
    for group in [g for g in root if "fill" in g.attrib and len(g)]:
        left, top = map(
            float, re.match(r"translate\(([\d.]+),([\d.]+)\)", group.attrib["transform"]).groups()
        )  # type: ignore[union-attr]
        assert shown[int(top * clouds.SCALE) :, int(left * clouds.SCALE) :].min() < 120

    assert root.attrib["viewBox"] == f"0 0 {clouds.WIDTH} {clouds.HEIGHT}"


def test_words_stay_inside_the_mask() -> None:
    mask = Image.new("RGB", (300, 300), "white")
    mask.paste((0, 0, 0), (0, 0, 150, 300))  # the left half alone
    out = BytesIO()
    mask.save(out, format="PNG")
    shades = drawn({"vaccine": 9, "mask": 4}, mask=clouds.read_mask(out.getvalue()))
    middle = shades.shape[1] // 2
    assert shades[:, :middle].min() < 120
    assert shades[:, middle + 4 :].min() == 255


def test_what_is_transparent_in_a_mask_is_outside_it() -> None:
    mask = Image.new("RGBA", (100, 100), (0, 0, 0, 0))
    mask.paste((0, 0, 0, 255), (0, 0, 100, 50))
    out = BytesIO()
    mask.save(out, format="PNG")
    read = clouds.read_mask(out.getvalue())
    assert (read[10, 50], read[90, 50]) == (0, 255)


def test_a_mask_without_room_gives_a_cloud_without_a_mask() -> None:
    dots = np.full((200, 200), 255, dtype=np.uint8)
    dots[::50, ::50] = 0
    assert drawn({"vaccine": 9}, mask=dots).min() < 120


def test_a_mask_that_is_no_picture_is_refused() -> None:
    with pytest.raises(BadInput, match="give a PNG"):
        clouds.read_mask(b"not a picture")


def test_writing_systems_are_distinguished() -> None:
    scripts = fonts.count_scripts(["abc", "где", "\u03b1\u03b2", "سلام", "中文", "かな", "한글"])
    assert set(scripts) == {"Latin", "Cyrillic", "Greek", "Arabic", "Chinese", "Japanese", "Korean"}
    assert scripts["Latin"] == 3


def test_a_font_of_placeholders_is_no_font(monkeypatch: pytest.MonkeyPatch) -> None:
    """Matplotlib ships one; it has every character, draws boxes, and its name cannot be parsed."""
    shipped = [
        entry
        for entry in fonts.font_manager.fontManager.ttflist
        if entry.name.startswith(("DejaVu", "Last Resort"))
    ]
    assert any(entry.name.startswith("Last Resort") for entry in shipped)
    monkeypatch.setattr(fonts.font_manager.fontManager, "ttflist", shipped)
    fonts.font_for_script.cache_clear()
    try:
        assert fonts.missing_scripts(["中文 กไ abc"]) == ["Chinese", "Thai"]
        with style.house_style(["中文"]):
            figure, ax = style.new_axes()
            style.title(ax, "“中文” and\nmore")
            assert ax.get_title("left") == "“…” and more"
            style.to_svg(figure)
    finally:
        fonts.font_for_script.cache_clear()


def test_what_no_font_has_becomes_an_ellipsis() -> None:
    assert (
        fonts.replace_undrawable("go \U0001f680\U0001f680 up", [fonts.DEFAULT_FONT])
        == "go \u2026 up"
    )


def test_latin_greek_cyrillic_and_arabic_need_no_font_beyond_the_shipped_one() -> None:
    assert fonts.missing_scripts(["abc где αβ سلام"]) == []
    assert fonts.font_families(["abc где αβ سلام"]) == [fonts.DEFAULT_FONT]


@given(st.integers(0, 44), st.integers(0, 44))
def test_the_largest_size_with_room_is_found_from_any_estimate_by_trying_what_lies_between(
    largest_with_room: int, estimate: int
) -> None:
    tried: list[float] = []

    def place_all(size: float) -> list[clouds.Placed] | None:
        tried.append(size)
        has_room = size <= clouds._SIZES[largest_with_room]
        return [(("word", 1.0), size, (0, 0), None, "ink")] if has_room else None

    placed = clouds._place_largest(place_all, estimate)
    assert placed is not None
    assert placed[0][1] == clouds._SIZES[largest_with_room]
    assert len(tried) <= abs(largest_with_room - estimate) + 2


def test_no_size_at_all_has_room_for_words_that_are_too_many() -> None:
    assert clouds._place_largest(lambda _: None, 20) is None
