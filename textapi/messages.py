"""The messages between client and server of the Text API: requests, answers, and their pairs.

Field names use underscores; on the wire the keys of answers use spaces ("text polarity"), by alias.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    RootModel,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from textapi.engine.labels import LABELS
from textapi.text.keywords import count_signs
from textapi.text.size import count_lines, count_words

# A text has at most this many characters.
MAX_TEXT = 100_000
# A text has at most this many words and signs; 100,000 characters of prose hold 24,000.
MAX_WORDS = 40_000
# A text has at most this many lines, because the model reads them one by one.
MAX_LINES = 5_000
MAX_KEYWORDS = 1_000
# A keyword has at most this many characters.
MAX_KEYWORD = 200
# The keywords of a request have at most this many characters together.
MAX_KEYWORD_CHARACTERS = 20_000
# The keywords of a request have at most this many hyphens and apostrophes: each takes long to
# compile.
MAX_SIGNS = 1_000
# An answer holds at most this many phrases or sentences.
MAX_RESULTS = 1_000

# An error of this type is answered with 413.
TEXT_TOO_LONG = "text_too_long"

# Messages, settings and the table of calls use this name.
SERVICE = "textapi"
ENGINE_HEADER = "X-Textapi-Engine"
# The codes of the languages that the engine reads, separated by commas: "en,fr;ner" if all
# endpoints read English, and `ner` French, too. Keywords are searched for in all languages. A
# service that declares none is asked about every text.
LANGUAGES_HEADER = "X-Textapi-Languages"
KEY_HEADER = "apikey"
# A request names the polarity engine that it prefers; a server without a choice ignores it.
POLARITY_HEADER = "X-Textapi-Polarity"


class Engine(NamedTuple):
    """The name and version of an engine, and the languages that it declares, "en" or "fr;ner".

    The languages are None if it declares none.
    """

    name: str
    languages: frozenset[str] | None = None


class Operation(StrEnum):
    """The endpoints, by the name in their address."""

    SENTENCES_WITH_KEYWORDS = "sentences_with_keywords"
    TEXT_POLARITY = "text_polarity"
    POLARITY_BY_SENTENCE = "polarity_by_sentence"
    MOST_COMMON_PHRASES = "most_common_phrases"
    LEAST_COMMON_PHRASES = "least_common_phrases"
    MOST_POSITIVE_SENTENCES = "most_positive_sentences"
    MOST_NEGATIVE_SENTENCES = "most_negative_sentences"
    NER = "ner"
    SUMMARIZE = "summarize"


def languages_read(declared: Iterable[str], operation: Operation | None = None) -> frozenset[str]:
    """Return the codes of the *declared* languages that all endpoints read, and *operation*."""
    pairs = [language.split(";") for language in declared]
    return frozenset(code for code, *endpoints in pairs if endpoints in ([], [operation]))


def _refuse_blank(keyword: str) -> str:
    if not keyword.strip():
        raise ValueError("a keyword needs at least one character that is not white space")
    return keyword


def _refuse_costly(keywords: list[str]) -> list[str]:
    """Refuse keywords whose patterns would take a second or more to compile."""
    if sum(map(len, keywords)) > MAX_KEYWORD_CHARACTERS:
        raise ValueError(
            f"{MAX_KEYWORD_CHARACTERS} characters together at most: send fewer in a request"
        )

    if count_signs(keywords) > MAX_SIGNS:
        raise ValueError(
            f"{MAX_SIGNS} hyphens and apostrophes together at most: send fewer in a request"
        )

    return keywords


def _refuse_long(text: str) -> str:
    """Refuse a text that would hold the language model for too long."""
    # A word or a line takes at least one character.
    if len(text) > MAX_LINES and count_lines(text) > MAX_LINES:
        raise PydanticCustomError(TEXT_TOO_LONG, f"{MAX_LINES} lines at most")
    if len(text) > MAX_WORDS and count_words(text) > MAX_WORDS:
        raise PydanticCustomError(TEXT_TOO_LONG, f"{MAX_WORDS} words and signs at most")

    return text


def _to_types(labels: Any) -> Any:
    """Turn a kind of text, which programs for the original send instead of a list, into types."""
    if not isinstance(labels, str):
        return labels
    if labels not in LABELS:
        kinds = " or ".join(map(repr, sorted(LABELS)))
        raise ValueError(f"a string is the kind of text, {kinds}; types are a list")

    return sorted(LABELS[labels])


def _to_integer(count: Any) -> Any:
    """Turn 3.0 into 3, which JSON does not tell apart."""
    return int(count) if isinstance(count, float) and count.is_integer() else count


def _pair_schema(element_schema: dict[str, Any]) -> WithJsonSchema:
    """Return a schema without `prefixItems`, which not every reader of OpenAPI 3.1 understands."""
    return WithJsonSchema({"type": "array", "items": element_schema, "minItems": 2, "maxItems": 2})


Keyword = Annotated[
    str,
    Field(max_length=MAX_KEYWORD, json_schema_extra={"pattern": r"[^\s\x1c-\x1f\x85]"}),
    AfterValidator(_refuse_blank),
]
Keywords = Annotated[
    list[Keyword],
    Field(
        max_length=MAX_KEYWORDS,
        description=f"Together at most {MAX_KEYWORD_CHARACTERS} characters and {MAX_SIGNS} "
        "hyphens and apostrophes.",
    ),
    AfterValidator(_refuse_costly),
]
Text = Annotated[
    str,
    Field(
        max_length=MAX_TEXT,
        description=f"At most {MAX_LINES} lines, and {MAX_WORDS} words and signs.",
    ),
    AfterValidator(_refuse_long),
]
_TYPES_SCHEMA: dict[str, Any] = {"type": "array", "items": {"type": "string"}, "maxItems": 100}
_KIND_SCHEMA: dict[str, Any] = {"type": "string", "enum": sorted(LABELS)}
Labels = Annotated[
    list[str],
    Field(max_length=100),
    BeforeValidator(_to_types),
    WithJsonSchema({"anyOf": [_TYPES_SCHEMA, _KIND_SCHEMA]}),
]
Count = Annotated[int, Field(ge=1, le=MAX_RESULTS), BeforeValidator(_to_integer)]
Polarity = Annotated[float, Field(ge=-1, le=1)]
ScoredSentence = Annotated[tuple[Polarity, str], _pair_schema({"type": ["number", "string"]})]
Entity = Annotated[tuple[str, str], _pair_schema({"type": "string"})]


class TextBody(BaseModel):
    """A request about one text; unknown keys are ignored, as the original service does."""

    model_config = ConfigDict(strict=True, frozen=True, populate_by_name=True)

    text: Text


class SentencesWithKeywordsRequest(TextBody):
    """Asks for the sentences that mention each keyword, with their neighbours on request."""

    keywords: Keywords
    include_before: bool = False
    include_after: bool = False


class TextPolarityRequest(TextBody):
    """Asks for the polarity of a text."""


class PolarityBySentenceRequest(TextBody):
    """Asks for the polarity of each sentence."""


class PhrasesRequest(TextBody):
    """Asks for the most or the least common noun phrases."""

    num_phrases: Count = 3


class SentencesRequest(TextBody):
    """Asks for the most positive or the most negative sentences."""

    num_sentences: Count = 3


class NerRequest(TextBody):
    """Asks for the entities of a kind of text, or of the types in *labels* (also `key_list`)."""

    doctype: Literal["REVIEW", "ARTICLE"] = "REVIEW"
    labels: Labels | None = Field(None, validation_alias=AliasChoices("labels", "key_list"))


class SummarizeRequest(TextBody):
    """Asks for a *proportion* of the sentences, the most informative ones."""

    proportion: float = Field(0.3, gt=0, le=1, allow_inf_nan=False)


class _Answer(BaseModel):
    model_config = ConfigDict(
        alias_generator=lambda field_name: field_name.replace("_", " "),
        populate_by_name=True,
        frozen=True,
    )


class SentencesWithKeywordsAnswer(RootModel[dict[str, list[str]]]):
    """For every keyword, as it was sent, the sentences that mention it."""


class TextPolarityAnswer(_Answer):
    """Polarity from -1 to 1."""

    text_polarity: Polarity


class PolarityBySentenceAnswer(_Answer):
    """Pairs of polarity and sentence, in the order of the text."""

    polarity_by_sentence: list[ScoredSentence]


class MostCommonPhrasesAnswer(_Answer):
    """Lower-case noun phrases, the most common first."""

    most_common_phrases: list[str]


class LeastCommonPhrasesAnswer(_Answer):
    """Lower-case noun phrases, the least common first."""

    least_common_phrases: list[str]


class MostPositiveSentencesAnswer(_Answer):
    """Sentences, the most positive first."""

    most_positive_sentences: list[str]


class MostNegativeSentencesAnswer(_Answer):
    """Sentences, the most negative first."""

    most_negative_sentences: list[str]


class NerAnswer(_Answer):
    """Pairs of type and text, one for each occurrence, in the order of the text."""

    ner: list[Entity]


class SummarizeAnswer(_Answer):
    """Sentences of the text, in its order."""

    summary: str


class ErrorAnswer(BaseModel):
    """The body of every error."""

    error: str


@dataclass(frozen=True)
class Exchange:
    """The request and the answer of one operation."""

    request: type[TextBody]
    answer: type[BaseModel]

    @property
    def answer_name(self) -> str | None:
        """The one key of the answer on the wire; None if the keywords are the keys."""
        if issubclass(self.answer, RootModel):
            return None

        (field,) = self.answer.model_fields.values()
        return field.alias

    def wrap(self, result: Any) -> dict[str, Any]:
        """Return the answer that holds *result*, which is not validated again."""
        return result if self.answer_name is None else {self.answer_name: result}


EXCHANGES: dict[Operation, Exchange] = {
    Operation.SENTENCES_WITH_KEYWORDS: Exchange(
        SentencesWithKeywordsRequest, SentencesWithKeywordsAnswer
    ),
    Operation.TEXT_POLARITY: Exchange(TextPolarityRequest, TextPolarityAnswer),
    Operation.POLARITY_BY_SENTENCE: Exchange(PolarityBySentenceRequest, PolarityBySentenceAnswer),
    Operation.MOST_COMMON_PHRASES: Exchange(PhrasesRequest, MostCommonPhrasesAnswer),
    Operation.LEAST_COMMON_PHRASES: Exchange(PhrasesRequest, LeastCommonPhrasesAnswer),
    Operation.MOST_POSITIVE_SENTENCES: Exchange(SentencesRequest, MostPositiveSentencesAnswer),
    Operation.MOST_NEGATIVE_SENTENCES: Exchange(SentencesRequest, MostNegativeSentencesAnswer),
    Operation.NER: Exchange(NerRequest, NerAnswer),
    Operation.SUMMARIZE: Exchange(SummarizeRequest, SummarizeAnswer),
}
