"""The report of a run over posts: a portrait of each subject, and a page that compares them."""

from __future__ import annotations

from collections.abc import Generator

from reports.data.exports import ExportFolder
from reports.data.run_data import RunData
from reports.figures.figure_store import FigureStore
from reports.findings.finding import Finding
from reports.findings.run_facts import read_post_facts, state_findings
from reports.kinds.report_kind import ReportKind, RunReport
from reports.pages.codes import CODES_PAGE
from reports.pages.front_sentences import arrange_keyword_sentences
from reports.pages.posts import PortraitPage, PostsPage, read_portraits, read_posts_page
from reports.pages.run_summary import RunSummary
from reports.report_files import INDEX
from reports.words.quantities import NAMED, join_words

# What compares the subjects, and the page of each, made while its posts are read.
PostsPages = tuple[PostsPage, Generator[PortraitPage]]


def name_run(run: RunSummary) -> str:
    """Return what the front page is called: the account, the run, or a few accounts by name."""
    titles = [run.kind.job_title(job.name, job.options) for job in run.jobs]
    if len(titles) == 1:
        return titles[0]

    few = join_words(titles) if len(titles) <= NAMED else ""
    return run.name or few or f"{len(titles)} {run.kind.job_nouns}"


def read_pages(run: RunData, store: FigureStore, exports: ExportFolder) -> PostsPages:
    """Read what compares the subjects; the page of each is made when it is due."""
    posts_page = read_posts_page(run, store)
    return posts_page, read_portraits(run, store, posts_page, texts=exports.texts)


def write_pages(report: RunReport) -> None:
    """Write a page that compares the subjects, and one for each; an only subject is the index."""
    shown: PostsPages = report.shown
    posts_page, portraits = shown
    codes, is_alone = posts_page.codes, len(report.run.jobs) == 1
    for page in portraits:
        portrait = page.portrait
        posts_page.portraits.append(portrait)
        report.write(
            INDEX if is_alone else f"{portrait.subject.slug}.html",
            "portrait.html",
            page,
            portrait.title,
            portrait=portrait,
            alone=is_alone,
            codes=codes,
            sentences=arrange_keyword_sentences(report.findings[portrait.name]),
        )

    if not is_alone:
        report.write(INDEX, "posts.html", posts_page, report.title, codes=codes)

    report.write_document_list()
    if codes is not None:
        report.write(
            CODES_PAGE, "codes_posts.html", posts_page, codes.title, alone=is_alone, codes=codes
        )


def read_findings(run: RunData) -> dict[str, list[Finding]]:
    """Return the findings that are printed."""
    return state_findings(run, read_post_facts)


POSTS = ReportKind(name_run, read_pages, write_pages, read_findings)
