"""A kind of run says all that is asked of it, or is none."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from analysis.kinds import (
    DOCUMENT_KINDS,
    KINDS,
    document_kind_named,
    kind_named,
)
from analysis.kinds.kind import DocumentKind
from analysis.kinds.posts import PostsParameters


def test_a_kind_over_documents_that_plans_nothing_cannot_be_made() -> None:
    class Half(DocumentKind[PostsParameters]):
        name = job_kind = report = job_noun = job_nouns = description = "half"
        parameters = PostsParameters

        def job_names(
            self,
            parameters: PostsParameters,  # noqa: ARG002
            subjects: Sequence[str],
        ) -> Sequence[str]:
            return subjects

    with pytest.raises(TypeError, match=r"abstract methods? .*find_news.*load_data.*plan_stored"):
        Half()  # type: ignore[abstract]


def test_a_training_is_no_kind_over_documents() -> None:
    assert [kind.name for kind in KINDS if not kind.has_documents] == ["training"]
    assert [kind for kind in KINDS if isinstance(kind, DocumentKind)] == list(DOCUMENT_KINDS)
    assert not hasattr(kind_named("training"), "load_data")
    with pytest.raises(KeyError):
        document_kind_named("training")

    assert document_kind_named("months") is kind_named("months")
