"""The report of a run over posts: a portrait of each subject, and a page that compares them."""

from __future__ import annotations

from reports.data.run_data import RunData
from reports.findings.confirmed import read_confirmed
from reports.findings.finding import Finding, state_facts
from reports.findings.run_facts import add_events, read_post_facts
from reports.kinds.report_kind import ReportKind, RunReport
from reports.pages import posts
from reports.pages.codes import CODES_PAGE, make_codes_page
from reports.pages.keyword_section import arrange_keyword_sentences
from reports.pages.run_summary import RunSummary
from reports.pages.surprises import read_subject_names
from reports.report_files import INDEX
from reports.words.quantities import NAMED, join_words


def name_run(run: RunSummary) -> str:
    """Return what the front page is called: the account, the run, or a few accounts by name."""
    titles = [run.kind.job_title(job.name, job.options) for job in run.jobs]
    if len(titles) == 1:
        return titles[0]

    few = join_words(titles) if len(titles) <= NAMED else ""
    return run.name or few or f"{len(titles)} {run.kind.job_nouns}"


def write_pages(report: RunReport) -> None:
    """Write a page that compares the subjects, and one for each; an only subject is the index."""
    is_alone = len(report.run.jobs) == 1
    codes = make_codes_page(report.run, report.store)

    def show_portrait(page: posts.PortraitPage) -> None:
        report.write(
            INDEX if is_alone else f"{page.portrait.slug}.html",
            "portrait.html",
            page,
            title=page.portrait.title,
            portrait=page.portrait,
            alone=is_alone,
            codes=codes,
            sentences=arrange_keyword_sentences(report.findings[page.portrait.name]),
        )

    posts_page = posts.make_page(
        report.run, report.store, show_portrait, texts=report.exports.texts
    )
    if not is_alone:
        report.write(
            INDEX,
            "posts.html",
            posts_page,
            title=name_run(report.run),
            codes=codes,
        )

    report.write_document_list()
    if codes is not None:
        report.write(
            CODES_PAGE,
            "codes_posts.html",
            posts_page,
            title=codes.title,
            alone=is_alone,
            codes=codes,
        )


def read_findings(run: RunData) -> dict[str, list[Finding]]:
    """Return the findings that are printed."""
    facts = read_confirmed(run, read_post_facts)
    stated = {subject: state_facts(subject_facts) for subject, subject_facts in facts.items()}
    return add_events(run, stated, read_subject_names(run))


POSTS = ReportKind(name_run, write_pages, read_findings)
