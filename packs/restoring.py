"""A packed run in a database of its own, where its answers repeat its steps."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import insert, select, update

from analysis.codebooks.network import CodeNetwork
from analysis.codebooks.stored import keep_codebook
from analysis.options import FrozenModel
from analysis.step import NotReady, Step, StepResult
from analysis.steps import codes
from core.enums import DOCUMENTS, State, StepState, TextPart
from core.errors import BadInput
from core.prices import MICRO, parse_price
from models.database import Database
from models.documents import text_part_of
from models.origins import (
    ORIGIN_FIELDS,
    CountKey,
    OriginKey,
    add_to_counts,
    count_key,
    find_or_add_origins,
    origin_key,
)
from models.tables import (
    UNKNOWN_ORIGIN,
    Base,
    Call,
    Code,
    Document,
    DocumentDetails,
    Job,
    JobDocument,
    JobStep,
    Mention,
    Origin,
    PostPolarity,
    Run,
    RunEngine,
    SampledUnit,
    SampleLook,
    SampleStratum,
)
from packs import contents
from packs.answers import ReplayingFetcher, load_answers
from packs.archive import PackFile
from packs.coding import (
    CODES_FILE,
    PackedCode,
    PackedCodebook,
    check_codebook,
    list_look_rows,
    list_stratum_rows,
)
from packs.coding_network import (
    NETWORK_FILE,
    code_job,
    give_network,
    is_coded,
    name_coder_of_run,
    read_packed_network,
)
from packs.contents import NO_TEXTS, PackedDocument, PackedJob, PackedRun, hash_text, read_lines
from packs.derived import answers_file
from packs.jobs import in_order_of_submission, load_data, steps_to_verify
from packs.samples import SampleChecks, check_samples, check_structure
from reports.data.queries import fetch_all, in_batches
from reports.data.run_data import RunData, RunJob, documents_condition, load_run
from sources.headlines import with_full_stop

MENTIONS_FILE = f"{contents.EXPORTS}/mentions.jsonl"
DOCUMENTS_FILE = f"{contents.EXPORTS}/documents.jsonl"
CALLS_FILE = f"{contents.EXPORTS}/calls.jsonl"
# The PNG file of a mask may have so many bytes.
LARGEST_MASK = 5 * 2**20
#: Code that expects well-formed answers raises one of these errors for malformed ones.
MALFORMED = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)

# No document of a pack was stored later.
_LATEST = 2**31 - 1

# The ids of documents by identity, or of jobs by name.
Ids = Mapping[str, int]


class _Mention(FrozenModel, extra="ignore"):
    """What is read of a line of ``exports/mentions.jsonl``."""

    period: str
    document: str
    keyword: str
    term: str
    position: contents.Number
    sentence: str


_Amount = Annotated[float, Field(ge=0, lt=1e9, allow_inf_nan=False)]


class _Call(FrozenModel, extra="ignore"):
    """What is read of a line of ``exports/calls.jsonl``."""

    service: str
    operation: str
    calls: contents.Number
    answers_reused: contents.Number
    retries: contents.Number
    maybe_twice: contents.Number
    seconds: float | None
    tokens_in: contents.Number | None = None
    tokens_out: contents.Number | None = None
    tokens_cached: contents.Number | None = None
    tokens_reasoning: contents.Number | None = None
    cost: _Amount | None = None
    charged: _Amount | None = None


class _Document(FrozenModel, extra="ignore"):
    """What is read of a line of ``exports/documents.jsonl``."""

    document: str
    polarity: float | None


@dataclass
class Restored:
    """A run as its pack reproduces it."""

    data: RunData
    #: The packed job by the id that it has in the database.
    jobs: dict[int, PackedJob]
    #: The contradictions, by the file of the pack.
    conflicts: dict[str, str] = field(default_factory=dict)
    #: The network that codes the texts again; None if the pack has no texts or none that can.
    network: CodeNetwork | None = None
    #: Why no network codes them, though one did.
    why_no_network: str | None = None
    #: The seeds of the pack's samples, by the codebook's id.
    seeds: dict[int, int] = field(default_factory=dict)
    samples: SampleChecks = field(default_factory=SampleChecks)


def restore(db: Database, pack: PackFile, run: PackedRun) -> Restored:
    """Write the pack's run to the empty *db* and repeat its steps.

    Without texts only the step of polarities is repeated: sentences come from the pack's table of
    mentions, and polarities of posts from its table of documents. If documents are left out by
    their texts, no step is repeated. A training has only its jobs. Raises `BadInput`, which names
    what is malformed.
    """
    packed_jobs = _read_jobs(pack, run)
    _write_run(db, pack, run, packed_jobs)
    run_data = load_run(db, run.number)
    job_ids = [job.id for job in in_order_of_submission(run_data)]
    restored = Restored(run_data, dict(zip(job_ids, packed_jobs, strict=True)))
    if problem := _find_conflict(run, restored):
        restored.conflicts[contents.JOBS] = problem

    if run_data.kind.has_documents:
        _restore_texts(db, pack, run, restored)

    return restored


def _restore_texts(db: Database, pack: PackFile, run: PackedRun, restored: Restored) -> None:
    """Write the documents of a run over texts, and the results of its steps."""
    run_data = restored.data
    ids = _write_documents(db, pack, run, run_data)
    _write_stand_ins(db, run_data, restored.jobs, first_id=len(ids) + 1)
    _restore_details(db, pack, run, ids)

    _take_network(pack, run, restored)
    _insert(db, JobStep, _recorded_steps(restored, run))
    follows_without_texts = not run.texts and not run_data.selection
    if follows_without_texts and run_data.kind.has_mentions:
        terminated: dict[int, str] = {}
        _insert(db, Mention, _given_mentions(pack, run_data, ids, terminated))
        _give_texts(db, terminated)
    elif follows_without_texts and run_data.kind.has_documents:
        _insert(db, PostPolarity, _given_polarities(pack, run_data))

    codebooks = _restore_codebooks(db, pack, run, ids)
    asyncio.run(_repeat_steps(pack, run, restored))

    if codebooks:
        coders = _find_repeated_coders(restored, run)
        codebook_ids = {
            packed.codebook.short_hash: codebook_id for codebook_id, packed in codebooks.items()
        }
        _insert(db, Code, _given_codes(pack, run, ids, codebook_ids, without=coders))

    _check_samples(restored, codebooks, has_texts=run.texts)
    _insert(db, Call, _given_calls(pack, run))


def _check_samples(
    restored: Restored, codebooks: Mapping[int, PackedCodebook], *, has_texts: bool
) -> None:
    """Put the samples that are drawn again in the place of the pack's."""
    restored.samples = check_samples(restored.data, codebooks, has_texts=has_texts)
    for codebook_id, packed in codebooks.items():
        if packed.seed is not None:
            restored.seeds[codebook_id] = packed.seed
    if restored.samples.problem is not None:
        restored.conflicts[contents.CODEBOOKS] = restored.samples.problem


