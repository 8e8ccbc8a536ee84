"""Serve a sample to its coders, from the links in the terminal to what was coded at the end."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import closing

from analysis.codebooks.codebook import Codebook
from cli import context
from cli.coding import draw_for_people, record_coding
from cli.coding_page.access import make_token, read_link_key
from cli.coding_page.app import HOST, CodingApp, serve
from cli.coding_page.project import CodingProject
from cli.coding_request import CodingRequest
from cli.messages import inform, show
from cli.shown_coders import show_agreement
from core import logs
from core.errors import UsageError
from core.quantities import quantity
from models.database import Database
from producers.code_sample import SampledText
from textapi.text.normal_form import normal_form

# No coder has this name: a name has no line break.
_DECISIONS = "\n"


def code_in_browser(request: CodingRequest, port: int, doubles: float) -> None:
    """Draw the sample, serve it until Ctrl-C, and say what was coded.

    *doubles* is the share of the texts that all coders get. Raises `UsageError`, and `StackError`
    if the port cannot be used.
    """
    if request.file or request.out or request.program:
        raise UsageError("--serve opens a page to code on: leave --file, --out and --for away")

    split_coders(request.coder)
    codebook = request.read_codebook()
    with closing(context.open_database()) as db:
        codebook_id, sample = draw_for_people(db, codebook, request)
        serve_texts(db, request, codebook, codebook_id, sample, port=port, doubles=doubles)


def serve_texts(
    db: Database,
    request: CodingRequest,
    codebook: Codebook,
    codebook_id: int,
    sample: Sequence[SampledText],
    *,
    port: int,
    doubles: float,
) -> None:
    """Serve *sample* until Ctrl-C, and say what was coded. Raises as `code_in_browser`."""
    settings = context.load_settings()
    logs.configure(settings)
    db.sync_commits()

    coders = split_coders(request.coder)
    project = CodingProject(
        db, request.run, codebook, codebook_id, sample, coders=coders, doubles=doubles
    )
    record_coding(db, codebook, request.run, settings.person)
    _serve_project(project, request.run, read_link_key(settings.home), port)


def split_coders(names: str) -> list[str]:
    """Return the names of coders that commas separate. Raises `UsageError`."""
    coders = names.split(",")
    if len(set(map(normal_form, coders))) < len(coders):
        raise UsageError("--coder names somebody twice: each coder has a link of their own")

    return coders


def _serve_project(project: CodingProject, run_id: int, key: bytes, port: int) -> None:
    desks = {**project.make_desks(), _DECISIONS: project.make_decision_desk()}
    tokens = {desk: make_token(key, run_id, project.codebook.hash, desk) for desk in desks}
    begun = project.count_done()
    before = {progress.coder: progress.done for progress in begun}

    def show_links(used_port: int) -> None:
        origin = f"http://{HOST}:{used_port}"
        width = max(map(len, [*before, "decisions"]))
        texts = quantity(project.size, "text")
        show(f"{texts} of run {run_id} by the codebook {project.codebook.name}")
        for progress in begun:
            link = f"{origin}/{tokens[progress.coder]}/"
            show(f"  {progress.coder:{width}}  {link}  {_describe(progress.done, progress.total)}")

        show(f"  {'decisions':{width}}  {origin}/{tokens[_DECISIONS]}/  and progress")
        inform("each link is for one person; Ctrl-C ends this, and the same command goes on")
        sys.stdout.flush()

    app = CodingApp(project, {tokens[name]: desk for name, desk in desks.items()})
    serve(app, port, show_links)
    show()
    for progress in project.count_done():
        coded = progress.done - before[progress.coder]
        show(f"{progress.coder}: {_describe(progress.done, progress.total)} coded, {coded:,} now")

    if len(before) > 1:
        show_agreement(project.measure_agreement())

    inform(f"`tidings report {run_id}` shows what the codes say")


def _describe(done: int, total: int) -> str:
    return f"{done:,} of {total:,}"
