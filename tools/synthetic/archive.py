"""Two newspapers: 24 months of made-up headlines in the shape of the NYT Archive API.

Most of a month is what a paper prints in any month and stories told between two months; the rest is
on the main subject, as often, under those names and in that mood as ``words/fever.toml`` says.
"""

from __future__ import annotations

import calendar
import gzip
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final, TypeVar

from sources.synthetic import MONTH_WITHOUT_PAPER, NOTICE, OUTLETS
from tools.synthetic.grammar import Bag, Grammar, polish
from tools.synthetic.words import load

T = TypeVar("T")

MONTHS: Final = [f"{year}-{month:02}" for year in (2023, 2024) for month in range(1, 13)]
_SEED: Final = 2023

_FEVER_SECTIONS: Final = ("Health", "Health", "Health", "Vessany", "Science", "Politics")
_FEVER_MATERIAL: Final = ("News",) * 16 + (
    "Op-Ed",
    "Op-Ed",
    "Letter",
    "Editorial",
    "Briefing",
    "Interactive Feature",
)
# So many of ten headlines stand in the second newspaper.
_IN_POST: Final = 4
_FEVER_IN_POST: Final = 5
_NEWS_OF_MOODS: Final = {
    **dict.fromkeys(("unease", "alarm", "dispute"), "bad"),
    **dict.fromkeys(("hope", "relief"), "good"),
}
_SEASONS: Final = ("Winter", "Spring", "Summer", "Autumn")
_MONTH_OF_THE_NEW_NAME: Final = "2023-04"
_ELECTION: Final = "2024-05"

# What becomes of a headline: as in a real archive, half have no print version of their own.
_SHAPES: Final = ("web only",) * 9 + (
    "no print key",
    "empty print",
    "same in print",
    "same in print",
    "full stop",
)
_RARELY: Final = 120  # one headline in so many is known from print alone


@dataclass(frozen=True)
class _Subject:
    """What is written of, with the places in the paper it appears in."""

    sections: Bag[str]
    material: Bag[str]
    headlines: Bag[str]
    weights: Mapping[str, int]  # by month, against the other subjects of the month
    outlets: Bag[str]
    news: str  # good, bad or neither
    days: Bag[int] | None = None  # any day of the month where there are none


def write_archive(folder: Path) -> None:
    """Write ``2023-01.json.gz`` to ``2024-12.json.gz`` into *folder*, made where it is missing.

    There is no file for the month in which the printers were on strike.
    """
    folder.mkdir(parents=True, exist_ok=True)
    newsroom = _Newsroom()
    for month in MONTHS:
        if month != MONTH_WITHOUT_PAPER:
            _write(folder / f"{month}.json.gz", newsroom.month(month))


def _write(path: Path, docs: list[dict[str, Any]]) -> None:
    answer = {"copyright": NOTICE, "response": {"meta": {"hits": len(docs)}, "docs": docs}}
    text = json.dumps(answer, ensure_ascii=False, indent=0)
    # No name and no time in the gzip header: the same text gives the same file.
    with (
        path.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed,
    ):
        packed.write(text.encode())