def _take_network(pack: PackFile, run: PackedRun, restored: Restored) -> None:
    """Let the network of the pack code the texts again, if there are any."""
    coder = name_coder_of_run(restored.data)
    if coder is None:
        return
    if not run.texts:
        restored.why_no_network = NO_TEXTS
        return

    try:
        restored.network = read_packed_network(restored.data, pack)
    except BadInput as error:
        restored.why_no_network = str(error)
    else:
        if restored.network is None:
            restored.why_no_network = "the network is not in the pack"


def _find_conflict(run: PackedRun, restored: Restored) -> str | None:
    """Return how the jobs contradict the run or themselves; None if they do not."""
    parameters = restored.data.parameters
    if restored.data.kind.has_mentions:
        months = restored.data.kind.job_names(parameters, ())
        if sorted(job.name for job in restored.jobs.values()) != months:
            return f": its jobs are not the {restored.data.kind.job_nouns} of {contents.RUN}"

    steps_of_run = getattr(parameters, "steps", ())
    for line_number, job in enumerate(restored.jobs.values(), start=1):
        location = f", line {line_number}: {job.name}"
        states = {step.step: step.state for step in job.steps}
        has_documents = states.get(DOCUMENTS) == StepState.COMPLETE
        if job.state == State.DONE and has_documents and not states.keys() >= {*steps_of_run}:
            return f"{location} is done, and not all of its steps are"
        if not states.keys() <= {DOCUMENTS, *steps_of_run}:
            return f"{location} has a step that {contents.RUN} does not name"

        engines = {step.engine for step in job.steps if step.engine}
        if not engines <= {*run.engines, getattr(parameters, "coder", None)}:
            return f"{location} has an engine that {contents.RUN} does not name"

    return None


