"""Arguments and options that `submit` and `plan` share, and the run that they describe."""

from __future__ import annotations

import re
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

from cli.messages import printable, warn
from cli.options import MOST, By, Distinct, Name, SeriesBy, Wait, check_utf8
from core.enums import DOCUMENTS, Within
from core.errors import UsageError
from sources.registry import archives, default_archive, post_sources

if TYPE_CHECKING:
    from analysis.parameters import MonthsParameters, TextParameters
    from analysis.pipelines import Pipeline
    from core.settings import Settings
    from models.database import Database

_MONTH = r"[12]\d{3}-(?:0[1-9]|1[0-2])"
MONTH_RANGE = re.compile(rf"({_MONTH})(?:\.\.({_MONTH}))?")
_TEMPLATE_NUMBER = re.compile(r"template:\d+")
POST_SOURCES = [source.name for source in post_sources()]
ARCHIVES = [source.name for source in archives()]


def step_names() -> list[str]:
    """Return the names of all steps, which are those of their modules: none is imported."""
    package = find_spec("analysis.steps")
    folders = package.submodule_search_locations if package else ()
    return sorted(module.name for module in iter_modules(folders))


def _check_post_source(source: str | None) -> str | None:
    return source if source is None else _check_source(source, POST_SOURCES)


def _check_archives(sources: str | None) -> str | None:
    for source in _split_names([sources or ""]):
        _check_source(source, ARCHIVES)
    return sources


def _split_names(texts: Sequence[str] | None) -> tuple[str, ...]:
    """Return the names in comma-separated *texts*, each once."""
    names = [name.strip() for text in texts or () for name in text.split(",")]
    return tuple(dict.fromkeys(filter(None, names)))


def _check_source(source: str, allowed: Sequence[str]) -> str:
    if source not in allowed:
        raise UsageError(f"--source {printable(source)}: it is one of {', '.join(allowed)}")
    return source


Source = Annotated[
    str | None,
    Option(callback=_check_post_source, help=f"Only this source: {', '.join(POST_SOURCES)}."),
]


def _check_without(texts: list[str] | None) -> list[str] | None:
    for text in check_utf8(texts) or ():
        if _TEMPLATE_NUMBER.fullmatch(text):
            raise UsageError(
                f"--without {text}: templates are numbered by the report of a run, which this one "
                "does not have yet; give a text of it, or name the template to `tidings report` "
                "and `tidings export`"
            )
    return texts


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """Options of every run over texts."""

    steps: Annotated[
        str | None, Option(help=f"Comma-separated, of: {', '.join(step_names())}.")
    ] = None
    name: Name = None
    max_calls: Annotated[
        int | None, Option(min=1, max=MOST, help="Stop after so many calls of all workers.")
    ] = None
    limit: Annotated[
        int | None, Option(min=1, max=MOST, help="Fetch at most so many documents each.")
    ] = None
    phrases: Annotated[
        int | None, Option(min=1, max=100, help="Phrases kept; 3 for months, 5 for accounts.")
    ] = None
    proportion: Annotated[float, Option(help="Share of the sentences that a summary keeps.")] = 0.1
    text_size: Annotated[int, Option(min=100, help="Characters packed into one request.")] = 3000
    mask: Annotated[Path | None, Option(help="A PNG in whose shape word clouds are drawn.")] = None
    max_words: Annotated[int, Option(min=1, help="Words of a word cloud at most.")] = 50
    by: By = None
    distinct: Distinct = False
    without: Annotated[
        list[str] | None,
        Option(
            metavar="TEXT",
            callback=_check_without,
            help="Leave out texts that differ from this one in names or figures only.",
        ),
    ] = None
    wait: Wait = False


class RunArguments(ABC):
    """What a run is about; its docstring is the help text of its command."""

    @abstractmethod
    def resolve(self, options: RunOptions) -> tuple[TextParameters, Sequence[str]]:
        """Return the run's parameters and the names of its accounts or terms.

        Raises `UsageError`.
        """

    def check_stored(
        self,
        db: Database,  # noqa: ARG002 - kinds of runs differ in what they look up
        settings: Settings,  # noqa: ARG002
        parameters: TextParameters,
        names: Sequence[str],
    ) -> tuple[TextParameters, Sequence[str]]:
        """Return parameters and names as the stored documents spell them. Raises `UsageError`."""
        return parameters, names


