"""A network trained on people's codes, and a run whose texts it codes, on both databases."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from sqlalchemy import delete, insert, select, update

from analysis.codebooks.codebook import Codebook, CodedUnit
from analysis.codebooks.codebook_files import read_shipped
from analysis.codebooks.network import read_network
from analysis.codebooks.network_features import hash_words
from analysis.codebooks.stored import keep_codebook, stored_codebook
from analysis.kinds import kind_named, result_tables
from analysis.kinds.accounts import AccountsParameters
from analysis.kinds.months import MonthsParameters
from analysis.options import Keyword
from analysis.trainings.codes.samples import read_samples
from core.enums import CodeState, SamplePeriod, State, StepState
from core.errors import BadInput, UsageError
from core.settings import Settings
from models.codes import (
    CodeValue,
    Coding,
    UnitKey,
    find_stored_codebook,
    read_codes,
    replace_codes,
)
from models.database import Database
from models.erasure import documents_named, forget_documents, forget_run
from models.tables import Code, Document, Job, JobStep
from models.trainings import get_trained_network
from producers.code_sample import draw_code_sample
from producers.imports import import_paths
from producers.plan import plan_run
from producers.trainings import plan_code_training, submit_training
from reports.build import report_folder
from tests.databases import FilledDatabases, on_sqlite
from tests.e2e_kit import Stub, write_archive
from tests.integration.test_report_folder import Page
from tests.integration.test_trainings import worker_process
from tests.jobs_kit import Jobs
from tests.packs_kit import change, pack, verify
from tests.services import wait_until
from textapi.engine.news_words import read_all_words
from textapi.messages import Engine
from textapi.text.sentences import sentences
from workers import code_trainings
from workers.predictions import predict_data
from workers.training_data import check_codes

HARM = ["ruins", "wrecks", "destroys", "drowns", "loss", "grave", "victims", "collapse"]
CALM = ["museum", "song", "visitors", "delights", "festival", "opens", "dances", "picnic"]
FILLERS = [
    "river",
    "council",
    "street",
    "town",
    "morning",
    "bridge",
    "market",
    "school",
    "farmers",
    "road",
    "harbour",
]


def make_headlines() -> dict[str, list[str]]:
    """Return headlines of a month whose words have no order, so that few repeat each other."""
    chance = random.Random(5)
    headlines: dict[str, list[str]] = {}
    for number in range(110):
        words = chance.sample(FILLERS, 5)
        words += chance.sample(HARM if number % 3 == 0 else CALM, 3)
        words += ["flood"] if number % 5 else []
        chance.shuffle(words)
        headlines.setdefault(f"2024-02-{number % 28 + 1:02}", []).append(" ".join(words))

    return headlines


HEADLINES = make_headlines()

QUESTIONS: dict[str, Any] = {
    "name": "harm",
    "language": ["en"],
    "variables": [
        {"name": "harm", "question": "Does the text report harm?", "type": "yes-no"},
        {
            "name": "what",
            "question": "Harm to what?",
            "type": "categories",
            "if": "harm = yes",
            "categories": {"homes": "houses", "ways": "streets, bridges"},
        },
        {
            "name": "degree",
            "question": "How grave is it?",
            "type": "scale",
            "from": "0",
            "to": "2",
        },
    ],
}
DOCUMENTS = Codebook.model_validate({**QUESTIONS, "unit": "document"})
MENTIONS = Codebook.model_validate({**QUESTIONS, "unit": "mention"})
POSTS = Codebook.model_validate({**QUESTIONS, "unit": "post"})
KEYWORDS = (Keyword.parse("flood"), Keyword.parse("museum"))


def months(**options: Any) -> MonthsParameters:
    defaults = {"first": "2024-02", "last": "2024-02", "keywords": KEYWORDS, "steps": ("keywords",)}
    return MonthsParameters(**{**defaults, **options})


@pytest.fixture
def jobs(stub_settings: Settings) -> Iterator[Jobs]:
    with closing(Jobs(stub_settings)) as opened:
        import_headlines(opened)
        yield opened


def import_headlines(jobs: Jobs) -> None:
    archive = write_archive(jobs.settings.home, HEADLINES)
    import_paths(jobs.db, [archive], source=None, handle=None, columns={})


@dataclass(frozen=True)
class Trained:
    """A run that people coded, and a training on their codes."""

    jobs: Jobs
    coded_run: int
    training: int


@pytest.fixture
def trained(stub_settings: Settings, filled_databases: FilledDatabases) -> Iterator[Trained]:
    runs = filled_databases.fill(stub_settings.database, train_on_headlines, stub_settings)
    with closing(Jobs(stub_settings)) as opened:
        yield Trained(opened, *runs)


def train_on_headlines(settings: Settings) -> tuple[int, int]:
    with closing(Jobs(settings)) as jobs:
        import_headlines(jobs)
        coded_run = code_as_people(jobs)
        return coded_run, train(jobs, coded_run)


@dataclass(frozen=True)
class Coded:
    """A training, and a run that its network coded, of which people coded a sample."""

    jobs: Jobs
    training: int
    run: int


@pytest.fixture
def coded(stub_settings: Settings, filled_databases: FilledDatabases) -> Iterator[Coded]:
    url = stub_settings.database
    runs = filled_databases.fill(url, code_headlines, stub_settings, filled_databases)
    with closing(Jobs(stub_settings)) as opened:
        yield Coded(opened, *runs)


def code_headlines(settings: Settings, filled_databases: FilledDatabases) -> tuple[int, int]:
    _, training = filled_databases.fill(settings.database, train_on_headlines, settings)
    with closing(Jobs(settings)) as jobs:
        run = submit_coded(jobs, training)
        draw_code_sample(jobs.db, run, DOCUMENTS, n=70, per=SamplePeriod.ALL, seed=1)
        return training, run


def texts_by_id(db: Database) -> dict[int, str]:
    with db.read() as connection:
        return {row.id: row.text for row in connection.execute(select(Document.id, Document.text))}


def answers(text: str) -> dict[str, CodeValue]:
    words = set(text.split())
    if words.isdisjoint(HARM):
        return {"harm": CodeValue("no"), "degree": CodeValue("0")}

    what = [name for name, word in (("homes", "town"), ("ways", "bridge")) if word in words]
    degree = "2" if "victims" in words else "1"
    codes = {"harm": "yes", "what": "|".join(what) or "none", "degree": degree}
    return {variable: CodeValue(code) for variable, code in codes.items()}


def code_as_people(jobs: Jobs, codebook: Codebook = DOCUMENTS, *, coder: str = "anna") -> int:
    """Return a run of which half of the documents with a mention are coded."""
    run = jobs.submit(months())
    jobs.to_its_end(run)
    is_mention = codebook.unit == CodedUnit.MENTION
    codes = {}
    for number, (document, text) in enumerate(sorted(texts_by_id(jobs.db).items())):
        if number % 4:
            key = UnitKey(document, "flood", 1) if is_mention else UnitKey(document)
            if not is_mention or "flood" in text:
                codes[key] = answers(text)

    with jobs.db.write() as connection:
        keep_codebook(connection, jobs.db, codebook)

    with jobs.db.write() as connection:
        coding = Coding(run, codebook_id(jobs.db, codebook), f"person:{coder}")
        replace_codes(connection, jobs.db, coding, codes)

    return run


def codebook_id(db: Database, codebook: Codebook) -> int:
    with db.read() as connection:
        return stored_codebook(connection, codebook.hash.hex())[0]


def train(jobs: Jobs, coded_run: int, codebook: Codebook = DOCUMENTS) -> int:
    parameters, new_jobs = plan_code_training(coded_run, codebook.hash.hex())
    run = submit_training(jobs.db, parameters, new_jobs)
    row = jobs.to_its_end(run)
    assert row.state == State.DONE, row.reason
    return run


def match(jobs: Jobs, parameters: Any, *names: str) -> Any:
    kind = kind_named(parameters.kind)
    return kind.match_stored(jobs.db, jobs.settings, parameters, names, ()).parameters


def weights(db: Database, run: int) -> bytes:
    with db.read() as connection:
        return get_trained_network(connection, run).weights


def codes_of(db: Database, run: int, coder: str) -> dict[UnitKey, dict[str, CodeValue]]:
    with db.read() as connection:
        (codebook,) = connection.scalars(
            select(Code.codebook_id).where(Code.run_id == run, Code.coder == coder).distinct()
        )
        return read_codes(connection, Coding(run, codebook, coder))


def submit_coded(jobs: Jobs, training: int, codebook: Codebook = DOCUMENTS) -> int:
    coder = f"network:{training}"
    run = jobs.submit(match(jobs, months(codebook=codebook.hash.hex(), coder=coder)))
    row = jobs.to_its_end(run)
    assert row.state == State.DONE, row.reason
    return run


@on_sqlite
def test_a_network_codes_every_document_as_people_coded_some(trained: Trained, stub: Stub) -> None:
    jobs, training = trained.jobs, trained.training
    calls = stub.counts()["operations"]
    run = submit_coded(jobs, training)
    assert stub.counts()["operations"] == calls

    codes = codes_of(jobs.db, run, f"network:{training}")
    texts = texts_by_id(jobs.db)
    assert {unit.document_id for unit in codes} == texts.keys()
    assert {(unit.keyword, unit.position) for unit in codes} == {("", 0)}
    correct = [
        unit_codes["harm"].code == answers(texts[unit.document_id])["harm"].code
        for unit, unit_codes in codes.items()
    ]
    assert sum(correct) >= 0.95 * len(correct)

    for unit_codes in codes.values():
        # A variable is coded where its condition holds, and nowhere else.
        assert ("what" in unit_codes) == (unit_codes["harm"].code == "yes")
        for variable, value in unit_codes.items():
            assert value.state == CodeState.CODED
            assert value.code == DOCUMENTS.variable(variable).parse_code(value.code or "")
            assert value.probability is not None
            assert 0 < value.probability <= 1


def test_mentions_are_coded_once_for_each_keyword(jobs: Jobs) -> None:
    training = train(jobs, code_as_people(jobs, MENTIONS), MENTIONS)
    codes = codes_of(jobs.db, submit_coded(jobs, training, MENTIONS), f"network:{training}")
    texts = texts_by_id(jobs.db)
    expected = set()
    for document, text in texts.items():
        for keyword in ("flood", "museum"):
            if keyword in text:
                expected.add(UnitKey(document, keyword, 1))

    assert codes.keys() == expected


@on_sqlite
def test_the_same_codes_give_the_same_weights_and_the_same_rows(trained: Trained) -> None:
    jobs, first = trained.jobs, trained.training
    second = train(jobs, trained.coded_run)
    assert weights(jobs.db, first) == weights(jobs.db, second)

    run = submit_coded(jobs, first)
    other_run = submit_coded(jobs, first)
    coder = f"network:{first}"
    assert codes_of(jobs.db, run, coder) == codes_of(jobs.db, other_run, coder)


def test_a_training_continues_after_each_slice_to_the_same_weights(
    trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = trained.jobs
    expected = weights(jobs.db, trained.training)

    parameters, new_jobs = plan_code_training(trained.coded_run, DOCUMENTS.hash.hex())
    run = submit_training(jobs.db, parameters, new_jobs)
    # Each slice is over after the first cross-validation.
    monkeypatch.setattr(code_trainings.JobContext, "slice_is_over", property(lambda _: True))
    slices = 0
    while jobs.slice(run).state == State.QUEUED:
        slices += 1
        row = jobs.row(run)
        assert row.done_units == slices < row.all_units

    assert slices >= 3
    assert weights(jobs.db, run) == expected


def test_texts_that_trained_the_network_get_the_codes_of_the_cross_validation(
    trained: Trained,
) -> None:
    jobs, training = trained.jobs, trained.training
    network = read_network(weights(jobs.db, training))
    known = dict(zip(network.hashes, network.outputs[0].known, strict=True))
    codes = codes_of(jobs.db, submit_coded(jobs, training), f"network:{training}")
    texts = texts_by_id(jobs.db)

    checked = 0
    for unit, unit_codes in codes.items():
        words = read_all_words(texts[unit.document_id])
        probabilities = known.get(hash_words("", words))
        if probabilities is not None:
            assert unit_codes["harm"].probability == pytest.approx(probabilities.max(), abs=1e-4)
            checked += 1

    assert checked >= 30


def test_an_erased_document_has_no_codes_and_the_others_are_coded_again(trained: Trained) -> None:
    jobs, training = trained.jobs, trained.training
    run = submit_coded(jobs, training)
    before = codes_of(jobs.db, run, f"network:{training}")
    with jobs.db.read() as connection:
        (document,) = documents_named(connection, "nyt:made-up/2024-02-05/0")

    tables = result_tables()
    forget_documents(
        jobs.db, [document], sentences=sentences, reason="erased", result_tables=tables
    )
    jobs.to_its_end(run)
    after = codes_of(jobs.db, run, f"network:{training}")
    assert after == {unit: codes for unit, codes in before.items() if unit.document_id != document}


def test_a_run_whose_training_was_forgotten_fails_and_says_so(trained: Trained) -> None:
    jobs, training = trained.jobs, trained.training
    parameters = match(jobs, months(codebook=DOCUMENTS.hash.hex(), coder=f"network:{training}"))
    run = jobs.submit(parameters)
    forget_run(jobs.db, training)
    row = jobs.to_its_end(run)
    assert row.state == State.FAILED
    assert f"the run's coder network:{training} is gone" in row.reason


def test_a_decision_stands_for_what_coders_who_differ_said(jobs: Jobs) -> None:
    run = code_as_people(jobs)
    with jobs.db.read() as connection:
        codebook_id = find_stored_codebook(connection, DOCUMENTS.hash)
        assert codebook_id is not None
        codes = read_codes(connection, Coding(run, codebook_id, "person:anna"))

    decided, unknown = sorted(codes)[:2]
    no, yes = {"degree": CodeValue("0")}, {"degree": CodeValue("2")}
    with jobs.db.write() as connection:
        for coder, given in (("anna", no), ("ben", no), ("adjudicated", yes)):
            coding = Coding(run, codebook_id, f"person:{coder}")
            replace_codes(connection, jobs.db, coding, {decided: given})

        nobody = {"degree": CodeValue(None, CodeState.CANNOT_BE_CODED, "unclear")}
        coding = Coding(run, codebook_id, "person:adjudicated")
        replace_codes(connection, jobs.db, coding, {unknown: nobody})

    samples = {sample.unit: sample for sample in read_samples(jobs.db, run, DOCUMENTS).samples}
    assert samples[decided].codes == {"degree": "2"}
    assert unknown not in samples


def test_a_plan_says_that_the_network_costs_nothing(trained: Trained, stub: Stub) -> None:
    jobs, training = trained.jobs, trained.training
    engine = Engine(stub.url.removeprefix("http://"))

    def plan(parameters: MonthsParameters) -> Any:
        return plan_run(jobs.db, parameters, (), engine=engine, settings=jobs.settings)

    coded = match(jobs, months(codebook=DOCUMENTS.hash.hex(), coder=f"network:{training}"))
    assert coded.steps == ("keywords", "codes")
    assert plan(coded).needed_by_operation == plan(months()).needed_by_operation
    assert f"network:{training} codes every text in the workers: no call, no cost" in (
        plan(coded).remarks
    )


def test_what_does_not_fit_is_refused_when_it_is_submitted(trained: Trained) -> None:
    jobs, training = trained.jobs, trained.training
    harm, coder = DOCUMENTS.hash.hex(), f"network:{training}"
    refused = [
        (months(codebook=harm), "--codebook needs a coder"),
        (months(coder=coder), "write --codebook FILE too"),
        (months(steps=("keywords", "codes")), "the step codes needs a codebook and a coder"),
        (months(codebook=harm, coder="anna"), "--coder anna: write network:RUN"),
        (months(codebook=harm, coder="network:1"), "run 1 is no training"),
        (months(codebook="relevance", coder=coder), "was trained by another codebook"),
        (AccountsParameters(codebook="relevance", coder=coder), "asks of keywords"),
    ]
    for parameters, message in refused:
        with pytest.raises(UsageError, match=message):
            match(jobs, parameters)


def test_too_few_codes_train_nothing(jobs: Jobs) -> None:
    run = code_as_people(jobs)
    with jobs.db.write() as connection:
        ids = sorted(texts_by_id(jobs.db))
        connection.execute(delete(Code).where(Code.document_id.in_(ids[5:])))

    with pytest.raises(BadInput, match="people coded 3 texts by harm: a network needs 40"):
        check_codes(jobs.db, run, DOCUMENTS)

    with pytest.raises(BadInput, match="people coded 0 texts by relevance"):
        check_codes(jobs.db, run, read_shipped("relevance"))


def test_a_file_of_lines_is_coded(trained: Trained, tmp_path: Any) -> None:
    jobs, training = trained.jobs, trained.training
    lines = tmp_path / "lines.txt"
    lines.write_text("Flood wrecks a town, victims\nA new museum opens to visitors\n")
    first, second = predict_data(jobs.db, training, None, str(lines))
    assert (first["harm"], second["harm"]) == ("yes", "no")
    assert "what" in first
    assert "what" not in second


def test_posts_are_coded_once_without_reposts(jobs: Jobs) -> None:
    training = train(jobs, code_as_people(jobs, POSTS), POSTS)
    posts = [("Flood ruins the town", False), ("A museum opens", False), ("Flood!", True)]
    with jobs.db.write() as connection:
        for number, (text, repost) in enumerate(posts):
            row = {"identity": f"x:{number}", "source": "x", "handle": "ayr", "text": text}
            connection.execute(insert(Document).values(**row, repost=repost, period="2024-02"))

    coder = f"network:{training}"
    options = {"steps": ("polarity",), "codebook": POSTS.hash.hex(), "coder": coder}
    run = jobs.submit(match(jobs, AccountsParameters(**options), "ayr"), "ayr")
    assert jobs.to_its_end(run).state == State.DONE
    texts = texts_by_id(jobs.db)
    coded = codes_of(jobs.db, run, coder)
    assert {texts[unit.document_id]: codes["harm"].code for unit, codes in coded.items()} == {
        "Flood ruins the town": "yes",
        "A museum opens": "no",
    }
    with jobs.db.read() as connection:
        steps = select(JobStep.documents, JobStep.state).join(Job, Job.id == JobStep.job_id)
        step = connection.execute(steps.where(Job.run_id == run, JobStep.step == "codes")).one()

    assert (step.documents, step.state) == (2, StepState.COMPLETE)


def test_texts_in_other_languages_are_left_out_and_counted(trained: Trained) -> None:
    jobs, training = trained.jobs, trained.training
    foreign = sorted(texts_by_id(jobs.db))[:2]
    with jobs.db.write() as connection:
        in_german = update(Document).where(Document.id.in_(foreign)).values(language_code="de")
        connection.execute(in_german)

    run = submit_coded(jobs, training)
    coded = {unit.document_id for unit in codes_of(jobs.db, run, f"network:{training}")}
    assert coded == texts_by_id(jobs.db).keys() - set(foreign)
    with jobs.db.read() as connection:
        steps = select(JobStep.documents, JobStep.reason).join(Job, Job.id == JobStep.job_id)
        step = connection.execute(steps.where(Job.run_id == run, JobStep.step == "codes")).one()

    assert (step.documents, step.reason) == (len(coded), "left out: 2 documents in German")


def test_a_training_whose_process_is_killed_ends_with_the_same_weights(
    trained: Trained, stub_settings: Settings
) -> None:
    jobs = trained.jobs
    expected = weights(jobs.db, trained.training)
    parameters, new_jobs = plan_code_training(trained.coded_run, DOCUMENTS.hash.hex())
    run = submit_training(jobs.db, parameters, new_jobs)
    with worker_process(stub_settings, jobs.row(run).id) as process:
        wait_until(lambda: jobs.row(run).done_units >= 1, what="the first cross-validation")
        process.kill()

    assert jobs.to_its_end(run).state == State.DONE
    assert weights(jobs.db, run) == expected


def test_the_page_has_what_was_found_out_and_calls_no_share_an_estimate(
    trained: Trained, tmp_path: Path
) -> None:
    jobs, training = trained.jobs, trained.training
    index = report_folder.build(jobs.db, [training], tmp_path / "report")
    shown = Page(index.read_text(encoding="utf-8"))
    network = read_network(weights(jobs.db, training))
    harm, *_ = network.evaluation["outputs"]
    accuracy = harm["accuracy"]
    figures = [f"{100 * accuracy[bound]:.0f}" for bound in ("value", "low", "high")]
    # The cells of a row follow each other without a space.
    assert "harm{}{} % ({} to {})".format(harm["texts"], *figures) in shown.text
    assert "a share that it alone makes is no estimate" in shown.text
    # The categories of a variable that was asked of few texts are not learned.
    assert "what: homes" in shown.text
    assert "the network always gives the most frequent code" in shown.text
    names = {picture["data-name"] for picture in shown.pictures}
    assert {"harm-learning", "harm-confusion", "degree-learning", "degree-confusion"} == names


def test_lines_name_no_keyword_to_be_asked_of(jobs: Jobs, tmp_path: Path) -> None:
    asking = Codebook.model_validate(
        {
            "name": "about",
            "unit": "document",
            "variables": [{"name": "harm", "question": "Is {keyword} harmful?", "type": "yes-no"}],
        }
    )
    run = code_as_people(jobs, asking)
    with jobs.db.write() as connection:
        connection.execute(update(Code).values(keyword="flood"))

    training = train(jobs, run, asking)
    (tmp_path / "lines.txt").write_text("Flood in Ayr\n")
    with pytest.raises(UsageError, match="asks of a keyword, which lines do not name"):
        predict_data(jobs.db, training, None, str(tmp_path / "lines.txt"))


def turn_a_code_of_the_network(content: bytes) -> bytes:
    """Let the first text that the network put into no harm be harmful."""
    lines = content.splitlines(keepends=True)
    for number, line in enumerate(lines):
        if b'"network:' in line and b'"variable": "harm"' in line and b'"code": "no"' in line:
            lines[number] = line.replace(b'"code": "no"', b'"code": "yes"')
            return b"".join(lines)

    raise AssertionError("the network put no text into it")


@pytest.mark.thorough
def test_a_pack_holds_the_network_and_verify_codes_the_texts_again(
    coded: Coded, tmp_path: Path
) -> None:
    jobs, training, run = coded.jobs, coded.training, coded.run
    path = pack(jobs, run, tmp_path / "pack.zip", texts=True, figures=True)
    with ZipFile(path) as archive:
        assert archive.read("weights/coder.npz") == weights(jobs.db, training)
        estimates = archive.read("exports/estimates.jsonl").decode()
        names = archive.namelist()

    assert f'"people and network:{training}"' in estimates
    assert any(name.startswith("figures/codes-") for name in names)

    # The other database has no training.
    result = verify(path)
    assert result.problems == []
    assert {"codes", "estimates"} <= set(result.recomputed)
    assert not result.not_checked

    edited = change(path, "exports/codes.jsonl", turn_a_code_of_the_network, checksums=True)
    problems = verify(edited).problems
    assert any(problem.startswith("exports/codes.jsonl, line ") for problem in problems)

    fewer_codes = code_as_people(jobs)
    with jobs.db.write() as connection:
        is_dropped = (Code.run_id == fewer_codes, Code.document_id % 3 == 0)
        connection.execute(delete(Code).where(*is_dropped))

    other_weights = weights(jobs.db, train(jobs, fewer_codes))
    edited = change(path, "weights/coder.npz", lambda _: other_weights, checksums=True)
    problems = verify(edited).problems
    assert any(problem.startswith("exports/codes.jsonl, line ") for problem in problems)


@pytest.mark.thorough
@on_sqlite
def test_without_texts_a_pack_names_what_a_machine_coded_as_not_checked(
    coded: Coded, tmp_path: Path
) -> None:
    jobs, training, run = coded.jobs, coded.training, coded.run
    result = verify(pack(jobs, run, tmp_path / "pack.zip", texts=False))
    assert result.problems == []
    reason = "the texts are not in the pack"
    assert result.not_checked["estimates"] == reason
    assert result.not_checked[f"codes of network:{training}"] == reason
    assert "codes" in result.recomputed


@pytest.mark.thorough
@on_sqlite
def test_a_pack_whose_network_is_malformed_or_was_forgotten_says_that_it_is_not_checked(
    coded: Coded, tmp_path: Path
) -> None:
    jobs, training, run = coded.jobs, coded.training, coded.run
    path = pack(jobs, run, tmp_path / "pack.zip", texts=True)
    broken = change(path, "weights/coder.npz", lambda content: content[:500], checksums=True)
    result = verify(broken)
    assert result.problems == []
    assert "it is no network" in result.not_checked[f"codes of network:{training}"]

    forget_run(jobs.db, training)
    result = verify(pack(jobs, run, tmp_path / "later.zip", texts=True))
    assert result.problems == []
    reason = result.not_checked[f"codes of network:{training}"]
    assert reason == "the network is not in the pack"
    assert "estimates" in result.recomputed