def _read_jobs(pack: PackFile, run: PackedRun) -> list[PackedJob]:
    """Return the jobs of the pack. Raises `BadInput` where one does not fit the run."""
    kind = run.run_kind
    job_names: set[str] = set()
    jobs = []

    for location, job in lines_of(pack, contents.JOBS, PackedJob):
        steps = {step.step for step in job.steps}
        is_named = kind.is_job_name(job.name) and job.name not in job_names
        if not is_named or len(steps) < len(job.steps) or job.kind != kind.job_kind:
            raise BadInput(f"{location}: it is no job of such a run")

        job_names.add(job.name)
        jobs.append(job)

    return jobs


def _write_run(db: Database, pack: PackFile, run: PackedRun, jobs: Sequence[PackedJob]) -> None:
    run_row = {
        "id": run.number,
        "name": run.name,
        "kind": run.kind,
        "state": run.state,
        "reason": run.reason,
        "parameters": run.parameters,
        "currency": _currency_of(run),
        "mask": pack.read(contents.MASK, LARGEST_MASK) if contents.MASK in pack.names else None,
        "created_at": run.created_at,
        "ended_at": run.ended_at,
    }
    _insert(db, Run, [run_row])
    engine_rows = []
    for engine in run.engines:
        languages = run.engine_languages.get(engine)
        written = None if languages is None else ",".join(languages)
        engine_rows.append({"run_id": run.number, "engine": engine, "languages": written})

    _insert(db, RunEngine, engine_rows)

    parameters = run.run_kind.read_parameters(run.parameters)
    job_rows = []
    for job_id, job in enumerate(jobs, start=1):
        job_row = {
            "id": job_id,
            "run_id": run.number,
            "kind": job.kind,
            "name": job.name,
            "queue": run.run_kind.queue,
            "options": job.options,
            "state": job.state,
            "result": job.result,
            "reason": job.reason,
            "due_at": 0.0,
            "newest_document": _LATEST if job.frozen else None,
            **run.run_kind.scope(job.name, parameters).job_columns,
        }
        job_rows.append(job_row)

    _insert(db, Job, job_rows)


def _currency_of(run: PackedRun) -> str | None:
    """Return the currency in which a language model was paid; None if none was."""
    model = getattr(run.run_kind.read_parameters(run.parameters), "model", None)
    return parse_price(model.price).currency or None if model is not None else None


def _write_documents(
    db: Database, pack: PackFile, run: PackedRun, run_data: RunData
) -> dict[str, int]:
    """Write the documents, their counts, and which searches found them; return their ids."""
    ids: dict[str, int] = {}
    counts: Counter[CountKey] = Counter()
    job_ids = {job.name: job.id for job in run_data.jobs}
    links: list[dict[str, int]] = []
    origin_ids: dict[OriginKey, int] = {origin_key({}): UNKNOWN_ORIGIN}

    def rows() -> Iterator[dict[str, Any]]:
        last_identity = ""
        for location, document in lines_of(pack, contents.DOCUMENTS, PackedDocument):
            if document.identity <= last_identity:
                raise BadInput(f"{location}: it is not in the order of identities")

            last_identity = document.identity
            ids[last_identity] = len(ids) + 1
            for job_name in document.jobs:
                job_id = _find(job_ids, job_name, location)
                links.append({"job_id": job_id, "document_id": ids[last_identity]})

            key = origin_key(document.model_dump())
            origin_id = origin_ids.setdefault(key, len(origin_ids) + UNKNOWN_ORIGIN)
            document_row = _document_row(document, ids[last_identity], location, texts=run.texts)
            document_row["origin_id"] = origin_id
            counts[count_key(document_row)] += 1
            yield document_row

    _insert(db, Document, rows())
    with db.write() as connection:
        add_to_counts(connection, db, counts)

    _insert(db, Origin, _origin_rows(origin_ids))
    _insert(db, JobDocument, links)
    return ids