@dataclass(frozen=True, kw_only=True)
class MonthsArguments(RunArguments):
    """Who mentions a subject in the archive, by month: counts, polarity, phrases, entities."""

    months: Annotated[
        str,
        Argument(
            metavar="FROM..TO", help="Months, as 2020-01..2021-12, both included; or one, 2020-03."
        ),
    ]
    keyword: Annotated[
        list[str] | None,
        Option(
            metavar="NAME[:TERM,TERM]",
            callback=check_utf8,
            help="A subject, with the other terms that count for it; or NAME:QUERY, of terms with "
            "AND, OR, NOT, near/N, brackets, quotes, a star, =.",
        ),
    ] = None
    keywords_file: Annotated[
        Path | None,
        Option(
            metavar="FILE", help="Subjects, one a line; or CSV with the columns name and query."
        ),
    ] = None
    within: Annotated[
        Within, Option(help="What a query has to match: each sentence, or the whole document.")
    ] = Within.SENTENCE
    outlet: Annotated[
        list[str] | None,
        Option(
            metavar="NAME,NAME",
            callback=check_utf8,
            help="Only documents of these outlets; case ignored. `tidings stored` lists them. A "
            "comma within the name of a stored outlet separates nothing.",
        ),
    ] = None
    section: Annotated[
        list[str] | None,
        Option(callback=check_utf8, help="Only documents of this section; may be given again."),
    ] = None
    material: Annotated[
        str | None,
        Option(
            callback=check_utf8,
            help="Only documents of this kind (type_of_material), as News; case ignored.",
        ),
    ] = None
    no_mask: Annotated[
        bool,
        Option(
            "--no-mask",
            help="Score mentions with the keyword's terms in them; they are masked by default.",
        ),
    ] = False
    source: Annotated[
        str | None,
        Option(
            metavar="NAME,NAME",
            callback=_check_archives,
            help=f"The archives: {', '.join(ARCHIVES)}. By default {default_archive().name}; with "
            "--outlet those that have them, and where it holds nothing, those that are stored.",
        ),
    ] = None

    def resolve(self, options: RunOptions) -> tuple[TextParameters, Sequence[str]]:
        """Return the parameters of a run over months."""
        from analysis.parameters import MonthsParameters
        from analysis.pipelines import MONTHS
        from cli.keywords import read_keywords

        first, last = _parse_months(self.months)
        keywords = read_keywords(self.keyword or (), self.keywords_file, self.within)
        values: dict[str, Any] = {"first": first, "last": last, "keywords": keywords}
        # an outlet's own name may hold a comma: what is stored tells, see check_stored
        values |= {"material": self.material, "outlets": tuple(self.outlet or ())}
        values |= {"sections": tuple(self.section or ())}
        if self.source is not None:
            values["sources"] = _split_names([self.source])
        values["mask_keyword"] = not self.no_mask
        parameters = _validate(MonthsParameters, options, MONTHS, **values)
        self._warn_of_idle_options(options, parameters)
        return parameters, ()

    def _warn_of_idle_options(self, options: RunOptions, parameters: MonthsParameters) -> None:
        if self.no_mask and "polarity" not in parameters.steps:
            warn("--no-mask changes nothing: the step polarity is none of --steps")
        if self.within == Within.DOCUMENT and not any(
            keyword.query for keyword in parameters.keywords
        ):
            warn("--within document changes nothing: no subject is a query")
        if options.limit is not None:
            warn("--limit changes nothing: archives are fetched by whole months")

    def check_stored(
        self,
        db: Database,
        settings: Settings,
        parameters: TextParameters,
        names: Sequence[str],
    ) -> tuple[TextParameters, Sequence[str]]:
        """Return the parameters with archives and names as they are stored; say what stars are.

        Raises `UsageError` where no document is of a name, and none is fetched, where a star stands
        for too much, and where no document holds a phrase that looks like a query.
        """
        from analysis.parameters import MonthsParameters
        from cli.keywords import check_phrases, check_stars
        from cli.stored_names import choose_archives, keep_archives_of_outlets, spell_names

        assert isinstance(parameters, MonthsParameters)  # noqa: S101 - they were resolved here
        if self.source is None:
            parameters = choose_archives(db, settings, parameters)
        parameters = spell_names(db, settings, parameters)
        if self.source is None:
            parameters = keep_archives_of_outlets(db, parameters)
        check_phrases(db, parameters)
        check_stars(db, parameters)
        return parameters, names


@dataclass(frozen=True, kw_only=True)
class HandlesArguments(RunArguments):
    """A portrait of each account: summary, phrases, entities, polarity over time."""

    handles: Annotated[
        list[str], Argument(metavar="HANDLE...", help="Accounts; - reads them from standard input.")
    ]
    source: Source = None

    def resolve(self, options: RunOptions) -> tuple[TextParameters, Sequence[str]]:
        """Return the parameters of a run over accounts of the command line or standard input."""
        from analysis.parameters import HandlesParameters
        from analysis.pipelines import POSTS

        lines = _read_lines() if self.handles == ["-"] else self.handles
        handles: list[str] = []
        for line in check_utf8(lines):
            handles += [parse_handle(part) for part in line.split(",") if part.strip("@ ")]
        if not handles:
            raise UsageError("no handle was given")
        return _validate(HandlesParameters, options, POSTS, source=self.source), handles

    def check_stored(
        self,
        db: Database,
        settings: Settings,  # noqa: ARG002
        parameters: TextParameters,
        names: Sequence[str],
    ) -> tuple[TextParameters, Sequence[str]]:
        """Check handles of several words: only files can bring such. Raises `UsageError`."""
        from models.documents import has_documents_of
        from sources.base import fold_handle

        with db.read() as connection:
            for name in names:
                has_space = len(name.split()) > 1
                if has_space and not has_documents_of(connection, fold_handle(name) or ""):
                    raise UsageError(
                        f"{printable(name)} is no handle, it holds a space: write the account's "
                        "name, as @nasa; several are given one by one"
                    )
        return parameters, names