class _Newsroom:
    """Writes month after month; it remembers what it printed, and prints nothing twice."""

    def __init__(self) -> None:
        self._rng = Random(_SEED)
        self._fever, stories, everyday = load("fever"), load("stories"), load("everyday")
        self._fever_months = {month["month"]: month for month in self._fever["months"]}
        self._grammar = Grammar(
            load("people_and_places") | everyday["rules"] | self._fever["rules"], self._rng
        )
        self._subjects = [
            self._subject(block) for block in everyday["everyday"] + stories["stories"]
        ]
        self._fever_sections, self._fever_material = (
            self._bag(_FEVER_SECTIONS),
            self._bag(_FEVER_MATERIAL),
        )
        self._fever_outlets = self._outlets(_FEVER_IN_POST)
        self._shapes = self._bag(_SHAPES)
        self._printed: set[str] = set()

    def month(self, month: str) -> list[dict[str, Any]]:
        """Return the documents of *month* (``YYYY-MM``), in the order they appeared."""
        self._grammar.define({"season": [_SEASONS[int(month[5:]) % 12 // 3]]})
        subjects = self._bag([s for s in self._subjects for _ in range(s.weights.get(month, 0))])
        drawn = [subjects.draw() for _ in range(420 + self._below(60))]
        if month in self._fever_months:
            drawn += self._fever_subjects(self._fever_months[month])
        docs = [self._document(month, subject) for subject in drawn]
        docs.sort(key=lambda doc: str(doc["pub_date"]))
        return [{"_id": f"made-up:{month}-{number:04}"} | doc for number, doc in enumerate(docs, 1)]

    def _fever_subjects(self, month: dict[str, Any]) -> list[_Subject]:
        """Return a subject for each headline on the fever: the month's own once, others by mood."""
        self._grammar.define({name: month[name] for name in ("fever", "thing", "topic")})
        self._grammar.define(
            {"premier": ["Holloway" if month["month"] <= _ELECTION else "Okonjo-Reyes"]}
        )
        moods = month["phases"] * 4 + (
            ["oddity"] if month["month"] > _MONTH_OF_THE_NEW_NAME else []
        )
        phases = self._bag(moods)
        own = [(month["phases"][0], self._bag([headline])) for headline in month["beats"]]
        drawn = [phases.draw() for _ in range(month["mentions"] - len(own))]
        others = [(mood, self._grammar.ways(mood)) for mood in drawn]
        return [
            _Subject(
                *(self._fever_sections, self._fever_material, headlines, {}, self._fever_outlets),
                _NEWS_OF_MOODS.get(mood, "neither"),
            )
            for mood, headlines in own + others
        ]

    def _document(self, month: str, subject: _Subject) -> dict[str, Any]:
        main, shorter = self._headline(subject)
        days = calendar.monthrange(int(month[:4]), int(month[5:]))[1]
        day = subject.days.draw() if subject.days else 1 + self._below(days)
        hour, minute = 5 + self._below(18), self._below(60)
        return {
            "web_url": f"https://example.org/{month[:4]}/{month[5:]}/{day:02}/{_slug(main)}.html",
            "source": subject.outlets.draw(),
            "headline": self._shaped(main, shorter),
            "pub_date": f"{month}-{day:02}T{hour:02}:{minute:02}:00+0000",
            "document_type": "article",
            "section_name": subject.sections.draw(),
            "type_of_material": subject.material.draw(),
            "keywords": [{"name": "news", "value": subject.news}],
        }

    def _headline(self, subject: _Subject) -> tuple[str, str | None]:
        """Return a headline that was not printed before, and its shorter form for print."""
        while True:
            main, _, shorter = self._grammar.expand(subject.headlines.draw()).partition(" || ")
            main = polish(main)
            if main not in self._printed:
                self._printed.add(main)
                return main, polish(shorter) or None

    def _shaped(self, main: str, shorter: str | None) -> dict[str, str | None]:
        if self._below(_RARELY) == 0:
            return {"main": None, "print_headline": shorter or main}
        if shorter:
            return {"main": main, "print_headline": shorter}
        shapes: dict[str, dict[str, str | None]] = {
            "web only": {"main": main, "print_headline": None},
            "no print key": {"main": main},
            "empty print": {"main": main, "print_headline": ""},
            "same in print": {"main": main, "print_headline": main},
            "full stop": {
                "main": main if main.endswith("?") else f"{main}.",
                "print_headline": None,
            },
        }
        return shapes[self._shapes.draw()]

    def _subject(self, block: dict[str, Any]) -> _Subject:
        weight, first, last = (
            block["weight"],
            block.get("from", MONTHS[0]),
            block.get("to", MONTHS[-1]),
        )
        return _Subject(
            self._bag([block["section"]]),
            self._bag(block["material"]),
            self._bag(block["headlines"]),
            weight
            if isinstance(weight, dict)
            else {month: weight for month in MONTHS if first <= month <= last},
            self._outlets(block.get("post", _IN_POST)),
            block.get("news", "neither"),
            self._bag(block["days"]) if "days" in block else None,
        )

    def _outlets(self, in_post: int) -> Bag[str]:
        courant, post = OUTLETS
        return self._bag([courant] * (10 - in_post) + [post] * in_post)

    def _bag(self, options: Sequence[T]) -> Bag[T]:
        return Bag(options, self._rng)

    def _below(self, bound: int) -> int:
        """Return an integer from 0 to *bound* - 1."""
        return int(self._rng.random() * bound)


def _slug(headline: str) -> str:
    plain = unicodedata.normalize("NFKD", headline).encode("ascii", "ignore").decode().lower()
    return "-".join(re.findall(r"[a-z0-9]+", plain)[:9])