def _restore_details(db: Database, pack: PackFile, run: PackedRun, ids: Ids) -> None:
    """Write the tags of documents, and their abstracts.

    The texts of a run that read abstracts are abstracts; a pack has no headlines then.
    """
    reads_abstracts = text_part_of(run.parameters) == TextPart.ABSTRACT

    def details_rows() -> Iterator[dict[str, Any]]:
        for _, document in lines_of(pack, contents.DOCUMENTS, PackedDocument):
            if reads_abstracts or document.tags is not None:
                yield {
                    "document_id": ids[document.identity],
                    "abstract": (document.text or "") if reads_abstracts else None,
                    "tags": None if document.tags is None else list(document.tags),
                }

    _insert(db, DocumentDetails, details_rows())


def _write_stand_ins(
    db: Database, run_data: RunData, jobs: Mapping[int, PackedJob], *, first_id: int
) -> None:
    """Write a document without a text for each day on which an outlet had documents.

    The documents have no section or material, so that a run that chose some reads none of them.
    They tell days without a document of its choice from days without any document.
    """
    if not run_data.kind.has_mentions:
        return

    source = run_data.month_parameters.sources[0]
    document_rows: list[dict[str, Any]] = []
    with db.write() as connection:
        for job in jobs.values():
            keys = [origin_key({"outlet": outlet}) for outlet in job.stored_days]
            origins = find_or_add_origins(connection, db, keys)
            for key, days in zip(keys, job.stored_days.values(), strict=True):
                (month,) = run_data.kind.scope(job.name, run_data.parameters).months
                for day in days:
                    at = datetime.fromisoformat(f"{month}-{day:02}")
                    document_id = first_id + len(document_rows)
                    document_row = {
                        "id": document_id,
                        "identity": f"stand-in:{document_id}",
                        "handle": None,
                    }
                    document_row |= {"source": source, "published_at": at, "period": month}
                    document_rows.append(document_row | {"text": "", "origin_id": origins[key]})

    _insert(db, Document, document_rows)


def _origin_rows(ids: Mapping[OriginKey, int]) -> Iterator[dict[str, Any]]:
    """Yield the origins without the one that every database has."""
    for key, origin_id in ids.items():
        if origin_id != UNKNOWN_ORIGIN:
            yield {"id": origin_id, **dict(zip(ORIGIN_FIELDS, key, strict=True))}


def _document_row(
    document: PackedDocument, document_id: int, location: str, *, texts: bool
) -> dict[str, Any]:
    text = document.text or ""
    if texts and hash_text(text) != document.sha256:
        raise BadInput(f"{location}: the text is not the one that was hashed")

    at = document.published_at
    return {
        "id": document_id,
        "identity": document.identity,
        "source": document.source,
        "handle": document.handle,
        "author_id": None,
        "published_at": at,
        "period": None if at is None else f"{at:%Y-%m}",
        "address": document.address,
        "text": text,
        "full_stop_added": document.full_stop_added,
        "import_id": None,
        "repost": document.repost,
        "language_code": document.language_code,
    }


def _recorded_steps(restored: Restored, run: PackedRun) -> Iterator[dict[str, Any]]:
    """Yield the outcome of the steps that are not repeated."""
    for job_id, job in restored.jobs.items():
        repeated = {step.name for step in _steps_to_repeat(restored, run, job)}
        if restored.network is not None and is_coded(job):
            repeated.add(codes.NAME)

        for step in job.steps:
            if step.step not in repeated:
                step_row = {"step": step.step, "state": step.state, "reason": step.reason}
                yield {"job_id": job_id, **step_row, "documents": step.documents, "at": step.at}


def _steps_to_repeat(restored: Restored, run: PackedRun, job: PackedJob) -> list[Step]:
    return steps_to_verify(restored.data, job, texts=run.texts)


def _given_mentions(
    pack: PackFile, run_data: RunData, ids: Ids, terminated: dict[int, str]
) -> Iterator[dict[str, Any]]:
    """Yield the mentions of the pack's table, without polarities.

    A sentence is quoted there as the source has it, and services were asked about it with the full
    stop that was added. Such sentences are noted in *terminated* by their document.
    """
    ids_terminated = _ids_terminated(run_data)
    job_ids = {job.name: job.id for job in run_data.jobs}
    for location, line in lines_of(pack, MENTIONS_FILE, _Mention):
        document_id = _find(ids, line.document, location)
        sentence = line.sentence
        if document_id in ids_terminated and with_full_stop(sentence) != sentence:
            sentence = terminated[document_id] = with_full_stop(sentence)

        yield {
            "job_id": _find(job_ids, line.period, location),
            "document_id": document_id,
            "keyword": line.keyword,
            "term": line.term,
            "position": line.position,
            "sentence": sentence,
            "polarity": None,
        }


