"""How the words of the list are chosen, by counts of how running text writes them."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tools.word_list import sources

# Words that are younger than SCOWL's lists.
_RECENT_WORDS = Path(__file__).with_name("recent.txt")

_TOKEN = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
_OPENERS = "\"'\u201c\u2018(` "
_ENDS = ".?!:"

# A word counts this often for being in SCOWL's list of a size, in small letters or with a capital.
_COMMON_WEIGHTS = {10: 20.0, 20: 10.0, 35: 4.0, 40: 3.0, 50: 2.0, 55: 1.5, 60: 1.2, 70: 0.5}
_NAME_WEIGHTS = {10: 20.0, 35: 6.0, 40: 4.0, 50: 2.0, 55: 1.0, 60: 0.8, 70: 0.4}
_GIVEN_NAME_WEIGHT = 30.0  # for each per cent of the people
_NEWS_WEIGHT = 4  # a word of a news sentence counts as much as four of a dictionary
# A name outweighs the word of the language from this logarithm of their counts on.
_NAME_OUTWEIGHS = 1.0

_FREQUENT_GIVEN = 0.004  # per cent of the people
_FREQUENT_LAST = 0.002
# A given name that texts write small more often ("will") is read as the word.
_MOST_SMALL_USES = 20
_SMALLEST_RARE_SIZE = 70  # from here on a word that is a name too is no word of the list
_SHORTEST_RARE_WORD = 5


@dataclass
class CaseCounts:
    """How often words stand in small letters and with a capital, not at the begin of a sentence."""

    small: Counter[str] = field(default_factory=Counter)
    capital: Counter[str] = field(default_factory=Counter)

    def add(self, texts: Iterable[str], weight: int = 1) -> None:
        """Count the words of *texts* except those of texts in Title Case."""
        for text in texts:
            tokens = list(_TOKEN.finditer(text))
            if _is_title_case([token[0] for token in tokens]):
                continue

            for token in tokens:
                before = text[: token.start()].rstrip(_OPENERS)
                if before and before[-1] not in _ENDS:
                    word = re.sub("['\u2019]s$", "", token[0])
                    counts = self.capital if word[0].isupper() else self.small
                    counts[word.lower()] += weight


def _is_title_case(words: list[str]) -> bool:
    longer = [word for word in words if len(word) > 3]
    capitals = sum(word[0].isupper() for word in longer)
    return len(longer) > 2 and capitals > 0.7 * len(longer)


@dataclass(frozen=True)
class Census:
    """Names of people with their share in per cent."""

    given: Mapping[str, float]
    last: Mapping[str, float]


def read_census(folder: Path) -> Census:
    """Read the name files of the US Census of 1990."""
    given: dict[str, float] = {}
    for name in ("dist.male.first", "dist.female.first"):
        for word, share in sources.read_census(folder / name).items():
            given[word] = max(share, given.get(word, 0.0))
    return Census(given, sources.read_census(folder / "dist.all.last"))


def build(scowl: Path, wordnet: Path, names: Path, rated: Path) -> dict[str, list[str]]:
    """Return the sections of the list, each sorted."""
    counts = CaseCounts()
    counts.add(sources.read_wordnet_texts(wordnet))
    counts.add(sources.read_rated_texts(rated), _NEWS_WEIGHT)
    census = read_census(names)
    words = sources.read_scowl(scowl, ("words", "contractions"))
    capitalised: dict[str, int] = {}
    for name, size in sources.read_scowl(scowl, ("upper", "proper-names")).items():
        capitalised.setdefault(name.lower(), size)

    common = _choose_common(words, capitalised, counts, census)
    common.update(_RECENT_WORDS.read_text(encoding="utf-8").split())
    given = {name for name, share in census.given.items() if share >= _FREQUENT_GIVEN}
    given = {name for name in given if not _is_mostly_small(name, common, counts)}
    last = {word for word in common if census.last.get(word, 0.0) >= _FREQUENT_LAST}
    both = common & (capitalised.keys() | given | last)
    phrases = set()
    for phrase in sources.read_wordnet_names(wordnet):
        if not common.isdisjoint(phrase):
            phrases.add(" ".join(phrase))

    return {
        "common": sorted(common - both),
        "both": sorted(both),
        "given": sorted(given),
        "last": sorted(last),
        "names": sorted(phrases),
        **_choose_places(wordnet, census),
    }


def _choose_places(wordnet: Path, census: Census) -> dict[str, list[str]]:
    """Return the names that WordNet has for regions or for landforms alone, and no person bears."""
    files: dict[str, set[int | None]] = defaultdict(set)
    for name, file in sources.read_wordnet_meanings(wordnet):
        files[name].add(file)

    places: dict[str, list[str]] = {"regions": [], "landforms": []}
    for name, of_name in sorted(files.items()):
        is_given = census.given.get(name, 0.0) >= _FREQUENT_GIVEN
        if is_given or census.last.get(name, 0.0) >= _FREQUENT_LAST:
            continue
        if of_name <= {sources.REGIONS, sources.LANDFORMS}:
            places["regions" if sources.REGIONS in of_name else "landforms"].append(name)
    return places


def _choose_common(
    words: Mapping[str, int], capitalised: Mapping[str, int], counts: CaseCounts, census: Census
) -> set[str]:
    """Return the words that running text writes small."""
    common = set()

    for word, size in words.items():
        if word != word.lower() or not word.replace("'", "").isalpha():
            continue
        is_name = word in capitalised or word in census.given or word in census.last
        if size >= _SMALLEST_RARE_SIZE and (is_name or len(word) < _SHORTEST_RARE_WORD):
            continue

        capital = counts.capital[word] + _NAME_WEIGHTS.get(capitalised.get(word, 0), 0.0)
        capital += _GIVEN_NAME_WEIGHT * census.given.get(word, 0.0)
        small = counts.small[word] + _COMMON_WEIGHTS[size]
        if math.log((capital + 0.1) / (small + 0.1)) < _NAME_OUTWEIGHS:
            common.add(word)

    return common


def _is_mostly_small(name: str, common: set[str], counts: CaseCounts) -> bool:
    return name in common and counts.small[name] > _MOST_SMALL_USES * counts.capital[name]
