"""Serve a sample to its coders, from the links in the terminal to what was coded at the end."""

from __future__ import annotations

import sys
from contextlib import closing

from analysis.codebooks.codebook_files import find_codebook
from analysis.codebooks.stored import stored_codebook
from cli import context
from cli.coding import CodingRequest, PageOptions, count_texts, say_what_is_kept
from cli.coding_page.access import make_token, read_link_key
from cli.coding_page.app import HOST, CodingApp, serve
from cli.coding_page.project import CodingProject
from cli.label import DEFAULT_CODER
from cli.messages import inform, show
from core import logs
from core.errors import UsageError
from core.quantities import quantity
from producers.code_sample import choose_for_people, draw_code_sample
from textapi.text.normal_form import normal_form

# No coder has this name: a name has no line break.
_DECISIONS = "\n"


def code_in_browser(request: CodingRequest, page: PageOptions) -> None:
    """Draw the sample, serve it until Ctrl-C, and say what was coded.

    Raises `UsageError`, and `StackError` if the port cannot be used.
    """
    if request.file or request.out or request.program:
        raise UsageError("--serve opens a page to code on: leave --file, --out and --for away")

    coders = split_coders(request.coder or DEFAULT_CODER)
    codebook = find_codebook(request.codebook)
    settings = context.load_settings()
    with closing(context.open_database(settings)) as db:
        db.sync_commits()
        sample = draw_code_sample(
            db,
            request.run,
            codebook,
            n=count_texts(db, codebook, request),
            per=request.per,
            seed=request.seed,
        )
        with db.read() as connection:
            codebook_id, _ = stored_codebook(connection, codebook.hash.hex())

        if request.within is None:
            sample = choose_for_people(db, request.run, codebook_id, sample, request.n)

        say_what_is_kept(db, codebook_id, request, len(sample))
        logs.configure(settings)
        project = CodingProject(
            db, request.run, codebook, codebook_id, sample, coders=coders, doubles=page.doubles
        )
        _serve_project(project, request.run, read_link_key(settings.home), page.port)


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
        _show_agreement(project)

    inform(f"`tidings report {run_id}` shows what the codes say")


def _describe(done: int, total: int) -> str:
    return f"{done:,} of {total:,}"


def _show_agreement(project: CodingProject) -> None:
    for agreement in project.measure_agreement():
        texts = quantity(agreement.shared, "text")
        alpha = agreement.alpha
        value = (
            "has no value yet"
            if alpha is None
            else f"{alpha.alpha:.3f}, {alpha.low:.3f} to {alpha.high:.3f}"
        )
        show(f"{agreement.name}: Krippendorff's alpha {value} ({texts} coded by several)")