def _ids_terminated(run_data: RunData) -> set[int]:
    """Return the documents whose headline got a full stop that no quotation of the run shows."""
    if run_data.text_part != TextPart.HEADLINE:
        return set()

    terminated = select(Document.id).where(Document.full_stop_added)
    return {document_id for (document_id,) in fetch_all(run_data.db, terminated)}


def _give_texts(db: Database, sentences: Mapping[int, str]) -> None:
    """Let documents without texts be the sentences that got a full stop."""
    with db.write() as connection:
        for document_id, sentence in sentences.items():
            is_document = Document.id == document_id
            connection.execute(update(Document).where(is_document).values(text=sentence))


def _given_polarities(pack: PackFile, run_data: RunData) -> Iterator[dict[str, Any]]:
    """Yield the polarities of posts of the pack's table, for each job that has the post."""
    polarities: dict[str, float] = {}
    for _, line in lines_of(pack, DOCUMENTS_FILE, _Document):
        if line.polarity is not None:
            polarities[line.document] = line.polarity

    for job in run_data.jobs:
        job_documents = select(Document.id, Document.identity).where(
            documents_condition(run_data, job)
        )
        for document_id, identity in fetch_all(run_data.db, job_documents):
            if identity in polarities:
                polarity_of_post = polarities[identity]
                yield {"job_id": job.id, "document_id": document_id, "polarity": polarity_of_post}


def _find_repeated_coders(restored: Restored, run: PackedRun) -> list[str]:
    """Return the network and the language model whose codes were made again."""
    coders: list[str | None] = []
    if restored.network is not None:
        coders.append(name_coder_of_run(restored.data))

    for job in restored.jobs.values():
        if any(step.is_by_coder for step in _steps_to_repeat(restored, run, job)):
            coders.append(restored.data.parameters.coder)
            break

    return [coder for coder in coders if coder is not None]


def _restore_codebooks(
    db: Database, pack: PackFile, run: PackedRun, ids: Ids
) -> dict[int, PackedCodebook]:
    """Write the codebooks of the pack and their samples; return them by id, in their order."""
    codebooks: dict[int, PackedCodebook] = {}
    if contents.CODEBOOKS not in pack.names:
        return codebooks

    for location, packed in lines_of(pack, contents.CODEBOOKS, PackedCodebook):
        with db.write() as connection:
            codebook_id = keep_codebook(connection, db, packed.codebook)

        check_structure(packed, location)
        codebooks[codebook_id] = packed
        _insert(db, SampleStratum, list_stratum_rows(run.number, codebook_id, packed))
        _insert(db, SampleLook, list_look_rows(run.number, codebook_id, packed))
        units = []
        for place, unit in enumerate(packed.units):
            unit_row = unit.model_dump(exclude={"document"}) | {"place": place}
            unit_row |= {"document_id": _find(ids, unit.document, location)}
            units.append(unit_row | {"run_id": run.number, "codebook_id": codebook_id})

        _insert(db, SampledUnit, units)

    return codebooks


def _given_codes(
    pack: PackFile,
    run: PackedRun,
    ids: Ids,
    codebook_ids: dict[str, int],
    *,
    without: Sequence[str],
) -> Iterator[dict[str, Any]]:
    """Yield the codes that coders gave, from the pack's table, *without* those of some coders."""
    for location, line in lines_of(pack, CODES_FILE, PackedCode):
        if line.coder in without:
            continue

        yield {
            "run_id": run.number,
            "codebook_id": check_codebook(line, codebook_ids, location),
            "document_id": _find(ids, line.document, location),
            "keyword": line.keyword or "",
            "position": line.position or 0,
            "variable": line.variable,
            "coder": line.coder,
            "code": line.code,
            "probability": line.probability,
            "state": line.state,
            "reason": line.reason,
            "at": 0.0,
        }


