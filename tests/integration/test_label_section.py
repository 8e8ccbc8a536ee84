"""What the page says with and without labels: values, and sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from html import unescape
from pathlib import Path

import pytest

from models.codes import UnitKey
from models.database import Database
from models.labels import list_mentions_by_month
from reports.build.report_folder import build
from reports.data.run_data import load_run
from reports.data.tables.mentions import MENTIONS
from reports.pages.label_section import LabelSection, read_label_section
from reports.stats.scale_means import fit_mean, labels_needed
from reports.words.scales import UNCHECKED, scale_note
from tests.label_kit import store_labels
from tests.report_stories import Text, database, months_run, store
from tests.stratum_kit import labelled
from textapi.engine.polarity import engine_name, neutral_band

Mentions = dict[UnitKey, tuple[str, float]]  # month and polarity


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with closing(database(tmp_path)) as opened:
        texts = [Text(f"2020-03-{1 + n % 28:02}", f"Tide {n} is in.") for n in range(70)]
        texts += [Text(f"2020-04-{1 + n % 28:02}", f"Tide {n} has gone.") for n in range(20)]
        texts += [Text("2020-04-07", f"Fog {n} of April.") for n in range(8)]
        store(opened, texts)
        yield opened


@pytest.fixture
def run(db: Database) -> int:
    return months_run(db, "2020-03", "2020-04", ["tide", "fog"])


def mentions_of(db: Database, run: int, keyword: str) -> Mentions:
    """Return the mentions of a keyword with their month and polarity."""
    polarities = {
        (row.document, row.position): row.polarity
        for row in MENTIONS.read(load_run(db, run))
        if row.keyword == keyword
    }
    mentions: Mentions = {}
    for of_month in list_mentions_by_month(db, run):
        for mention in of_month:
            polarity = polarities.get((mention.document, mention.key.position))
            if mention.key.keyword == keyword and polarity is not None:
                mentions[mention.key] = (mention.period, polarity)

    return mentions


def label(db: Database, run: int, coder: str, labels: dict[UnitKey, int | None]) -> None:
    store_labels(db, run, coder, labels)


def section_of(db: Database, run: int) -> LabelSection:
    return read_label_section(load_run(db, run))


def sign(polarity: float) -> int:
    return 0 if abs(polarity) < 0.05 else (1 if polarity > 0 else -1)


def test_without_labels_it_names_how_many_would_do_and_nothing_else(db: Database, run: int) -> None:
    section = section_of(db, run)
    assert not section.is_checked
    by_name = {subject.name: subject for subject in section.subjects}
    assert list(by_name) == ["all mentions", "fog", "tide"]
    tide = by_name["tide"]
    assert (tide.mentions, tide.labels, tide.missing, tide.corrected) == (90, 0, 50, None)
    signs = [sign(polarity) for _, polarity in mentions_of(db, run, "tide").values()]
    middle = sum(signs) / 90
    variance = sum((value - middle) ** 2 for value in signs) / 90
    assert tide.needed == labels_needed(variance, 90)
    assert section.scale("tide") == UNCHECKED


def test_with_labels_the_mean_is_the_regression_estimator_over_months(
    db: Database, run: int
) -> None:
    mentions = mentions_of(db, run, "tide")
    strata = []
    labels: dict[UnitKey, int | None] = {}
    for period, most in (("2020-03", 40), ("2020-04", 15)):
        of_month = {key: score for key, (month, score) in mentions.items() if month == period}
        drawn = sorted(of_month)[:most]
        values = [(-1, 0, 1, -1, 0)[n % 5] for n in range(most)]
        labels |= dict(zip(drawn, values, strict=True))
        mean = sum(of_month.values()) / len(of_month)
        scores = [of_month[key] for key in drawn]
        strata.append(labelled(len(of_month), mean, scores, values))

    label(db, run, "Ann", labels)

    section = section_of(db, run)
    tide, fit = section.by_keyword["tide"], fit_mean(strata)
    assert fit is not None
    expected = fit.estimate
    assert tide.corrected is not None
    assert tide.labels == 55
    assert tide.corrected.value == pytest.approx(expected.value)
    assert tide.corrected.low == pytest.approx(expected.low)
    assert tide.corrected.high == pytest.approx(expected.high)
    assert tide.needed == labels_needed(fit.unit_variance, 90)
    assert section.by_keyword["fog"].corrected is None
    assert section.scale("tide") == scale_note(55)
    assert section.scale("fog") == UNCHECKED


def test_where_readers_say_what_the_engine_says_every_sign_is_right(db: Database, run: int) -> None:
    mentions = mentions_of(db, run, "tide")
    label(db, run, "Ann", {key: sign(score) for key, (_, score) in mentions.items()})
    tide = section_of(db, run).by_keyword["tide"]
    assert tide.right is not None
    assert tide.opposite is not None
    assert tide.commonest is not None
    assert (tide.right.low, tide.right.value, tide.right.high) == pytest.approx((1, 1, 1))
    assert tide.opposite.value == 0
    shares = dict.fromkeys(("negative", "neutral", "positive"), 0.0)
    for _, score in mentions.values():
        shares[list(shares)[sign(score) + 1]] += 1 / 90

    assert tide.commonest.value == pytest.approx(max(shares.values()))
    assert shares[tide.commonest_name] == max(shares.values())
    assert tide.correlation is not None
    assert tide.correlation > 0.7
    months = [subject.name for subject in section_of(db, run).subjects]
    assert months == ["all mentions", "fog", "tide", "tide, March 2020"]


def test_of_several_coders_the_mean_counts_and_a_skipped_mention_does_not(
    db: Database, run: int
) -> None:
    keys = sorted(mentions_of(db, run, "tide"))
    label(db, run, "Ann", dict.fromkeys(keys[:60], 1))
    label(db, run, "Bob", {**dict.fromkeys(keys[:60], -1), **dict.fromkeys(keys[60:], None)})
    tide = section_of(db, run).by_keyword["tide"]
    assert tide.labels == 60
    assert tide.corrected is not None
    assert tide.corrected.value == 0
    assert tide.commonest_name == "neutral"


def page_text(page: Path) -> str:
    html = page.read_text(encoding="utf-8")
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def test_every_mood_of_a_page_without_labels_says_that_nobody_checked_it(
    db: Database, run: int, tmp_path: Path
) -> None:
    index = build(db, [run], tmp_path / "report")
    text = page_text(index.with_name("methods.html"))
    assert "Label 50 sentences to learn how right they are" in text
    assert f"tidings label {run} draws a random sample" in text
    unchecked = "not checked: there are 0 labels by readers, and at least 50 are needed"
    assert f"Accuracy of mood scores {unchecked}" in text
    front = page_text(index)
    assert f"Mean polarity is an index from −1 to 1 {UNCHECKED}: compare it" in front
    assert front.count(UNCHECKED) == 1
    of_keyword = page_text(index.with_name("keyword-tide.html"))
    assert f"Mean polarity is an index from −1 to 1 {UNCHECKED}: compare it" in of_keyword
    # Of eight mentions of fog no mood is compared, so that nothing is said of its scale.
    compared = page_text(index.with_name("compare.html"))
    assert "Mean polarity too few to compare" in compared
    assert UNCHECKED not in compared
    line = re.compile(r"; mean polarity [^,]{0,60}, (on the engine's scale[^.]*)\.")
    pages = sorted(index.parent.glob("20*.html"))
    month_lines = [scale for page in pages for scale in line.findall(page_text(page))]
    assert month_lines == [UNCHECKED] * 3


def test_a_page_with_labels_shows_coders_accuracy_and_the_corrected_mean(
    db: Database, run: int, tmp_path: Path
) -> None:
    keys = sorted(mentions_of(db, run, "tide"))
    name = "<b>Ann</b>"
    label(db, run, name, {key: (-1, 0, 1)[n % 3] for n, key in enumerate(keys[:60])})
    label(db, run, "Bob", {key: (-1, 0, 0)[n % 3] for n, key in enumerate(keys[:30])})
    index = build(db, [run], tmp_path / "report")
    html = index.with_name("methods.html").read_text(encoding="utf-8")
    text = " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())
    of_keyword = page_text(index.with_name("keyword-tide.html"))
    mean = section_of(db, run).by_keyword["tide"].corrected
    assert mean is not None
    bounds = [f"{bound:+.2f}".replace("-", "−") for bound in (mean.value, mean.low, mean.high)]
    on_human_scale = "On the human scale {} (95 % interval {} to {}, from 60 labels)"
    assert on_human_scale.format(*bounds) in of_keyword
    assert "95 % interval, 60 labels" in of_keyword
    assert scale_note(60) in page_text(index)
    assert "on the human scale" in page_text(index)
    assert "&lt;b&gt;Ann&lt;/b&gt;" in html
    assert f"{name} : 60 labels; Bob : 30 labels" in unescape(text)
    assert re.search(r"Krippendorff’s α \(interval\) 0\.\d\d on 30 mentions", text)
    assert "mean on the human scale" in text
    assert "sign is right" in text
    right = section_of(db, run).subjects[0].right
    assert right is not None
    shares = [f"{100 * bound:.1f}" for bound in (right.value, right.low, right.high)]
    same_sign = (
        "The engine has the same sign as readers for {}\xa0% of all mentions "
        "(95 % interval {} % to {} %, 60 labels); "
    )
    shown = text.replace(f"{shares[0]} % of", f"{shares[0]}\xa0% of")
    assert f"Accuracy of mood scores {same_sign.format(*shares)}" in shown
    assert "fog 8" in text
    assert "50 labels missing" in text


@pytest.mark.parametrize(
    ("of_bob", "words"),
    [
        (slice(5), "that several of them labelled the same label"),
        pytest.param(
            *(slice(20, 25), "No two coders have labelled the same mention"),
            marks=pytest.mark.thorough,
        ),
    ],
    ids=["one label for all", "different mentions"],
)
def test_a_page_says_why_coders_have_no_alpha(
    db: Database, run: int, tmp_path: Path, of_bob: slice, words: str
) -> None:
    keys = sorted(mentions_of(db, run, "tide"))
    label(db, run, "Ann", dict.fromkeys(keys[:20], 1))
    label(db, run, "Bob", dict.fromkeys(keys[of_bob], 1))
    index = build(db, [run], tmp_path / "report")
    assert words in page_text(index.with_name("methods.html"))


def test_signs_are_counted_by_the_neutral_band_of_the_runs_engine(
    db: Database, tmp_path: Path
) -> None:
    sections, pages = {}, {}
    for mode in ("vader", "news"):
        run = months_run(db, "2020-03", "2020-04", ["tide"], engine=engine_name(mode))
        mentions = mentions_of(db, run, "tide")
        band = neutral_band(engine_name(mode))
        label(db, run, "Ann", {key: band.sign(score) for key, (_, score) in mentions.items()})
        sections[mode] = section_of(db, run)
        pages[mode] = page_text(build(db, [run], tmp_path / mode).with_name("methods.html"))
        other = neutral_band(engine_name("news" if mode == "vader" else "vader"))
        equal = [band.sign(score) == other.sign(score) for _, score in mentions.values()]
        assert not all(equal)

    for section in sections.values():
        assert section.subjects[0].right is not None
        assert section.subjects[0].right.value == pytest.approx(1.0)

    assert sections["vader"].band == (-0.05, 0.05)
    assert sections["news"].band == (-0.13, 0.2)

    assert "a polarity between −0.05 and +0.05 is neutral for this engine" in pages["vader"]
    assert "a polarity between −0.13 and +0.20 is neutral for this engine" in pages["news"]
    assert "Polarity is that of “news”" not in pages["vader"]
    reason = "Engine tidings-1.3+news-2. Polarity comes from “news”, a network trained"
    assert reason in pages["news"]
    assert "The server was told to use it. From −0.13 to +0.20 it is neutral" in pages["news"]

    neutral = "compare it with care. From −0.13 to +0.20 it is neutral: say"
    assert neutral in page_text(tmp_path / "news" / "index.html")
    assert "its zero is arbitrary" not in page_text(tmp_path / "vader" / "index.html")
