"""Runs with a language model: samples, posts, consent, packs, reports and what commands say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from sqlalchemy import update

from analysis.codebooks.codebook import Codebook
from analysis.codebooks.stored import keep_codebook, stored_codebook
from analysis.kinds import kind_named, result_tables
from analysis.kinds.accounts import AccountsParameters
from analysis.kinds.months import MonthsParameters
from analysis.options import Keyword
from core.enums import SamplePeriod, State
from core.errors import UsageError
from core.prices import format_money
from core.settings import Settings, environment
from models.codes import CodeValue, Coding, UnitCodes, replace_codes
from models.documents import add_documents
from models.erasure import documents_named, forget_documents
from models.tables import Job
from producers.code_sample import draw_code_sample
from producers.imports import import_paths
from reports.build import report_folder
from reports.data.coded_samples import read_coded_samples
from reports.data.domains import count_machine_codes
from reports.data.run_data import load_run
from tests.command_kit import run_command
from tests.e2e_kit import write_archive
from tests.exports_kit import rows_of
from tests.integration.test_fetching import stored_post
from tests.integration.test_report_folder import Page
from tests.jobs_kit import Jobs
from tests.model_kit import (
    CODER,
    DOCUMENTS,
    HEADLINES,
    PRICE,
    QUESTIONS,
    codes_of,
    months,
    run_row,
    with_model,
)
from tests.packs_kit import change, pack, verify
from tests.stub_model import ModelServer
from textapi.text.sentences import sentences

MENTIONS = Codebook.model_validate({**QUESTIONS, "unit": "mention"})
POSTS = Codebook.model_validate({**QUESTIONS, "unit": "post"})


@pytest.fixture
def jobs(stub_settings: Settings, model: ModelServer) -> Iterator[Jobs]:
    settings = with_model(stub_settings, model, model_price=PRICE)
    with closing(Jobs(settings)) as opened:
        archive = write_archive(settings.home, HEADLINES)
        import_paths(opened.db, [archive], source=None, handle=None, columns={})
        yield opened


def test_each_sentence_of_a_keyword_is_coded_by_a_codebook_of_mentions(
    jobs: Jobs, model: ModelServer
) -> None:
    run = jobs.submit(months(jobs, MENTIONS))
    assert jobs.to_its_end(run).state == State.DONE
    units = codes_of(jobs.db, run, MENTIONS)
    assert {(unit.keyword, unit.position) for unit in units} == {("flood", 1)}
    assert len(units) == model.calls == 3


def test_posts_without_reposts_are_coded(jobs: Jobs, model: ModelServer) -> None:
    posts = [
        stored_post(number, text=text, handle="ayr") | {"repost": repost}
        for number, (text, repost) in enumerate(
            [("Flood ruins the town", False), ("A museum opens", False), ("RT flood", True)]
        )
    ]
    add_documents(jobs.db, posts)
    with jobs.db.write() as connection:
        keep_codebook(connection, jobs.db, POSTS)

    typed = AccountsParameters(steps=("polarity",), codebook=POSTS.hash.hex(), coder="model:stub")
    kind = kind_named("handles")
    parameters = kind.match_stored(jobs.db, jobs.settings, typed, ("ayr",), ()).parameters
    assert parameters.code == "all"
    run = jobs.submit(parameters, "ayr")
    assert jobs.to_its_end(run).state == State.DONE
    assert set(model.texts) == {"Flood ruins the town", "A museum opens"}


def test_a_sample_is_the_one_that_people_get(jobs: Jobs, model: ModelServer) -> None:
    # A slice takes one job along, so the third month has no keywords when the first needs them.
    later = {"2024-03-01": ["Flood Again."] * 2, "2024-04-01": ["Spring Flood."]}
    path = write_archive(jobs.settings.home / "later", later)
    import_paths(jobs.db, [path], source=None, handle=None, columns={})
    run = jobs.submit(months(jobs, last="2024-04", code="sample:4"))
    assert jobs.slice(run, "2024-02").state == State.WAITING
    assert "sample of the run is drawn when" in jobs.row(run, "2024-02").reason
    assert model.calls == 0
    for month in ("2024-04", "2024-02", "2024-03"):
        with jobs.db.write() as connection:
            connection.execute(update(Job).where(Job.run_id == run).values(due_at=0.0))

        assert jobs.to_its_end(run, month).state == State.DONE

    coded = set(codes_of(jobs.db, run))
    sample = draw_code_sample(jobs.db, run, DOCUMENTS, n=4, per=SamplePeriod.MONTH, seed=1)
    assert coded == {text.unit for text in sample}
    assert len(coded) == model.calls == 4


def test_a_model_beside_people_makes_estimates_and_the_report_says_who_answered(
    jobs: Jobs, model: ModelServer, tmp_path: Path
) -> None:
    run = jobs.submit(months(jobs, code="all"))
    jobs.to_its_end(run)
    sample = draw_code_sample(jobs.db, run, DOCUMENTS, n=5, per=SamplePeriod.MONTH, seed=1)
    machine = codes_of(jobs.db, run)
    people: dict[Any, UnitCodes] = {text.unit: machine[text.unit] for text in sample}
    with jobs.db.write() as connection:
        codebook_id, _ = stored_codebook(connection, DOCUMENTS.hash.hex())
        coding = Coding(run, codebook_id, "person:Ann")
        replace_codes(connection, jobs.db, coding, people)

    methods = {row["method"] for row in rows_of(jobs.db, run, "estimates")}
    assert {"people", f"people and {CODER}"} <= methods
    index = report_folder.build(jobs.db, [run], tmp_path / "report")
    page = Page((index.parent / "methods.html").read_text(encoding="utf-8"))
    assert "stub (fp_stub_1), as its server names it: 5 answers" in page.text
    codes_page = Page((index.parent / "codes.html").read_text(encoding="utf-8"))
    assert "model:stub coded all texts. The shares" in codes_page.text
    cost = format_money(run_row(jobs.db, run).cost_charged, "USD")
    assert f"Cost: {cost}." in page.text
    assert model.answered == 5


def test_a_text_whose_answer_was_refused_is_not_called_coded(
    jobs: Jobs, model: ModelServer, tmp_path: Path
) -> None:
    model.choose = lambda variable, _text, possible: "no" if variable == "harm" else possible[0]
    model.faults.refused = ("The Flood Is Over.",)
    run = jobs.submit(months(jobs, code="all"))
    jobs.to_its_end(run)
    sampled = draw_code_sample(jobs.db, run, DOCUMENTS, n=5, per=SamplePeriod.ALL, seed=1)
    people = {text.unit: {"harm": CodeValue("no")} for text in sampled}
    with jobs.db.write() as connection:
        codebook_id, _ = stored_codebook(connection, DOCUMENTS.hash.hex())
        replace_codes(connection, jobs.db, Coding(run, codebook_id, "person:Ann"), people)

    data = load_run(jobs.db, run)
    (sample,) = read_coded_samples(data)
    for variable in ("harm", "what"):
        counts = count_machine_codes(data, sample, CODER, variable)
        numbers = [counts[stratum.number].total() for stratum in sample.strata]
        # Nobody knows whether the second question would be asked of the text.
        assert sum(numbers) == 5, variable

    index = report_folder.build(jobs.db, [run], tmp_path / "report")
    page = Page((index.parent / "codes.html").read_text(encoding="utf-8"))
    assert "model:stub coded all texts but 1 (1 refused)" in page.text


def test_a_pack_makes_the_codes_of_the_answers_again(jobs: Jobs, tmp_path: Path) -> None:
    run = jobs.submit(months(jobs, code="all"))
    jobs.to_its_end(run)
    packed = pack(jobs, run, tmp_path / "run.zip", texts=True)
    with ZipFile(packed) as archive:
        answers = archive.read("answers/codes.jsonl").splitlines()
        calls = archive.read("exports/calls.jsonl").splitlines()

    value = json.loads(answers[0])["value"]
    assert (value["model"], value["fingerprint"]) == ("stub", "fp_stub_1")
    assert json.loads(value["text"])["harm"] in ("yes", "no")
    (call,) = (row for row in map(json.loads, calls) if row["service"] == "model")
    assert (call["calls"], call["currency"]) == (5, "USD")
    assert call["cost"] == call["charged"] == run_row(jobs.db, run).cost_charged / 1_000_000
    verification = verify(packed)
    assert verification.problems == []
    assert "codes" in verification.recomputed

    forged = change(
        packed,
        "answers/codes.jsonl",
        lambda lines: lines.replace(b'\\"harm\\": \\"no\\"', b'\\"harm\\": \\"yes\\"'),
        checksums=True,
    )
    assert any("codes" in problem for problem in verify(forged).problems)


def test_a_pack_without_texts_has_no_answer_of_a_model(jobs: Jobs, tmp_path: Path) -> None:
    run = jobs.submit(months(jobs, code="all"))
    jobs.to_its_end(run)
    packed = pack(jobs, run, tmp_path / "run.zip")
    with ZipFile(packed) as archive:
        assert "answers/codes.jsonl" not in archive.namelist()

    assert verify(packed).problems == []


def test_a_pack_of_a_sample_is_computed_again(jobs: Jobs, tmp_path: Path) -> None:
    run = jobs.submit(months(jobs, code="sample:3"))
    jobs.to_its_end(run)
    assert len(codes_of(jobs.db, run)) == 3
    assert verify(pack(jobs, run, tmp_path / "run.zip", texts=True)).problems == []


def test_an_erased_document_takes_its_answer_with_it(jobs: Jobs, model: ModelServer) -> None:
    run = jobs.submit(months(jobs))
    jobs.to_its_end(run)
    asked = model.calls
    with jobs.db.read() as connection:
        ids = documents_named(connection, "nyt:made-up/2024-02-05/0")

    tables = result_tables()
    erased = forget_documents(
        jobs.db, ids, sentences=sentences, reason="erased", result_tables=tables
    )
    assert erased.answers >= 1
    jobs.to_its_end(run)
    assert len(codes_of(jobs.db, run)) == 2
    assert model.calls == asked


def test_nothing_is_sent_to_a_server_elsewhere_unless_somebody_agreed(
    jobs: Jobs, model: ModelServer
) -> None:
    port = model.url.rpartition(":")[2]
    elsewhere = jobs.settings.model_copy(update={"model_url": f"http://model.example:{port}"})
    with closing(Jobs(elsewhere)) as others:
        run = others.submit(months(others))
        row = others.to_its_end(run)
        assert row.state == State.FAILED
        assert f"texts would leave this machine for model.example:{port}" in row.reason

    assert model.calls == 0


@pytest.mark.usefixtures("jobs")
def test_commands_ask_once_before_texts_leave_and_say_what_it_costs(
    jobs: Jobs, model: ModelServer, tmp_path: Path
) -> None:
    path = tmp_path / "harm.json"
    path.write_text(json.dumps({**QUESTIONS, "unit": "document"}))
    variables = environment(jobs.settings)
    options = ["2024-02..2024-02", "--keyword", "flood", "--steps", "keywords"]
    options += ["--codebook", path, "--coder", "model:stub"]

    elsewhere = {**variables, "TIDINGS_MODEL_URL": "https://models.example/v1"}
    refused = run_command("submit", "months", *options, variables=elsewhere)
    assert refused.returncode == 2
    assert "is sent to models.example" in refused.stderr
    agreed = run_command("submit", "months", *options, "--yes", variables=elsewhere)
    assert agreed.returncode == 0, agreed.stderr
    again = run_command("submit", "months", *options, variables=elsewhere)
    assert again.returncode == 0
    assert "leave this machine" not in again.stderr

    # To agree to a server behind TLS is no consent to send texts there in the clear.
    in_clear = {**variables, "TIDINGS_MODEL_URL": "http://key:pass@models.example/v1"}
    refused = run_command("submit", "months", *options, variables=in_clear)
    assert refused.returncode == 2
    assert "travel in the clear" in refused.stderr
    assert "pass" not in refused.stderr
    agreed = run_command("submit", "months", *options, "--yes", variables=in_clear)
    assert "texts may be sent to http://models.example from now on" in agreed.stderr
    again = run_command("submit", "months", *options, variables=in_clear)
    assert "leave this machine" not in again.stderr

    planned = run_command("plan", "months", *options, "--max-cost", "1USD", variables=variables)
    assert "chat_completions          3" in planned.stdout
    assert "at most" in planned.stdout
    assert "USD" in planned.stdout
    figures = json.loads(
        run_command("plan", "months", *options, "--json", variables=variables).stdout
    )
    assert figures["model"]["calls"] == 3

    submitted = run_command("submit", "months", *options, "--max-cost", "1USD", variables=variables)
    run = int(submitted.stdout)
    jobs.to_its_end(run)
    charged = format_money(run_row(jobs.db, run).cost_charged, "USD")
    status = run_command("status", run, variables=variables)
    assert f"{charged} of at most 1.00 USD" in status.stdout
    assert charged in run_command("runs", variables=variables).stdout
    shown = json.loads(run_command("status", run, "--json", variables=variables).stdout)
    assert shown["cost"]["max"] == 1.0
    assert model.calls == 3


def test_what_does_not_fit_is_refused(jobs: Jobs) -> None:
    harm = DOCUMENTS.hash.hex()
    cases: list[tuple[dict[str, Any], str]] = [
        ({"coder": "model:"}, "write model:NAME"),
        ({"coder": "model:a b"}, "write model:NAME"),
        ({"coder": "network:1", "code": "all"}, "a network codes all texts"),
        ({"codebook": None, "coder": None, "code": "all"}, "--code says what a model codes"),
    ]
    months(jobs)
    for changes, message in cases:
        parameters = MonthsParameters(
            first="2024-02",
            last="2024-02",
            keywords=(Keyword.parse("flood"),),
            **{"codebook": harm, **changes},
        )
        with pytest.raises(UsageError, match=message):
            kind_named("months").match_stored(jobs.db, jobs.settings, parameters, (), ())

    nowhere = jobs.settings.model_copy(update={"model_url": None})
    with closing(Jobs(nowhere)) as others, pytest.raises(UsageError, match="TIDINGS_MODEL_URL"):
        months(others)

    dollars = jobs.settings.model_copy(update={"model_limits": "5 EUR/d"})
    with closing(Jobs(dollars)) as others, pytest.raises(UsageError, match="in one currency"):
        months(others)
