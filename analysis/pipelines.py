"""Which steps a job of each kind goes through, in their order: the only place that lists steps."""

from __future__ import annotations

from analysis.step import Pipeline
from analysis.steps import codes, distinctive, entities, keywords, phrases, polarity, summary

MONTHS = Pipeline(
    (
        keywords.STEP,
        polarity.MENTIONS_STEP,
        summary.STEP,
        phrases.STEP,
        entities.STEP,
        distinctive.STEP,
        codes.STEP,
    ),
    optional=(summary.STEP.name, codes.STEP.name),
)
POSTS = Pipeline(
    (
        summary.STEP,
        phrases.STEP,
        entities.STEP,
        polarity.POSTS_STEP,
        distinctive.STEP,
        codes.STEP,
    ),
    optional=(codes.STEP.name,),
)
