"""Runs over accounts: a portrait of each."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from analysis.kinds.kind import Argument, CrawlTarget, Matched
from analysis.kinds.posts import PostsKind, PostsParameters
from core.errors import UsageError
from core.printing import printable
from models.database import Database
from models.documents import DocumentScope, has_documents_of
from models.runs import NewJob
from sources.base import fold_handle
from sources.registry import account_source, parse_handle

if TYPE_CHECKING:
    from core.settings import Settings

# The option of a job that holds the account's handle with the capitals that were typed.
_TYPED = "typed"


class AccountsParameters(PostsParameters):
    """The parameters of `submit handles`; the handles are the names of its jobs."""

    kind: Literal["handles"] = "handles"


class Accounts(PostsKind[AccountsParameters]):
    """Accounts, a job for each; it is named ``@handle``."""

    name = "handles"
    job_kind = "handle"
    job_noun, job_nouns = "account", "accounts"
    description = "A portrait of each account: summary, phrases, entities, polarity over time."
    argument = Argument(
        "handles", "HANDLE...", "Accounts; - reads them from standard input.", reads_input=True
    )
    parameters = AccountsParameters
    prefix = "@"

    def read_argument(self, texts: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
        """Return the handles in *texts*, which may be addresses of profiles, or separated."""
        handles: list[str] = []
        for text in texts:
            handles += [parse_handle(part) for part in text.split(",") if part.strip("@ ")]

        return super().read_argument(handles)

    def job_names(
        self,
        parameters: AccountsParameters,  # noqa: ARG002
        subjects: Sequence[str],
    ) -> list[str]:
        """Return the names of the accounts' jobs: the handles, case folded."""
        return ["@" + handle.strip().removeprefix("@").casefold() for handle in subjects]

    def new_jobs(self, parameters: AccountsParameters, subjects: Sequence[str]) -> list[NewJob]:
        """Return the accounts' jobs; a handle with capitals is kept as it was typed."""
        jobs: dict[str, NewJob] = {}
        job_names = self.job_names(parameters, subjects)
        for handle, job_name in zip(subjects, job_names, strict=True):
            typed = handle.strip().removeprefix("@")
            options = {_TYPED: typed} if typed != self.subject(job_name) else {}
            jobs.setdefault(job_name, self.new_job(job_name, parameters, options))

        return list(jobs.values())

    def scope(self, job_name: str, parameters: AccountsParameters) -> DocumentScope:
        """Return the documents of a handle."""
        return replace(
            super().scope(job_name, parameters),
            handle=self.subject(job_name).lower(),
            sources=() if parameters.source is None else (parameters.source,),
        )

    def job_title(self, job_name: str, options: Mapping[str, Any]) -> str:
        """Return the handle as it was typed, with its sign."""
        typed = options.get(_TYPED)
        return f"{self.prefix}{typed}" if typed else job_name

    def argument_words(
        self,
        parameters: AccountsParameters,  # noqa: ARG002
        job_names: Sequence[str],
    ) -> list[str]:
        """Return the handles, with their sign."""
        return list(job_names)

    def match_stored(
        self,
        db: Database,
        settings: Settings,
        parameters: AccountsParameters,
        subjects: Sequence[str],
        named_fields: Collection[str],
    ) -> Matched[AccountsParameters]:
        """Check handles of several words: only files can bring such. Raises `UsageError`."""
        with db.read() as connection:
            for handle in subjects:
                has_space = len(handle.split()) > 1
                if has_space and not has_documents_of(connection, fold_handle(handle) or ""):
                    raise UsageError(
                        f"{printable(handle)} is no handle, it holds a space: write the account's "
                        "name, as @nasa; several are given one by one"
                    )

        return super().match_stored(db, settings, parameters, subjects, named_fields)

    def crawl_target(
        self, job_name: str, parameters: AccountsParameters, settings: Settings
    ) -> CrawlTarget | None:
        """Return the account, if a service is known for its handle and can be asked."""
        handle = self.subject(job_name)
        source = account_source(handle, parameters.source, settings)
        if source is None or source.account is None:
            return None

        return CrawlTarget(source, source.account, handle)