@dataclass(frozen=True, kw_only=True)
class SearchArguments(RunArguments):
    """What people post on a term: the same steps as for an account."""

    terms: Annotated[
        list[str],
        Argument(
            metavar="TERM...", callback=check_utf8, help="What people post on; a job for each."
        ),
    ]
    source: Source = None

    def resolve(self, options: RunOptions) -> tuple[TextParameters, Sequence[str]]:
        """Return the parameters of a run over search terms."""
        from analysis.parameters import SearchParameters
        from analysis.pipelines import POSTS

        terms = [term for term in self.terms if term.strip()]
        if not terms:
            raise UsageError("no term was given")
        return _validate(SearchParameters, options, POSTS, source=self.source), terms


KINDS: dict[str, type[RunArguments]] = {
    "months": MonthsArguments,
    "handles": HandlesArguments,
    "search": SearchArguments,
}


def parse_handle(text: str) -> str:
    """Return the handle in *text*: itself, or of the profile that it is the address of.

    Raises `UsageError` for another address.
    """
    from sources.registry import handle_in_address

    stripped = text.strip()
    if printable(stripped) != stripped:
        raise UsageError(f"{printable(stripped)} is no handle: it holds what no name has")
    handle = handle_in_address(stripped)
    if handle is None and "://" in stripped:
        raise UsageError(
            f"{printable(stripped)} is no profile of a service known here: write the account's "
            "name, as @nasa"
        )
    return handle or stripped


def _parse_months(text: str) -> tuple[str, str]:
    months = MONTH_RANGE.fullmatch(text)
    first, last = (months[1], months[2] or months[1]) if months else ("", "")
    if first > last:
        raise UsageError(f"{first} is after {last}: write {last}..{first}")
    if not months:
        raise UsageError(
            f"{printable(text)} is no range of months: write FROM..TO, as 2020-01..2021-12, or one "
            "month, as 2020-03"
        )
    return first, last


def _read_lines() -> list[str]:
    if sys.stdin is None:
        raise UsageError("standard input is closed: give the accounts as arguments")
    try:
        return [line.strip() for line in sys.stdin.read().removeprefix("\ufeff").split("\n")]
    except UnicodeDecodeError as error:
        raise UsageError(f"standard input is no UTF-8 ({error.reason})") from None


def _parse_steps(value: str, pipeline: Pipeline) -> tuple[str, ...]:
    names = [name.strip() for name in value.split(",") if name.strip()]
    for name in names:
        if name not in (DOCUMENTS, *pipeline.names):
            allowed = ", ".join(sorted(pipeline.names))
            raise UsageError(f"--steps: there is no step {name} here; choose of {allowed}")
    if not names:
        raise UsageError(f"--steps names no step: choose of {', '.join(sorted(pipeline.names))}")

    for step in pipeline.select(names):
        missing = [need for need in step.needs if need in pipeline.names and need not in names]
        if missing:
            raise UsageError(
                f"--steps: {step.name} needs {missing[0]}: write {missing[0]},{value.strip()}"
            )
    return tuple(name for name in names if name != DOCUMENTS)


def _validate(kind: type[Any], options: RunOptions, pipeline: Pipeline, **values: Any) -> Any:
    from pydantic import ValidationError

    from analysis.options import TextOptions

    if options.steps is not None:
        values["steps"] = _parse_steps(options.steps, pipeline)
    for name in TextOptions.model_fields.keys() - {"by"}:
        if getattr(options, name) is not None:
            values[name] = getattr(options, name)
    grain, grouping = options.by or SeriesBy()
    if grouping is not None and "grouping" not in kind.model_fields:
        raise UsageError(
            f"--by {grouping}: documents are grouped in runs of months alone; leave it out, or "
            "write `submit months`"
        )
    if grain is not None:
        values["by"] = grain
    if grouping is not None:
        values["grouping"] = grouping
    try:
        parameters = kind(**values)
    except ValidationError as error:
        first = error.errors()[0]
        option = "--" + str(first["loc"][0] if first["loc"] else "").replace("_", "-")
        raise UsageError(f"{option}: {first['msg']}") from None

    if options.phrases is not None and "phrases" not in parameters.steps:
        warn("--phrases changes nothing: the step phrases is none of --steps")
    if options.proportion != RunOptions.proportion and "summary" not in parameters.steps:
        warn("--proportion changes nothing: the step summary is none of --steps")
    return parameters