def _given_calls(pack: PackFile, run: PackedRun) -> Iterator[dict[str, Any]]:
    """Yield the counts of calls, which nothing else in a pack tells."""
    for _, line in lines_of(pack, CALLS_FILE, _Call):
        seconds = math.inf if line.seconds is None else line.seconds
        call_row = line.model_dump(exclude={"cost", "charged"})
        call_row |= {"run_id": run.number, "seconds": seconds}
        call_row |= {"cost": _to_micro(line.cost), "charged_cost": _to_micro(line.charged)}
        yield call_row | {"credential": "", "minute": 0}


def _to_micro(amount: float | None) -> int | None:
    return None if amount is None else round(amount * MICRO)


async def _repeat_steps(pack: PackFile, run: PackedRun, restored: Restored) -> None:
    """Repeat the steps of all jobs and store their rows as a worker does."""
    run_data = restored.data
    answers_by_step: dict[str, dict[bytes, Any]] = {}
    unread: dict[str, set[bytes]] = {}

    for job in in_order_of_submission(run_data):
        packed_job = restored.jobs[job.id]
        steps = _steps_to_repeat(restored, run, packed_job)
        records = {step.step: step for step in packed_job.steps}
        job_data = None
        if steps:
            job_data = give_network(await load_data(run_data, job), restored.network)

        for step in steps:
            file_name = answers_file(step.name)
            if step.name not in answers_by_step:
                with pack.open(file_name) as file:
                    answers_by_step[step.name] = load_answers(file, file_name)

                unread[step.name] = set(answers_by_step[step.name])

            engine = records[step.name].engine or ""
            fetcher = ReplayingFetcher(
                engine, answers_by_step[step.name], run_data.engine_languages.get(engine)
            )
            try:
                result = await step.run(job_data, fetcher)
            except MALFORMED as error:
                raise BadInput(
                    f"{file_name}: an answer for {job.name} lacks or is malformed ({error!r})"
                ) from error

            if isinstance(result, NotReady):
                raise BadInput(f"{contents.JOBS}: {job.name} cannot be done again: {result.reason}")

            unread[step.name] -= fetcher.keys_read
            _store(run_data, job, step, result, at=records[step.name].at)

        is_by_model = any(step.is_by_coder for step in steps)
        if restored.network is not None and is_coded(packed_job) and not is_by_model:
            await _code_again(restored.data, job, restored.network, records[codes.NAME].at)

    for step_name, keys in unread.items():
        if keys:
            problem = f": no step reads {len(keys):,} of its answers, {min(keys).hex()} the first"
            restored.conflicts[answers_file(step_name)] = problem


async def _code_again(run_data: RunData, job: RunJob, network: CodeNetwork, at: float) -> None:
    """Code the texts of a job; raise `BadInput` if the network cannot."""
    try:
        result = await code_job(await load_data(run_data, job), network)
    except MALFORMED as error:
        raise BadInput(f"{NETWORK_FILE}: the network is malformed ({error!r})") from error

    _store(run_data, job, codes.STEP, result, at=at)


def _store(run_data: RunData, job: RunJob, step: Step, result: StepResult, *, at: float) -> None:
    step_row = {"job_id": job.id, "step": step.name, "state": result.state, "reason": result.reason}
    step_row["at"] = at
    with run_data.db.write() as connection:
        step.store(connection, job_id=job.id, rows=result.rows)
        connection.execute(insert(JobStep), [{**step_row, "documents": result.documents}])


def _insert(db: Database, table: type[Base], rows: Iterable[Mapping[str, Any]]) -> None:
    for batch in in_batches(rows):
        with db.write() as connection:
            connection.execute(insert(table), batch)


def lines_of(
    pack: PackFile, file_name: str, kind: type[contents.Line]
) -> Iterator[tuple[str, contents.Line]]:
    """Yield the lines of a file of the pack, each with its place for a message."""
    with pack.open(file_name) as file:
        for line_number, line in enumerate(read_lines(file, file_name, kind), start=1):
            yield f"{file_name}, line {line_number}", line


def _find(ids: Ids, key: str, location: str) -> int:
    if key not in ids:
        raise BadInput(f"{location}: {key[:100]!r} is not in the pack")
    return ids[key]
