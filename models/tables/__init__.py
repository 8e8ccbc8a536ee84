"""What the database holds: one class per table.

Machine times (leases, dispatches, ends) are Unix seconds, written and compared on the clock of the
database; a document has a naive UTC datetime. Text is stored once, in `Document.text`; other tables
point at it. A column that would be NULL in a key (a handle has no keyword) holds "" and is exported
as null.
"""

from models.tables.answers import (
    Answer,
    AnswerClaim,
    AnswerDocument,
    Call,
    KeywordQuestion,
    KeywordSentences,
    SearchedBlock,
)
from models.tables.base import (
    BIG,
    Base,
)
from models.tables.codes import (
    POLARITY_CODEBOOK,
    POLARITY_VARIABLE,
    Code,
    SampledUnit,
    SampleLook,
    SampleStratum,
    SearchedUnit,
    StoredCodebook,
)
from models.tables.documents import (
    UNKNOWN_ORIGIN,
    Crawl,
    Document,
    DocumentCount,
    DocumentDetails,
    Import,
    Origin,
    SuppressedName,
)
from models.tables.language_models import (
    BatchLine,
    ModelBatch,
    ModelConsent,
    PromptUse,
    RunModel,
)
from models.tables.people import Act, Payer
from models.tables.results import (
    DistinctiveWord,
    Entity,
    JobFrames,
    Mention,
    Phrase,
    PostPolarity,
    Summary,
)
from models.tables.runs import (
    IS_REPORT,
    ForgottenRun,
    Job,
    JobDocument,
    JobStep,
    Outage,
    Run,
    RunEngine,
    RunErasure,
)
from models.tables.trainings import Epoch, Prediction, Training
from models.tables.watches import Watch, WatchEvent, WatchReport
from models.tables.workers import MaintenanceLock, SharedSetting, Worker

__all__ = [
    "BIG",
    "IS_REPORT",
    "POLARITY_CODEBOOK",
    "POLARITY_VARIABLE",
    "UNKNOWN_ORIGIN",
    "Act",
    "Answer",
    "AnswerClaim",
    "AnswerDocument",
    "Base",
    "BatchLine",
    "Call",
    "Code",
    "Crawl",
    "DistinctiveWord",
    "Document",
    "DocumentCount",
    "DocumentDetails",
    "Entity",
    "Epoch",
    "ForgottenRun",
    "Import",
    "Job",
    "JobDocument",
    "JobFrames",
    "JobStep",
    "KeywordQuestion",
    "KeywordSentences",
    "MaintenanceLock",
    "Mention",
    "ModelBatch",
    "ModelConsent",
    "Origin",
    "Outage",
    "Payer",
    "Phrase",
    "PostPolarity",
    "Prediction",
    "PromptUse",
    "Run",
    "RunEngine",
    "RunErasure",
    "RunModel",
    "SampleLook",
    "SampleStratum",
    "SampledUnit",
    "SearchedBlock",
    "SearchedUnit",
    "SharedSetting",
    "StoredCodebook",
    "Summary",
    "SuppressedName",
    "Training",
    "Watch",
    "WatchEvent",
    "WatchReport",
    "Worker",
]
