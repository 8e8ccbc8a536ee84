"""The part of a report that describes its run: request, texts, progress, omissions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from analysis.languages import describe_languages
from analysis.text.mentions import all_terms
from core.enums import ENDED, State
from core.languages import language_name
from core.quantities import quantity
from reports.data.run_data import RunData
from reports.data.sources_in_common import CommonPeriod
from reports.data.tables.calls import CallRow
from reports.data.tables.coverage import StepCount
from reports.data.unread_documents import languages_of_engines
from reports.data.years import has_yearly_findings
from reports.pages.keyword_example import KeywordExample, find_example
from reports.words.quantities import NAMED, join_words
from reports.words.writing import write_sentence
from sources.registry import SOURCES
from sources.source import Credit
from textapi.engine.polarity import scores_as
from textapi.messages import Operation

# The median text of an archive of headlines or summaries has at most this many words.
SHORT_TEXT = 30


@dataclass(frozen=True, kw_only=True)
class RunSummary(RunData):
    """A run as its report introduces it."""

    state: str
    reason: str | None

    # The Unix time; None if it has not ended.
    ended_at: float | None

    job_states: Counter[str]

    # The number of documents of each source.
    sources: dict[str, int]

    # The credits of the sources whose texts must be credited.
    credits: list[Credit]

    synthetic: bool

    # The days of the oldest and of the newest document.
    first: str | None
    last: str | None

    # The median length of an archive's documents; None if the run has no archive.
    median_words: int | None

    # Rows of `Import`, the newest of each file, month or account.
    imports: list[Any]

    calls: list[CallRow]

    # Rows of `RunModel`: the language models that answered.
    models: list[Any]

    # What they cost, in words; "" if nothing.
    cost: str

    # How many texts got no code from the run's language model, and why, in words; "" if each did.
    uncoded: str

    # The command that submits the run, with what is left out of its figures.
    command: str

    # The patterns that are left out, with the number of documents of each.
    without: dict[str, int]

    # The number of documents that the selection leaves out.
    left_out: int

    # The hash of all documents that the run read: see `hash_documents`.
    archive_hash: str | None

    steps: list[StepCount]

    # What several sources hold of each outlet, in all months together.
    common: list[CommonPeriod]

    # The number of documents that have no polarity because of their language, by its code.
    unread: Counter[str]

    # The same of each job, and what the selection leaves out of it.
    unread_by_job: Mapping[str, Counter[str]]
    left_out_by_job: Mapping[str, int]

    def of_job(self, job_name: str) -> RunSummary:
        """Return the summary for the page of one account or search: it tells nothing of others.

        What failed of its own job, the page says itself.
        """
        job_states = Counter(self.job_states)
        del job_states[State.FAILED]
        return replace(
            self,
            unread=self.unread_by_job[job_name],
            left_out=self.left_out_by_job.get(job_name, 0),
            job_states=job_states,
        )

    @property
    def unread_in_words(self) -> str:
        """How many documents were left out for their language: "120 documents in German"."""
        return describe_languages(self.unread, self.unit) if self.unread else ""

    @property
    def common_outlets(self) -> str:
        """The outlets that several sources hold, three by name: "The Tide and 4 more outlets"."""
        names = [common.outlet for common in self.common]
        more = len(names) - NAMED
        shown = names[:NAMED]
        return join_words([*shown, *([quantity(more, "more outlet")] if more > 0 else [])])

    @property
    def is_scanned(self) -> bool:
        """Whether texts of the run were read by machine from scanned pages."""
        archives = (source.archive for source in SOURCES if self.sources.get(source.name))
        return any(archive is not None and archive.is_scanned for archive in archives)

    @property
    def languages_read(self) -> str:
        """The languages that the engines of the run read, in words; "" if one declares none."""
        return _name_languages(languages_of_engines(self) or frozenset())

    @property
    def languages_of_names(self) -> str:
        """The languages in which the engines find names and read nothing else, in words."""
        of_names = languages_of_engines(self, Operation.NER) or frozenset()
        return _name_languages(of_names - (languages_of_engines(self) or frozenset()))

    @property
    def running(self) -> bool:
        """Whether more results may come."""
        return self.state not in ENDED

    @property
    def documents(self) -> int:
        """How many documents the run looks at; one that belongs to two searches counts twice."""
        return sum(self.sources.values())

    @property
    def polarity_reason(self) -> str:
        """Which polarity engine scored the run and why, in words; nothing but for `news`."""
        return self._say_of_news("polarity of news")

    @property
    def neutral_polarity(self) -> str:
        """What the zero of the polarity engine says, in words; nothing but for `news`."""
        return self._say_of_news("neutral polarity")

    def _say_of_news(self, kind: str) -> str:
        """Return a sentence if all polarities of the run come from the engine `news`."""
        if len(self.engines) != 1 or not scores_as(self.engines[0], "news"):
            return ""

        low, high = self.neutral_band
        is_chosen = getattr(self.parameters, "polarity", None) == "news"
        return write_sentence(kind, is_chosen=is_chosen, low=low, high=high)

    @property
    def is_of_short_texts(self) -> bool:
        """Whether the archive holds headlines or short texts, and not the articles behind them."""
        return self.median_words is not None and self.median_words <= SHORT_TEXT

    @property
    def days(self) -> int:
        """From the first day with a document to the last; 0 where none is dated."""
        if self.first is None or self.last is None:
            return 0
        return (date.fromisoformat(self.last) - date.fromisoformat(self.first)).days + 1

    @property
    def has_yearly_findings(self) -> bool:
        """Whether findings compare years, since the months are too many."""
        return has_yearly_findings(self)

    @property
    def unit(self) -> str:
        """What one of the run's documents is called."""
        return self.kind.document_noun

    @property
    def choice(self) -> str:
        """Which documents of its archives a run of months chose, in words behind their number."""
        if not self.kind.has_mentions:
            return ""

        parameters = self.month_parameters
        chosen = {
            "outlet": parameters.outlets,
            "section": parameters.sections,
            "kind": (parameters.material,) if parameters.material else (),
        }
        description = ""
        for noun, chosen_names in chosen.items():
            if len(chosen_names) > NAMED:
                description += f" of {len(chosen_names):,} {noun}s"
            elif chosen_names:
                quoted = join_words([f"“{chosen_name}”" for chosen_name in chosen_names])
                description += f" of the {noun if len(chosen_names) == 1 else noun + 's'} {quoted}"

        return description

    @property
    def keyword_example(self) -> KeywordExample | None:
        """The rule by which keywords match, shown with the run's first term without a star."""
        terms = all_terms(self.keywords)
        return find_example(terms[0]) if terms else None

    @property
    def states_in_words(self) -> str:
        """How many jobs are in each state: "22 done, 1 failed, 1 waiting"."""
        return ", ".join(f"{self.job_states[s]} {s.value}" for s in State if self.job_states[s])


def _name_languages(codes: Collection[str]) -> str:
    return join_words([language_name(code) for code in sorted(codes)]) if codes else ""
