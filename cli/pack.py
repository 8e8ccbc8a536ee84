"""Pass a run on as one archive, and check one: ``tidings pack``, ``verify``."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated

from typer import Argument, Exit, Option

from cli import context
from cli.messages import inform, show, show_json, show_path, warn
from cli.options import Json, Run, check_utf8
from core.errors import UsageError


def pack(
    run: Run,
    out: Annotated[
        Path | None, Option(help="The file to write; by default tidings-run-N.zip where you are.")
    ] = None,
    texts: Annotated[
        bool,
        Option(
            "--texts",
            help="Put the documents' texts in: then every table can be computed again.",
        ),
    ] = False,
    coders: Annotated[
        bool, Option("--coders", help="Put the coders' names in; they are numbered otherwise.")
    ] = False,
    title: Annotated[
        str | None,
        Option(callback=check_utf8, help="The study's title; by default the run's name."),
    ] = None,
    author: Annotated[
        list[str] | None,
        Option(
            metavar="NAME",
            callback=check_utf8,
            help="Who is cited: 'FAMILY, GIVEN', or the name of an organization; once for each.",
        ),
    ] = None,
    license_id: Annotated[
        str | None,
        Option(
            "--license",
            metavar="SPDX",
            help="The licence under which others may use it, by its SPDX identifier: CC-BY-4.0.",
        ),
    ] = None,
) -> None:
    """Write a run into one archive: parameters, answers, tables, figures, citation, checksums."""
    from cli.progress import progress_display
    from core.scratch import scratch_folder

    settings = context.load_settings()
    path = out or Path(f"tidings-run-{run}.zip")
    with (
        closing(context.open_database(settings)) as db,
        progress_display(f"pack {run}", is_often_short=True),
        scratch_folder(settings.home) as scratch,
    ):
        # It takes seconds to import what computes and draws: the display has begun.
        from packs.contents import Author, parse_license
        from packs.make import make_pack

        authors = [Author.parse(citation_name) for citation_name in author or ()]
        license_id = parse_license(license_id) if license_id is not None else None
        checksum = make_pack(
            db,
            run,
            path,
            scratch=scratch,
            texts=texts,
            coders=coders,
            title=title,
            authors=authors,
            license_id=license_id,
        )

    if not authors:
        warn("CITATION.cff names nobody, which its format asks for: pack again with --author")
    if license_id is None:
        warn(
            "the pack states no licence, so that nobody may use it further: pack again with "
            "--license, CC-BY-4.0 say"
        )

    inform(f"SHA-256 {checksum}: cite it with the pack")
    show_path(path)


def verify(
    pack: Annotated[Path, Argument(metavar="PACK", help="An archive that `tidings pack` wrote.")],
    strict: Annotated[
        bool,
        Option("--strict", help="End with status 1 also where something cannot be checked."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Check a pack: make its tables, figures and other files again from its answers, and compare.

    The status is 0 where nothing differs, 1 where something does, 2 for wrong usage.
    """
    from cli.progress import progress_display
    from core.scratch import scratch_folder

    if not pack.is_file():
        raise UsageError(f"{pack} is no file: name an archive that `tidings pack` wrote")

    with (
        progress_display("verify", is_often_short=True),
        scratch_folder(context.load_settings().home) as scratch,
    ):
        from packs.verify import verify_pack

        result = verify_pack(pack, scratch)

    if as_json:
        show_json(result)
    else:
        for line in result.describe():
            show(line)

    if not result.equal or (strict and result.not_checked):
        raise Exit(1)
