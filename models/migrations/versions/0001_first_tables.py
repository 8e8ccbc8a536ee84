"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001_first_tables"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:  # noqa: PLR0915 - one statement for each table
    """Create the tables."""
    op.create_table(
        "answer_claims",
        sa.Column("key", sa.LargeBinary(length=16), nullable=False),
        sa.Column("until", sa.Double(), nullable=False),
        sa.Column("job_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("claims", sa.Integer(), nullable=False),
        sa.Column("takeovers", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_answer_claims")),
    )
    op.create_table(
        "answers",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.LargeBinary(length=16), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answers")),
        sa.UniqueConstraint("key", name=op.f("uq_answers_key")),
    )
    op.create_table(
        "calls",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("credential", sa.Text(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("minute", sa.Integer(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("answers_reused", sa.Integer(), nullable=False),
        sa.Column("retries", sa.Integer(), nullable=False),
        sa.Column("maybe_twice", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint(
            "run_id", "service", "credential", "operation", "minute", name=op.f("pk_calls")
        ),
    )
    with op.batch_alter_table("calls", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_calls_service_credential_minute"),
            ["service", "credential", "minute"],
            unique=False,
        )

    op.create_table(
        "crawls",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("cursor", sa.JSON(), nullable=True),
        sa.Column("documents", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("source", "subject", name=op.f("pk_crawls")),
    )
    op.create_table(
        "documents",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("handle", sa.Text(), nullable=True),
        sa.Column("author_id", sa.Text(), nullable=True),
        sa.Column("published_at", sa.DateTime(), nullable=True),
        sa.Column("period", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("material", sa.Text(), nullable=True),
        sa.Column("repost", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_documents")),
        sa.UniqueConstraint("identity", name=op.f("uq_documents_identity")),
    )
    with op.batch_alter_table("documents", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_documents_author_id_source"), ["author_id", "source"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_documents_handle_source"), ["handle", "source"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_documents_source_published_at"), ["source", "published_at"], unique=False
        )

    op.create_table(
        "imports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("read", sa.Integer(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("empty", sa.Integer(), nullable=False),
        sa.Column("left_out", sa.Integer(), nullable=False),
        sa.Column("named", sa.JSON(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
    )
    op.create_table(
        "forgotten_runs",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_forgotten_runs")),
    )
    op.create_table(
        "maintenance_locks",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_maintenance_locks")),
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("mask", sa.LargeBinary(), nullable=True),
        sa.Column("max_calls", sa.Integer(), nullable=True),
        sa.Column("calls_begun", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("ended_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
    )
    with op.batch_alter_table("runs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_runs_state"), ["state"], unique=False)

    op.create_table(
        "suppressed_names",
        sa.Column("name", sa.LargeBinary(length=32), nullable=False),
        sa.Column("account", sa.LargeBinary(length=32), nullable=True),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_suppressed_names")),
    )
    with op.batch_alter_table("suppressed_names", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_suppressed_names_account"), ["account"], unique=False)

    op.create_table(
        "workers",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("queues", sa.Text(), nullable=False),
        sa.Column("slots", sa.Integer(), nullable=False),
        sa.Column("seen_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_workers")),
    )
    op.create_table(
        "answer_documents",
        sa.Column(
            "document_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("key", sa.LargeBinary(length=16), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["documents.id"],
            name=op.f("fk_answer_documents_document_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("document_id", "key", name=op.f("pk_answer_documents")),
    )
    with op.batch_alter_table("answer_documents", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_answer_documents_key"), ["key"], unique=False)

    op.create_table(
        "jobs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("claims", sa.Integer(), nullable=False),
        sa.Column("crashes", sa.Integer(), nullable=False),
        sa.Column("waits", sa.Integer(), nullable=False),
        sa.Column("waiting_since", sa.Double(), nullable=True),
        sa.Column("wait_seconds", sa.Double(), nullable=True),
        sa.Column("lease_until", sa.Double(), nullable=True),
        sa.Column("due_at", sa.Double(), nullable=False),
        sa.Column("dispatched_at", sa.Double(), nullable=True),
        sa.Column("done_units", sa.Integer(), nullable=False),
        sa.Column("all_units", sa.Integer(), nullable=False),
        sa.Column("newest_document", sa.BigInteger(), nullable=True),
        sa.Column("started_at", sa.Double(), nullable=True),
        sa.Column("ended_at", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name=op.f("fk_jobs_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        sa.UniqueConstraint("run_id", "kind", "name", name=op.f("uq_jobs_run_id_kind_name")),
    )
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_jobs_dispatched_at"),
            ["dispatched_at"],
            unique=False,
            sqlite_where=sa.text("dispatched_at IS NOT NULL"),
            postgresql_where=sa.text("dispatched_at IS NOT NULL"),
        )
        batch_op.create_index(batch_op.f("ix_jobs_name"), ["name"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_jobs_queue_state_run_id_due_at_id"),
            ["queue", "state", "run_id", "due_at", "id"],
            unique=False,
        )
        batch_op.create_index(batch_op.f("ix_jobs_run_id_state"), ["run_id", "state"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_jobs_state_lease_until"), ["state", "lease_until"], unique=False
        )

    op.create_table(
        "run_erasures",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name=op.f("fk_run_erasures_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_run_erasures")),
    )
    op.create_table(
        "run_engines",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("engine", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name=op.f("fk_run_engines_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "engine", name=op.f("pk_run_engines")),
    )
    op.create_table(
        "entities",
        sa.Column("job_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("keyword", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("spellings", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name=op.f("fk_entities_job_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(
            "job_id", "keyword", "period", "type", "name", name=op.f("pk_entities")
        ),
    )
    op.create_table(
        "epochs",
        sa.Column("job_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("train_loss", sa.Double(), nullable=False),
        sa.Column("validation_loss", sa.Double(), nullable=True),
        sa.Column("accuracy", sa.Double(), nullable=True),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name=op.f("fk_epochs_job_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", "epoch", name=op.f("pk_epochs")),
    )
    op.create_table(
        "job_documents",
        sa.Column("job_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "document_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["documents.id"],
            name=op.f("fk_job_documents_document_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name=op.f("fk_job_documents_job_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", "document_id", name=op.f("pk_job_documents")),
    )
    with op.batch_alter_table("job_documents", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_job_documents_document_id"), ["document_id"], unique=False
        )

    op.create_table(
        "job_steps",
        sa.Column("job_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("documents", sa.Integer(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name=op.f("fk_job_steps_job_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", "step", name=op.f("pk_job_steps")),
    )
    op.create_table(
        "mentions",
        sa.Column("job_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "document_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("keyword", sa.Text(), nullable=False),
        sa.Column("term", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("polarity", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["documents.id"],
            name=op.f("fk_mentions_document_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name=op.f("fk_mentions_job_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(
            "job_id", "document_id", "keyword", "term", "position", name=op.f("pk_mentions")
        ),
    )
    with op.batch_alter_table("mentions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_mentions_document_id"), ["document_id"], unique=False)

    op.create_table(
        "distinctive_words",
        sa.Column("job_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("keyword", sa.Text(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("documents", sa.Integer(), nullable=False),
        sa.Column("reference_count", sa.Integer(), nullable=False),
        sa.Column("g2", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"],
            ["jobs.id"],
            name=op.f("fk_distinctive_words_job_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("job_id", "keyword", "rank", name=op.f("pk_distinctive_words")),
    )
    op.create_table(
        "phrases",
        sa.Column("job_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("keyword", sa.Text(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("phrase", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name=op.f("fk_phrases_job_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", "keyword", "rank", name=op.f("pk_phrases")),
    )
    op.create_table(
        "post_polarities",
        sa.Column("job_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "document_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("polarity", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["documents.id"],
            name=op.f("fk_post_polarities_document_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name=op.f("fk_post_polarities_job_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", "document_id", name=op.f("pk_post_polarities")),
    )
    with op.batch_alter_table("post_polarities", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_post_polarities_document_id"), ["document_id"], unique=False
        )

    op.create_table(
        "predictions",
        sa.Column("job_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("split", sa.Text(), nullable=False),
        sa.Column("index", sa.Integer(), nullable=False),
        sa.Column("actual", sa.Double(), nullable=False),
        sa.Column("predicted", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name=op.f("fk_predictions_job_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", "split", "index", name=op.f("pk_predictions")),
    )
    op.create_table(
        "summaries",
        sa.Column("job_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("keyword", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name=op.f("fk_summaries_job_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", "keyword", name=op.f("pk_summaries")),
    )
    op.create_table(
        "trainings",
        sa.Column("job_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("checkpoint", sa.LargeBinary(), nullable=True),
        sa.Column("weights", sa.LargeBinary(), nullable=True),
        sa.Column("train_rmse", sa.Double(), nullable=True),
        sa.Column("validation_rmse", sa.Double(), nullable=True),
        sa.Column("accuracy", sa.Double(), nullable=True),
        sa.Column("baseline_mean", sa.Double(), nullable=True),
        sa.Column("baseline_last", sa.Double(), nullable=True),
        sa.Column("baseline_recurrence", sa.Double(), nullable=True),
        sa.Column("remarks", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name=op.f("fk_trainings_job_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_trainings")),
    )


def downgrade() -> None:  # noqa: PLR0915
    """Drop the tables."""
    op.drop_table("trainings")
    op.drop_table("summaries")
    op.drop_table("predictions")
    with op.batch_alter_table("post_polarities", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_post_polarities_document_id"))

    op.drop_table("post_polarities")
    op.drop_table("phrases")
    op.drop_table("distinctive_words")
    with op.batch_alter_table("mentions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_mentions_document_id"))

    op.drop_table("mentions")
    op.drop_table("job_steps")
    with op.batch_alter_table("job_documents", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_job_documents_document_id"))

    op.drop_table("job_documents")
    op.drop_table("epochs")
    op.drop_table("entities")
    op.drop_table("run_engines")
    op.drop_table("run_erasures")
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_jobs_state_lease_until"))
        batch_op.drop_index(batch_op.f("ix_jobs_run_id_state"))
        batch_op.drop_index(batch_op.f("ix_jobs_queue_state_run_id_due_at_id"))
        batch_op.drop_index(batch_op.f("ix_jobs_name"))
        batch_op.drop_index(
            batch_op.f("ix_jobs_dispatched_at"),
            sqlite_where=sa.text("dispatched_at IS NOT NULL"),
            postgresql_where=sa.text("dispatched_at IS NOT NULL"),
        )

    op.drop_table("jobs")
    with op.batch_alter_table("answer_documents", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_answer_documents_key"))

    op.drop_table("answer_documents")
    op.drop_table("workers")
    with op.batch_alter_table("suppressed_names", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_suppressed_names_account"))

    op.drop_table("suppressed_names")
    with op.batch_alter_table("runs", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_runs_state"))

    op.drop_table("runs")
    op.drop_table("maintenance_locks")
    op.drop_table("forgotten_runs")
    op.drop_table("imports")
    with op.batch_alter_table("documents", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_documents_source_published_at"))
        batch_op.drop_index(batch_op.f("ix_documents_handle_source"))
        batch_op.drop_index(batch_op.f("ix_documents_author_id_source"))

    op.drop_table("documents")
    op.drop_table("crawls")
    with op.batch_alter_table("calls", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_calls_service_credential_minute"))

    op.drop_table("calls")
    op.drop_table("answers")
    op.drop_table("answer_claims")
