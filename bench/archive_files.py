"""CSV files of made-up outlets from 1851 on: uneven, with gaps, wire copies and templates."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import harness

FIRST, LAST = "1851-10", "2026-10"
MONTHS = (2026 - 1851) * 12 + 1
OUTLETS = 47
SUBJECTS = ("Railway", "Election")  # what a run may ask for
SECTIONS = ("World", "Business", "Sports", "Arts", "Opinion", "Local")
KINDS = ("News", "News", "News", "Op-Ed", "Letter", "Review")
HEADER = "title,date,url,section,type_of_material\n"

_PLACES = (
    *("Aberlin", "Bexholm", "Carrow", "Dunmere", "Elstow", "Farrow", "Glenmoor", "Hartwick"),
    *("Ilsted", "Jarrowby", "Kelmarsh", "Lowick", "Merrin", "Norbury", "Oxmoor", "Penwick"),
    *("Quorley", "Ravenby", "Selwick", "Thornay", "Upwell", "Varley", "Wexcombe", "Yarm"),
)
_NAMES = ("Courier", "Observer")
_PIECES = 4096  # ready parts of headlines
_WIRE_SHARE, _TEMPLATE_SHARE = 0.08, 0.04  # of an outlet's documents
_WIRE_TEXTS = 4  # different ones of a day
_MENTION_EVERY = 50  # documents


@dataclass(frozen=True)
class Outlet:
    """A made-up newspaper, and how much it publishes in each month, relative to the others."""

    name: str
    slug: str
    weights: tuple[float, ...]  # of the months from `FIRST` on, 0 in a gap


def make_outlets() -> list[Outlet]:
    """Return the outlets: the first is as old as the archive and has a third of the documents."""
    rng = random.Random(1851)
    outlets = []
    for number in range(OUTLETS):
        name = f"The {_PLACES[number // 2]} {_NAMES[number % 2]}"
        slug = name.lower().replace(" ", "-")
        outlets.append(Outlet(name, slug, _weights(rng, number)))

    return outlets


def _weights(rng: random.Random, number: int) -> tuple[float, ...]:
    size = 1 / (number + 1)
    founded = 0 if number == 0 else rng.randrange(MONTHS - 240)
    closed = MONTHS if rng.random() < 0.8 else rng.randrange(founded + 120, MONTHS)
    gaps = set[int]()
    for length in (1, 2, 5, 14, 48):  # months
        begin = rng.randrange(founded, closed)
        gaps.update(range(begin, begin + length))

    weights = []
    for month in range(MONTHS):
        growth = 0.3 + 0.7 * month / MONTHS
        is_published = founded <= month < closed and (month not in gaps or number == 0)
        weights.append(size * growth * rng.uniform(0.7, 1.3) if is_published else 0.0)

    return tuple(weights)


def write_files(folder: Path, documents: int) -> dict[str, Path]:
    """Write about so many documents, a file per outlet; return the files by the outlets' names."""
    folder.mkdir(parents=True, exist_ok=True)
    outlets = make_outlets()
    scale = documents / sum(sum(outlet.weights) for outlet in outlets)
    pieces = _make_pieces()

    paths = {}
    for outlet in outlets:
        paths[outlet.name] = path = folder / f"{outlet.slug}.csv"
        with path.open("w", encoding="utf-8") as file:
            file.write(HEADER)
            carried = 0.0
            for month, weight in enumerate(outlet.weights):
                carried += weight * scale
                count = int(carried)
                carried -= count
                file.writelines(_rows(outlet, month, count, pieces))

    return paths


def month_name(month: int) -> str:
    """Return the month so many after the first as ``YYYY-MM``."""
    year, month_of_year = divmod(month + 9, 12)
    return f"{1851 + year}-{month_of_year + 1:02}"


def _make_pieces() -> list[str]:
    rng = random.Random(7)
    return [" ".join(rng.choices(harness.WORDS, k=5)) for _ in range(_PIECES)]


def _rows(outlet: Outlet, month: int, count: int, pieces: list[str]) -> Iterator[str]:
    """Yield the lines of a month, in the order of their days."""
    rng = random.Random(f"{outlet.slug}:{month}")
    period = month_name(month)
    for number in range(count):
        day = number * 28 // count + 1
        draw = rng.random()
        if draw < _WIRE_SHARE:
            text = _wire_text(month, day, int(draw / _WIRE_SHARE * _WIRE_TEXTS), pieces)
        elif draw < _WIRE_SHARE + _TEMPLATE_SHARE:
            text = f"Weather for {outlet.name}: {int(draw * 1e4) % 30} degrees; rain likely"
        else:
            begin, end = int(draw * 1e6) % _PIECES, int(draw * 1e10) % _PIECES
            text = f"{pieces[begin].capitalize()} {pieces[end]}"
            if number % _MENTION_EVERY == 0:
                text = f"{SUBJECTS[number // _MENTION_EVERY % 2]} {text}"

        section, kind = SECTIONS[number % 6], KINDS[number // 6 % 6]
        address = f"https://{outlet.slug}.example/{period}/{number}"
        yield f"{text}.,{period}-{day:02},{address},{section},{kind}\n"


def _wire_text(month: int, day: int, number: int, pieces: list[str]) -> str:
    begin = (month * 131 + day * 17 + number) % _PIECES
    return f"Wire: {pieces[begin].capitalize()} {pieces[begin * 7 % _PIECES]}"
