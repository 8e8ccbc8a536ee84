"""Whether intervals from codes cover on real headlines, whose tags are the codes.

    python bench/code_tags.py FOLDER [--draws 300] [--seed 1] [--sizes 200 400 800] [--tags 8]

FOLDER holds months in the shape of the newspaper's Archive API (``2017-01.json.gz``), whose
documents have tags (``keywords``). Eight tags of .5 to 12 % of the documents stand in for a
category, each with a keyword that finds .19 to .56 of them. Documents are drawn, divided and
estimated by the project's own code; equal headlines have the tags of the one that is drawn.

For each tag and number of codes: in how many percent of the draws the interval of the share, of
the first half of the months, of precision, recall and of months covers, and of the month where it
does least; half-widths in points, and how far the figures err on average; the share's half-width as
a part of that of a simple random sample of as many codes (mid-p, mean over the binomial
distribution); how often it is in the range that half of the codes expect; processor seconds. A
figure is printed as soon as its draws are done: run one tag and size at a time, or all.
"""

from __future__ import annotations

import gzip
import json
import math
import re
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import harness
import numpy as np
import scipy
from numpy.typing import NDArray

from analysis.codebooks.cells import split_documents
from analysis.codebooks.division import weigh_strata
from analysis.codebooks.drawing import Cell, Draw, draw, keep_drawn, make_frame
from analysis.codebooks.units import CodableUnits, make_random_number
from analysis.text.repeats import read_form
from core.enums import SampleGoal, SamplePart, SamplePeriod, SampleRule
from reports.data.coded_samples import Stratum
from reports.data.estimate_strata import DrawnUnit, make_coded_strata
from reports.stats.code_plans import bound_half_width
from reports.stats.coded_shares import estimate_precision, estimate_recall, estimate_share
from reports.stats.coded_strata import CodedStratum
from reports.stats.estimates import Estimate
from reports.stats.intervals import midp_interval
from reports.stats.pooled_periods import pool_periods

TAGS = {
    "United States Politics and Government": "trump",
    "Books and Literature": "books?",
    "Movies": "films?|movies?|review",
    "Immigration and Emigration": r"immigra\w+|border|migrants?",
    "Baseball": "yankees|mets|baseball",
    "Sexual Harassment": "harassment|sexual",
    "Global Warming": "climate|warming",
    "Gun Control": "guns?",
}
# By the first codes the division learns, and the half-width is expected.
PILOT = 100

Bits = NDArray[np.bool_]


@dataclass(frozen=True)
class Archive:
    """Documents: their units, months, headlines and tags."""

    units: CodableUnits
    months: Sequence[str]
    headlines: Sequence[str]
    tags: Sequence[frozenset[str]]


