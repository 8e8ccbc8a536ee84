"""The page that lists the documents of a run, and the parts on disk that it loads.

The page holds an index: a row for each document that mentions a keyword or has a code, or for each
post. Texts, and what they hold, lie in a part for each month, or for each year of an account. Both
are JSON, compressed and in base64, in which no text can end a script.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import polars as pl
from sqlalchemy import func, select

from analysis.codebooks.codebook import SEPARATOR
from core.atomic_files import StagedFiles
from models.database import Database
from models.documents import quoted_sentence, quoted_text
from models.tables import Document, Mention
from reports.data.exports import ExportFolder
from reports.data.held_documents import HeldDocuments, list_names, read_held
from reports.data.kept_documents import JobParts, LastReport, hash_origin_of_member
from reports.data.queries import fetch_all, in_batches
from reports.data.repeats import find_repeated
from reports.data.run_data import RunData, RunJob, load_run
from reports.data.selection import left_out
from reports.data.subject_names import read_names
from reports.figures.figure_store import slug
from reports.frames.codes import load_codebooks, load_codes
from reports.frames.frames import valid_polarity
from reports.frames.reading import load_frames, load_mentioning
from reports.report_files import DOCUMENT_PARTS
from reports.series.groupings import GROUPINGS, NOT_KNOWN
from reports.shared_calls import SharedCall
from reports.stats.intervals import TRILLIONTHS
from reports.words.periods import name_day
from reports.words.quantities import web_address
from reports.words.texts import MOST_CHARACTERS, cut_at_word, join_lines
from textapi.text.keywords import TermPattern

# Of a longer text so much is shown, and the sentences that mention a keyword.
BEGINNING = MOST_CHARACTERS // 2

# The flags of a document, as the script reads them.
IS_REPEAT, IS_LEFT_OUT = 1, 2

# By what a source tells of documents: the groups of each grouping, and the desk.
ORIGINS = {
    **{grouping.value: grouped_by.name for grouping, grouped_by in GROUPINGS.items()},
    "desk": pl.col("desk"),
}

_EPOCH = date(1970, 1, 1).toordinal()

Codes = Mapping[int, set[str]]


@dataclass
class DocumentIndex:
    """What the page knows of all documents, as the script reads it."""

    # The fields of an origin, and those of what documents hold, by which a part lists them.
    origin_fields: ClassVar = tuple(ORIGINS)
    held_fields: ClassVar = ("name", "phrase", "word")

    is_of_posts: bool
    has_texts: bool

    # What a document is called.
    noun: str

    # The titles of the jobs by their names, and what readers call the keywords.
    jobs: Mapping[str, str]
    names: Mapping[str, str]

    # A part has a name, a file, its job and so many documents, which stand in its order.
    parts: list[tuple[str, str, str, int]] = field(default_factory=list)

    # The different keywords with a term, origins, and flags with the mentioned terms; a document
    # has the place of its origin and that of its mentions.
    terms: dict[tuple[int, str], int] = field(default_factory=dict)
    origins: dict[tuple[str, ...], int] = field(default_factory=dict)
    mentions: dict[tuple[int, ...], int] = field(default_factory=dict)
    document_origins: list[int] = field(default_factory=list)
    document_mentions: list[int] = field(default_factory=list)

    # The days from 1970-01-01 on; 0 if it is not known.
    days: list[int] = field(default_factory=list)

    # The documents of each category, "variable:category".
    codes: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, run: RunData, *, texts: bool) -> DocumentIndex:
        """Return an index without documents."""
        return cls(
            is_of_posts=not run.kind.has_mentions,
            has_texts=texts,
            noun=run.kind.document_noun,
            jobs={job.name: run.kind.job_title(job.name, job.options) for job in run.jobs},
            names=read_names(run),
        )

    @property
    def subjects(self) -> list[str]:
        """The keywords, in their order."""
        return list(self.names)

    @property
    def span(self) -> tuple[int, int]:
        """The first day and the last."""
        return min(filter(None, self.days), default=0), max(self.days, default=0)

    @property
    def span_in_words(self) -> list[str]:
        """The first day and the last, in words; nothing if no document has a day."""
        days = [date.fromordinal(_EPOCH + day) for day in self.span if day]
        return [name_day(day) for day in days]

    @property
    def choices(self) -> dict[str, Mapping[str, str]]:
        """What a reader may choose among in each field, with its title; empty if there is one."""
        choices: dict[str, Mapping[str, str]] = {
            "job": self.jobs if self.is_of_posts else {},
            "subject": self.names,
            "other": self.names,
        }
        for place, name in enumerate(self.origin_fields):
            names = sorted({origin[place] or NOT_KNOWN for origin in self.origins})
            choices[name] = {name: name for name in names}

        offered = {name: titles if len(titles) > 1 else {} for name, titles in choices.items()}
        return {**offered, "code": {code: code for code in sorted(self.codes)}}

    def pack(self) -> str:
        """Return the index as text for the page."""
        values = {
            "originFields": self.origin_fields,
            "heldFields": self.held_fields,
            "isPosts": self.is_of_posts,
            "noun": self.noun,
            "hasTexts": self.has_texts,
            "jobs": self.jobs,
            "subjects": self.subjects,
            "names": self.names,
            "terms": list(self.terms),
            "origins": list(self.origins),
            "mentions": list(self.mentions),
            "parts": self.parts,
            "documentOrigins": self.document_origins,
            "documentMentions": self.document_mentions,
            "span": self.span,
            "days": _differences(self.days),
            "codes": {code: _differences(self.codes[code]) for code in sorted(self.codes)},
        }
        return pack(values)


def pack(values: Any) -> str:
    """Return *values* as JSON, compressed, in base64; equal values give equal text."""
    encoded = json.dumps(values, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return b64encode(gzip.compress(encoded.encode(), 6, mtime=0)).decode()


def share_parts(
    run: RunData, executor: Executor | None, exports: ExportFolder
) -> SharedCall[dict[str, JobParts]] | None:
    """Let another process write the parts of a run's list, if there is one.

    What the run's selection leaves out is found in this process alone: then they are not shared.
    """
    if executor is None or run.selection or not run.kind.has_documents:
        return None

    arguments = (run.db.url, run.id, exports.folder, exports.last)
    return SharedCall(executor, _write_shared_parts, *arguments, texts=exports.texts)


def _write_shared_parts(
    url: str, run_id: int, folder: Path, last: LastReport, *, texts: bool
) -> dict[str, JobParts]:
    """Write the parts of each job that *folder* does not have, in another process."""
    with closing(Database(url)) as db:
        run = load_run(db, run_id)
        codes = _read_codes(run)
        files = StagedFiles(folder)
        written = {}
        for job in run.jobs:
            documents = _list_documents(run, job, codes)
            written[job.name] = _write_files(run, job, documents, files, last, texts=texts)

    return written


def write_parts(
    run: RunData,
    index: DocumentIndex,
    files: StagedFiles,
    last: LastReport,
    shared: SharedCall[dict[str, JobParts]] | None,
) -> dict[str, JobParts]:
    """Write the parts of each job that have changed; add their documents to *index*.

    Those that another process has written are taken as they are: see `share_parts`.
    """
    if shared is not None:
        last = replace(last, parts=shared.result())

    codes = _read_codes(run)
    written = {}
    for job in run.jobs:
        documents = _list_documents(run, job, codes)
        job_parts = _write_files(run, job, documents, files, last, texts=index.has_texts)
        written[job.name] = job_parts
        parts = _split(run, job, documents)
        for (name, part), file_name in zip(parts, job_parts.file_names, strict=True):
            _add_rows(index, run, job, part, codes)
            index.parts.append((name, file_name, job.name, len(part)))

    return written


def _write_files(
    run: RunData,
    job: RunJob,
    documents: pl.DataFrame,
    files: StagedFiles,
    last: LastReport,
    *,
    texts: bool,
) -> JobParts:
    """Write the parts of a job, unless those of the *last* report are the same."""
    made_of = _hash_origin(run, job, documents, last.version, texts=texts)
    kept = last.parts.get(job.name)
    if kept is not None and kept.made_of == made_of and files.keep(kept.file_names):
        return kept

    file_names = []
    for name, content in _write_contents(run, job, documents, texts=texts):
        file_hash = hashlib.sha256(content).hexdigest()[:12]
        file_names.append(f"{DOCUMENT_PARTS}/{name}-{file_hash}.js")
        files.add_once(file_names[-1], content)

    return JobParts(made_of, file_names)


def _hash_origin(
    run: RunData, job: RunJob, documents: pl.DataFrame, version: str, *, texts: bool
) -> str:
    """Return a hash of what the parts of a job are made of.

    Names are those of the whole run as far as documents of the job hold them.
    """
    measures = (func.count(), func.count(Mention.polarity), func.sum(Mention.polarity))
    mentions = fetch_all(run.db, select(*measures).where(Mention.job_id == job.id))
    scored = load_mentioning(run, job).mentions["polarity"]
    parts = (
        hash_origin_of_member(run, job, version, texts),
        documents["document"].to_list(),
        list(map(tuple, mentions)),
        (scored.null_count(), scored.sum()),
        [(engine, sorted(read or ())) for engine, read in sorted(run.engine_languages.items())],
        list_names(run, job),
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _write_contents(
    run: RunData, job: RunJob, documents: pl.DataFrame, *, texts: bool
) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the content of each part of a job."""
    subjects = list(read_names(run))
    held = list(read_held(run, job, texts=texts)) if len(documents) else []
    for name, part in _split(run, job, documents):
        rows = _read_rows(run, job, part, texts=texts)
        values = {"rows": rows, **_place_held(held, part, subjects)}
        yield name, f'documentPart("{name}","{pack(values)}");\n'.encode()