@dataclass(frozen=True)
class Tag:
    """A tag that stands in for a category, and the documents by month and part."""

    name: str
    months: Sequence[str]
    cells: Sequence[Cell]
    has_tag: Bits
    has_keyword: Bits

    @property
    def share(self) -> float:
        """The share of all documents."""
        return float(self.has_tag.mean())

    @cached_property
    def is_in_half(self) -> Bits:
        """Which documents are of the first half of the months."""
        names = sorted(cell.period for cell in self.cells)
        return np.isin(np.array(self.months), names[: len(names) // 2])

    @cached_property
    def texts(self) -> Mapping[tuple[int, SamplePart], NDArray[np.intp]]:
        """For each unit of a stratum which of its texts it has, from 0."""
        return {
            (number, part): np.unique(frame.member_numbers, return_inverse=True)[1]
            for number, cell in enumerate(self.cells)
            for part, frame in cell.frames.items()
        }

    @cached_property
    def share_by_month(self) -> dict[str, float]:
        """The share of the documents of each month."""
        return {
            cell.period: float(
                np.mean(
                    np.concatenate([self.has_tag[frame.members] for frame in cell.frames.values()])
                )
            )
            for cell in self.cells
        }


def main() -> None:
    if len(sys.argv) < 2 or not Path(sys.argv[1]).is_dir():
        raise SystemExit(f"{__doc__}\nwithout the folder of months nothing can be drawn")

    folder = Path(sys.argv.pop(1))
    options = harness.parse_options(__doc__, draws=300, seed=1, sizes=(200, 400, 800), tags=8)
    archive = read_archive(folder)
    for name, pattern in list(TAGS.items())[: options.tags]:
        tag = make_tag(archive, name, pattern)
        for n in options.sizes:
            print_tag(np.random.default_rng(options.seed), tag, n, options.draws)


def read_archive(folder: Path) -> Archive:
    units = CodableUnits()
    months: list[str] = []
    headlines: list[str] = []
    tags: list[frozenset[str]] = []
    for path in sorted(folder.glob("201[78]-*.json.gz")):
        month = path.name[: len("2017-01")]
        for document in json.loads(gzip.decompress(path.read_bytes()))["response"]["docs"]:
            headline = (document.get("headline") or {}).get("main")
            if not headline:
                continue

            form = read_form(headline)
            units.add(len(months), month, make_random_number(b"", form), f"{len(months)}")
            units.add_words((*form, f"\0{document.get('section_name')}"))
            months.append(month)
            headlines.append(re.sub(r"[^a-z0-9 ]", " ", headline.lower().replace(".", "")))
            tags.append(frozenset(tag["value"] for tag in document.get("keywords", ())))

    return Archive(units, months, headlines, tags)


def make_tag(archive: Archive, name: str, pattern: str) -> Tag:
    finds = re.compile(rf"\b(?:{pattern})\b")
    has_keyword = np.array([bool(finds.search(headline)) for headline in archive.headlines])
    has_tag = np.array([name in tags for tags in archive.tags])
    cells = split_documents(archive.units, {name: has_keyword}, SamplePeriod.MONTH)
    return Tag(name, archive.months, cells, has_tag, has_keyword)


@dataclass(frozen=True)
class Sample:
    """Strata by month, and the range of half-widths that half of the codes led to expect."""

    strata: Mapping[str, Sequence[CodedStratum]]
    expected: tuple[float, float]


def draw_sample(rng: np.random.Generator, tag: Tag, n: int) -> Sample:
    """Draw `PILOT` documents by new random numbers, and by what these tell *n* in all."""
    cells = draw_anew(rng, tag)
    pilot = code_texts(tag, cells, draw(cells, PILOT, weigh_strata(cells, SampleGoal.SHARE, {})))
    codes: dict[SamplePart, tuple[float, float]] = {}
    for (_, part), units in pilot.items():
        positives, known = codes.get(part, (0.0, 0.0))
        positives += math.fsum(unit.people for unit in units)
        codes[part] = positives, known + len(units)

    least = {part: len(units) for part, units in pilot.items()}
    texts = draw(cells, n, weigh_strata(cells, SampleGoal.SHARE, codes))
    drawn = code_texts(tag, cells, keep_drawn(cells, texts, least))
    half = code_texts(tag, cells, texts[: n // 2])
    first = [stratum for strata in make_strata(cells, half).values() for stratum in strata]
    new = [len(units) - len(half[part]) for part, units in drawn.items()]
    counts = [
        len(stratum.codes) + (0 if stratum.is_known else new[stratum.number]) for stratum in first
    ]
    return Sample(make_strata(cells, drawn), bound_half_width(first, counts))


Drawn = dict[tuple[int, SamplePart], list[DrawnUnit]]


def code_texts(tag: Tag, cells: Sequence[Cell], texts: Sequence[Draw]) -> Drawn:
    drawn: Drawn = {(number, part): [] for number, cell in enumerate(cells) for part in cell.frames}
    for text in texts:
        frame = cells[text.cell].frames[text.part]
        code = float(tag.has_tag[frame.places[text.rank]])
        drawn[text.cell, text.part].append(DrawnUnit(code, int(frame.copies[text.rank]), 1.0))

    return drawn


def make_strata(cells: Sequence[Cell], drawn: Drawn) -> dict[str, list[CodedStratum]]:
    strata: dict[str, list[CodedStratum]] = {cell.period: [] for cell in cells}
    for place, ((number, part), units) in enumerate(drawn.items()):
        cell = cells[number]
        size, texts = cell.frames[part].population, len(cell.frames[part].places)
        stratum = Stratum(place, cell.period, "", part, size, texts, len(units), SampleRule.RANK)
        strata[cell.period] += make_coded_strata(stratum, units, size, None, None)

    return strata


def draw_anew(rng: np.random.Generator, tag: Tag) -> list[Cell]:
    """Return the cells of a tag with new random numbers."""
    cells = []
    for number, cell in enumerate(tag.cells):
        frames = {}
        for part, frame in cell.frames.items():
            text_of = tag.texts[number, part]
            numbers = rng.integers(1, 2**63, int(np.max(text_of)) + 1, np.uint64)[text_of]
            copy_numbers = rng.integers(0, 2**63, len(text_of), np.uint64)
            frames[part] = make_frame(frame.members, numbers, copy_numbers)

        cells.append(Cell(cell.period, cell.keyword, frames))

    return cells


def print_tag(rng: np.random.Generator, tag: Tag, n: int, draws: int) -> None:
    began = time.process_time()
    measured: list[list[float]] = []
    months: list[list[list[float]]] = []
    ranges: list[tuple[float, float]] = []
    for _ in range(draws):
        sample = draw_sample(rng, tag, n)
        measured.append([*measure(tag, sample.strata)])
        months.append([[*month] for month in measure_months(tag, sample.strata)])
        ranges.append(sample.expected)

    rows, by_month = np.array(measured), np.nanmean(np.array(months), axis=0)
    means = np.append(np.nanmean(rows, axis=0), by_month.mean(axis=0))
    parts = []
    for place, figure in enumerate(("share", "half", "precision", "recall", "months")):
        covered, width, error = means[3 * place : 3 * place + 3]
        parts.append(f"{figure} {100 * covered:.1f} % ±{100 * width:.2f} ({100 * error:+.2f})")

    reached, (low, high) = rows[:, 1], np.array(ranges).T
    parts.append(f"least month {100 * by_month[:, 0].min():.1f} %")
    parts.append(
        f"in the expected range {100 * np.mean((low <= reached) & (reached <= high)):.0f} %, from "
        f"{np.median(low / reached):.2f} to {np.median(high / reached):.2f} of what is reached"
    )
    parts.append(f"{time.process_time() - began:.0f} s")
    harness.print_figure(
        f"{tag.name}, {100 * tag.share:.2f} %, {n} codes: of a simple sample's width",
        [float(means[1]) / expect_simple_width(tag.share, n)],
        "x",
        note="; ".join(parts),
    )


def measure(tag: Tag, strata: Mapping[str, Sequence[CodedStratum]]) -> Iterator[float]:
    """Yield of each figure whether it is covered, its half-width and its error."""
    everything = [stratum for of_month in strata.values() for stratum in of_month]
    half = sorted(strata)[: len(strata) // 2]
    of_half = [stratum for month in half for stratum in strata[month]]
    found = tag.has_tag & tag.has_keyword
    yield from compare(estimate_share(everything), tag.share)
    yield from compare(estimate_share(of_half), float(tag.has_tag[tag.is_in_half].mean()))
    yield from compare(
        estimate_precision(everything), int(found.sum()) / int(tag.has_keyword.sum())
    )
    yield from compare(estimate_recall(everything), int(found.sum()) / int(tag.has_tag.sum()))


def measure_months(
    tag: Tag, strata: Mapping[str, Sequence[CodedStratum]]
) -> Iterator[Iterator[float]]:
    pooled = pool_periods(strata)
    for month in sorted(strata):
        if pooled is not None and pooled.may_be_pooled:
            estimate: Estimate | None = pooled.estimates[month]
        else:
            estimate = estimate_share(strata[month])

        yield compare(estimate, tag.share_by_month[month])


def compare(estimate: Estimate | None, truth: float) -> Iterator[float]:
    if estimate is None:
        yield from (np.nan, np.nan, np.nan)
        return

    yield float(estimate.low - 1e-9 <= truth <= estimate.high + 1e-9)
    yield estimate.half_width
    yield estimate.value - truth


def expect_simple_width(share: float, n: int) -> float:
    """Return the mean half-width of a simple random sample's mid-p interval."""
    widths = [np.ptp(midp_interval(float(found), float(n))) / 2 for found in range(n + 1)]
    probabilities = scipy.stats.binom.pmf(np.arange(n + 1), n, share)
    return float(np.dot(probabilities, widths))


if __name__ == "__main__":
    main()