def _read_codes(run: RunData) -> Codes:
    """Return what coders said of each document: "variable:category"."""
    codes: dict[int, set[str]] = defaultdict(set)
    for codebook_id in load_codebooks(run):
        said = load_codes(run, codebook_id).select("document", "variable", "code")
        for document_id, variable, code in said.drop_nulls("code").unique().iter_rows():
            categories = filter(None, code.split(SEPARATOR))
            codes[document_id].update(f"{variable}:{category}" for category in categories)

    return codes


def _list_documents(run: RunData, job: RunJob, codes: Codes) -> pl.DataFrame:
    """Return the documents of a job that are listed, in their order."""
    # Codes may be of any document.
    frames = load_frames(run, job) if codes else load_mentioning(run, job)
    listed = pl.concat([frames.mentions["document"], pl.Series(list(codes), dtype=pl.Int64)])
    return frames.chosen.filter(pl.col("document").is_in(listed.unique().to_list()))


def _split(
    run: RunData, job: RunJob, documents: pl.DataFrame
) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield the parts of a job with their names: a month, or the years of an account."""
    if run.kind.has_mentions:
        if len(documents):
            yield job.name, documents
        return

    years = documents.with_columns(year=pl.col("day").dt.strftime("%Y").fill_null("undated"))
    for (year,), part in years.group_by("year", maintain_order=True):
        yield f"{slug(job.name)}-{year}", part


def _add_rows(
    index: DocumentIndex, run: RunData, job: RunJob, part: pl.DataFrame, codes: Codes
) -> None:
    """Add the documents of a part to the index."""
    repeated, without = find_repeated(run, job), left_out(run, job)
    terms: dict[int, set[int]] = defaultdict(set)
    mentions = load_mentioning(run, job).mentions.drop_nulls("keyword")
    pairs = mentions.select("document", pl.col("keyword", "term").cast(pl.String)).unique(
        maintain_order=True
    )
    for document, keyword, term in pairs.iter_rows():
        key = index.subjects.index(keyword), term
        terms[document].add(index.terms.setdefault(key, len(index.terms)))

    names = {f"origin {field}": name.cast(pl.String) for field, name in ORIGINS.items()}
    places = part.select("document", "day", **names)
    for document, day, *origin in places.iter_rows():
        for code in codes.get(document, ()):
            index.codes[code].append(len(index.days))

        flags = IS_REPEAT * (document in repeated) | IS_LEFT_OUT * (document in without)
        mentioned = (flags, *sorted(terms[document]))
        key_of_origin = tuple(name or "" for name in origin)
        index.days.append(0 if day is None else day.toordinal() - _EPOCH)
        index.document_origins.append(index.origins.setdefault(key_of_origin, len(index.origins)))
        index.document_mentions.append(index.mentions.setdefault(mentioned, len(index.mentions)))


def _read_rows(run: RunData, job: RunJob, part: pl.DataFrame, *, texts: bool) -> list[list[Any]]:
    """Return the address, the text and the mentions of each document.

    A mention is the place of its keyword, its polarity in hundredths, and the beginning and the end
    of each match in the text. Without *texts* the text is "", and there are no matches.
    """
    statement = select(Document.id, Document.address, quoted_text(run.text_part))
    rows: dict[int, list[Any]] = {}
    for batch in in_batches(part["document"].to_list()):
        sentences: dict[int, list[Any]] = defaultdict(list)
        for document, *sentence in _read_sentences(run, job, batch):
            sentences[document].append(sentence)

        for document, address, text in fetch_all(run.db, statement.where(Document.id.in_(batch))):
            passage = _Passage(join_lines(text) if texts else "", is_cut=bool(run.keywords))
            mentions = []
            for place, sentence, polarity in sentences[document]:
                matches = []
                if texts and run.keywords:
                    matches = passage.find(join_lines(sentence), run.keywords[place].patterns)

                mentions.append(
                    [place, None if polarity is None else round(100 * polarity), matches]
                )

            marked = [[*mention, *passage.count_units(places)] for *mention, places in mentions]
            rows[document] = [web_address(address), passage.text, marked]

    return [rows[document] for document in part["document"]]


class _Passage:
    """The part of a text that a row shows."""

    def __init__(self, text: str, *, is_cut: bool) -> None:
        """Show a short text whole; of a longer one, if it *is_cut*, the beginning."""
        self.text = text
        if is_cut and len(text) > MOST_CHARACTERS:
            self.text = cut_at_word(text, BEGINNING)

    def find(self, sentence: str, patterns: Iterable[TermPattern]) -> list[int]:
        """Return where the matches in a sentence begin and end; show it if it is not shown yet."""
        start = self.text.find(sentence)
        if start < 0:
            start = len(self.text) + 1
            self.text += f" {sentence}"

        merged: list[list[int]] = []
        for begin, end in sorted({span for term in patterns for span in term.find_spans(sentence)}):
            if merged and begin < merged[-1][1]:
                merged[-1][1] = max(end, merged[-1][1])
            else:
                merged.append([begin, end])

        return [start + place for span in merged for place in span]

    def count_units(self, places: Sequence[int]) -> Iterable[int]:
        """Return places in the text as a script counts them: two units for a rare character."""
        if not self.text or max(self.text) <= "\uffff":
            return places
        return [len(self.text[:place].encode("utf-16-le")) // 2 for place in places]


def _read_sentences(
    run: RunData, job: RunJob, documents: Sequence[int]
) -> Iterator[tuple[int, int, str, float | None]]:
    """Yield document, place of the keyword, sentence and polarity of each mention or post."""
    places = {keyword.name: place for place, keyword in enumerate(run.keywords)}
    if run.keywords:
        columns = (Mention.document_id, Mention.keyword, Mention.position)
        statement = select(*columns, quoted_sentence(run.text_part), Mention.polarity).join(
            Document, Document.id == Mention.document_id
        )
        is_asked = (Mention.job_id == job.id, Mention.document_id.in_(documents))
        # A sentence that holds several terms has several rows.
        stored = {row[:3]: row for row in fetch_all(run.db, statement.where(*is_asked))}
        for key in sorted(stored, key=lambda key: (key[0], key[2], key[1])):
            document, keyword, _, sentence, polarity = stored[key]
            yield document, places[keyword], sentence, valid_polarity(polarity)

        return

    posts = load_mentioning(run, job).mentions.filter(pl.col("document").is_in(list(documents)))
    for document, polarity in posts.select("document", "polarity").iter_rows():
        yield document, 0, "", None if polarity is None else polarity / TRILLIONTHS


def _place_held(
    held: Iterable[HeldDocuments], part: pl.DataFrame, subjects: Sequence[str]
) -> dict[str, list[list[Any]]]:
    """Return the names, phrases and words of a part: subject, spellings, and their rows."""
    places = {document: place for place, document in enumerate(part["document"])}
    listed: dict[str, list[list[Any]]] = {field: [] for field in DocumentIndex.held_fields}
    for of_keyword in held:
        subject = subjects.index(of_keyword.keyword) if of_keyword.keyword else 0
        entries: list[tuple[str, list[str], set[int]]] = []
        for name in of_keyword.names:
            entries.append(("name", sorted(name.spellings), name.documents))
        for kind, by_text in (("phrase", of_keyword.phrases), ("word", of_keyword.words)):
            entries += [(kind, [text.lower()], by_text[text]) for text in sorted(by_text)]

        for kind, spellings, documents in entries:
            rows = sorted(places[document] for document in documents if document in places)
            if rows:
                listed[kind].append([subject, spellings, _differences(rows)])

    return listed


def _differences(numbers: Sequence[int]) -> list[int]:
    """Return the first number, then each less the one before, which takes less room."""
    return [after - before for before, after in pairwise([0, *numbers])]
