"""The options of runs over texts that steps read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, model_validator
from pydantic.fields import FieldInfo

from analysis.frozen_model import FrozenModel
from analysis.query.grammar import OPERATORS, Query, check_operators, is_query, parse_query
from analysis.query.notation import QUOTED, make_marks_plain, refuse_foreign_signs
from analysis.query.terms import ALL_FORMS, CASE, STAR, Term
from core.enums import MODEL, Grain, SamplePeriod, Within
from textapi.text.keywords import TermPattern, pattern
from textapi.text.normal_form import normal_form

# A keyword's name has at most this many characters.
LONGEST_NAME = 200

# A run is told of at most so many names that are none.
MOST_NOT_NAMES = 5_000

# What a language model codes.
MENTIONS, ALL, SAMPLE = "mentions", "all", "sample"
# What a model codes that searches: the texts that the search has it read.
SEARCHED = "searched"

# A sample has so many texts unless a person says how many.
SAMPLE_SIZE = 300

# The share of what is searched for that is found.
DEFAULT_RECALL = 0.95

_DOUBLE_QUOTES = '"\u201c\u201d\u201e'


class Keyword(FrozenModel):
    """A subject: a list of terms, its name among them, or a query. Any term counts for it.

    The *terms* of a query are the terms that it seeks, as it writes them: ``covid*``, ``=US``.
    """

    name: str = Field(min_length=1, max_length=LONGEST_NAME)
    terms: tuple[str, ...]
    query: str | None = None

    # The part of a document that a query has to match.
    within: Within = Within.SENTENCE

    # The words that each term with a star stands for in the documents of a month.
    forms: dict[str, tuple[str, ...]] = Field({}, exclude=True)

    @model_validator(mode="after")
    def _terms_are_consistent(self) -> Keyword:
        if self.parsed_query is None:
            if self.name not in self.terms:
                raise ValueError("the keyword's name is one of its terms")
        elif self.terms != tuple(map(str, self.parsed_query.sought_terms)):
            raise ValueError("the terms of a query are those that it seeks")

        return self

    @property
    def parsed_query(self) -> Query | None:
        """The parsed query; None for a list of terms."""
        return None if self.query is None else parse_query(self.query)

    @property
    def compared_terms(self) -> tuple[str, ...]:
        """The terms that are each enough alone; none for a query that needs several terms."""
        query = self.parsed_query
        return self.terms if query is None or query.is_choice else ()

    @property
    def description(self) -> str | None:
        """The query and what it has to match; None for a list of terms."""
        return None if self.query is None else f"{self.query}, within a {self.within}"

    @property
    def as_written(self) -> str:
        """The keyword as `parse` reads it."""
        if self.query is not None:
            is_nameless = self.name == _name_query(self.query)
            return self.query if is_nameless else f"{self.name}:{self.query}"

        other_terms = ",".join(term for term in self.terms if term != self.name)
        return f"{self.name}:{other_terms}" if other_terms else self.name

    @property
    def request_terms(self) -> list[str]:
        """The terms to request from the Text API: whole words, also those behind NOT."""
        if self.parsed_query is None:
            return list(self.terms)

        terms: list[str] = []
        for term in self.parsed_query.terms:
            terms += self.request_terms_of(term)

        return terms

    @property
    def starred_terms(self) -> list[Term]:
        """The terms of the query that stand for several forms."""
        query = self.parsed_query
        return [term for term in query.terms if term.has_star] if query else []

    @property
    def is_name_sought(self) -> bool:
        """Whether a term of the keyword matches its name; that of a query is a name only."""
        return self.query is None or any(term.search(self.name) for term in self.patterns)

    @property
    def lone_star(self) -> str | None:
        """What to know of a query of one term with a star; None if it looks for its name, too.

        It reads like a list of one term, whose name would be looked for.
        """
        root = None if self.parsed_query is None else self.parsed_query.root
        if not isinstance(root, Term) or not root.has_star or self.is_name_sought:
            return None

        both = f"{self.name}:{as_operand(self.name)} OR {self.query}"
        return (
            f"{self.as_written} looks for {self.query} alone, and not for {self.name}: one term "
            f"with a star is a query, and what is before the colon is its name. For both write "
            f"'{both}'"
        )

    def request_terms_of(self, term: Term) -> tuple[str, ...]:
        """Return the terms to request from the Text API for one term of the query."""
        return self.forms.get(str(term), ()) if term.has_star else (term.words,)

    @cached_property
    def patterns(self) -> list[TermPattern]:
        """What the terms match in a text."""
        if self.parsed_query is None:
            return list(map(pattern, self.terms))
        return [term.pattern for term in self.parsed_query.sought_terms]

    @classmethod
    def parse(cls, text: str, within: Within = Within.SENTENCE) -> Keyword:
        """Read ``NAME``, ``NAME:term,term``, ``QUERY`` or ``NAME:QUERY``.

        A list in which a term has a star, a case or quotation marks is the query of its terms
        joined by OR, its name among them. White space around a term is dropped, and so is a
        repeated term. Raises ValueError if a name or a term is empty, or cannot match what was
        meant.
        """
        text = make_marks_plain(text)
        refuse_foreign_signs(text, is_query=is_query(text))
        text = normal_form(text)
        keyword_name, colon, query = _split_name(text)
        if listed_query := _join_list(keyword_name, query):
            return cls.parse_query(keyword_name, listed_query, within)
        if is_query(query) and (keyword_name.strip() or not colon):
            return cls.parse_query(keyword_name, query, within)
        if colon and is_query(keyword_name):
            raise ValueError(
                f"{keyword_name!r} is a query, and has no terms: write all of it as one query"
            )

        return cls._parse_list(text)

    @classmethod
    def parse_query(cls, name: str, text: str, within: Within = Within.SENTENCE) -> Keyword:
        """Read a query; without a *name* it is named after itself.

        Raises ValueError as `parse` does.
        """
        query = " ".join(make_marks_plain(text).split())
        refuse_foreign_signs(query, is_query=is_query(query))
        name, query = normal_form(name), normal_form(query)
        if not is_query(query):
            if "," in query:
                raise ValueError(f"{query!r} has a comma: write OR between words")
            if " " in query:
                check_operators(query.split())

            query = f'"{query}"'

        parsed = parse_query(query)
        name = " ".join(name.split()) or _name_query(query)
        if len(name) > LONGEST_NAME:
            raise ValueError(f"{name[:20]}… is too long for a name: write NAME:{query[:20]}…")

        terms = tuple(map(str, parsed.sought_terms))
        return cls(name=name, terms=terms, query=query, within=within)

    @classmethod
    def _parse_list(cls, text: str) -> Keyword:
        keyword_name, colon, other_terms = text.partition(":")
        terms = [keyword_name, *other_terms.split(",")] if colon else [keyword_name]
        stripped = [" ".join(term.split()) for term in terms]
        if not all(stripped):
            raise ValueError(f"{text!r} has an empty term: write NAME or NAME:term,term")
        if "," in keyword_name:
            first_part, _, others = (part.strip() for part in keyword_name.partition(","))
            raise ValueError(
                f"{text!r} has a comma in its name: write {first_part}:{others} for one subject of "
                "several terms, or --keyword again for another subject"
            )

        for term in stripped:
            _check_term(term)

        unique: dict[str, str] = {}
        for term in stripped:
            unique.setdefault(term.casefold(), term)

        return cls(name=stripped[0], terms=tuple(unique.values()))


def _name_query(query: str) -> str:
    """Return the name of a query without one: the query itself, or a single term without marks."""
    root = parse_query(query).root
    return str(root) if isinstance(root, Term) else query


def _split_name(text: str) -> tuple[str, str, str]:
    """Split *text* at the first colon outside quotation marks: what is before it, it, the rest."""
    name, *others = _split_unquoted(text, ":")
    return (name, ":", ":".join(others)) if others else ("", "", text)


def _join_list(name: str, other_terms: str) -> str | None:
    """Return the query of a list of terms of which one can stand in queries only, else None."""
    terms = [" ".join(term.split()) for term in (name, *_split_unquoted(other_terms, ","))]
    is_named = bool(terms[0]) and "," not in name
    is_list = is_named and len(terms) > 2 and not any(map(_has_operator, terms))
    if not is_list or not any(map(is_query, terms)):
        return None
    if not all(terms):
        raise ValueError(f"'{name}:{other_terms}' has an empty term: write NAME:term,term")

    return " OR ".join(dict.fromkeys(map(as_operand, terms)))


def _split_unquoted(text: str, sign: str) -> list[str]:
    """Split *text* at each *sign* outside quotation marks."""
    parts, is_quoted = [""], False
    for character in text:
        if character in _DOUBLE_QUOTES:
            is_quoted = not is_quoted
        if character == sign and not is_quoted:
            parts.append("")
        else:
            parts[-1] += character

    return parts


def _has_operator(term: str) -> bool:
    """Return whether *term* is more than a term with a star, a case or quotation marks."""
    words = term.removeprefix(CASE)
    plain = words.replace(STAR, "").replace(ALL_FORMS, "")
    return not QUOTED.fullmatch(words) and is_query(plain)


def as_operand(term: str) -> str:
    """Return *term* as a query writes it: a phrase or a word such as "and" in quotation marks."""
    words = term.removeprefix(CASE)
    is_word = " " not in words and words.upper() not in OPERATORS
    return term if is_word or QUOTED.fullmatch(words) else f'{term.removesuffix(words)}"{words}"'


_QUOTES = "\"'\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb"


def _check_term(term: str) -> None:
    """Raise ValueError if *term* cannot match anything, or not what was meant."""
    if "*" in term:
        raise ValueError(
            f"{term!r} has a star, which stands for itself: whole words are matched, so write "
            "each form, NAME:term,term"
        )

    if term[0] in _QUOTES and term[-1] in _QUOTES:
        raise ValueError(
            f"{term!r} has quotation marks, which stand for themselves: leave them out"
        )

    if not any(map(str.isalnum, term)):
        raise ValueError(f"{term!r} has no letter or digit: write a word")


@dataclass(frozen=True, kw_only=True)
class CommandOption:
    """How a field of parameters is given on the command line.

    The option is called like the field, or *flag*. A field of several texts takes the option more
    than once, or one text with commas if it *is_separated*, or a file with one text a line if it
    *is_file*. A flag that *is_negated* sets False.
    The option has no effect in a run without the *step*; *idle* says why it never has one.
    """

    help: str
    flag: str | None = None
    metavar: str | None = None
    choices: tuple[str, ...] = ()
    is_separated: bool = False
    is_negated: bool = False
    is_file: bool = False
    step: str | None = None
    idle: str | None = None

    @property
    def has_one_text(self) -> bool:
        """Whether the option is given once, also for a field of several texts."""
        return self.is_separated or bool(self.choices)

    def words(self, field_name: str, value: Any) -> list[str]:
        """Return the words of a command that set the field to *value*."""
        flag = flag_of(field_name, self)
        if isinstance(value, bool):
            return [flag]
        if self.is_file:
            return [flag, self.metavar or "FILE"]
        if not isinstance(value, tuple):
            return [flag, str(value)]

        texts = [",".join(value)] if self.is_separated else value
        return [argument for text in texts for argument in (flag, text)]


def declared_option(field: FieldInfo) -> CommandOption | None:
    """Return the option that sets a field of parameters, if the field declares one."""
    declared = (option for option in field.metadata if isinstance(option, CommandOption))
    return next(declared, None)


def flag_of(field_name: str, option: CommandOption | None) -> str:
    """Return the name of the option of a field, with its hyphens."""
    if option is not None and option.flag is not None:
        return option.flag
    return f"--{field_name.replace('_', '-')}"


class ModelOptions(FrozenModel):
    """How a language model is asked: what the settings said when the run was submitted."""

    max_tokens: Annotated[int, Field(ge=1)]

    # The price as the settings write it, with its date; "" if the server costs nothing.
    price: str = ""


# What `--for` names: a category, or a variable's.
WantedName = Annotated[str, Field(max_length=500)]


class TextOptions(FrozenModel):
    """The options that all runs over texts share."""

    steps: tuple[str, ...] = ()
    phrases: Annotated[
        int, Field(ge=1, le=100), CommandOption(help="Phrases kept.", step="phrases")
    ] = 3
    proportion: Annotated[
        float,
        Field(gt=0, le=1),
        CommandOption(help="Share of the sentences that a summary keeps.", step="summary"),
    ] = 0.1
    text_size: Annotated[
        int, Field(ge=100, le=100_000), CommandOption(help="Characters packed into one request.")
    ] = 3000
    max_words: Annotated[
        int, Field(ge=1, le=1000), CommandOption(help="Words of a word cloud at most.")
    ] = 50
    limit: Annotated[
        int | None,
        Field(ge=1, le=2**31 - 1),
        CommandOption(help="Fetch at most so many documents each."),
    ] = None
    #: The polarity engine that the Text API is asked for, if it has a choice.
    polarity: Literal["news"] | None = None
    by: Grain = Grain.MONTH
    #: `match_coder` puts the codebook's hash in the place of what was typed.
    codebook: Annotated[
        str | None,
        CommandOption(
            metavar="FILE|NAME",
            help="Code each text by this codebook, a file or relevance; --coder says who does.",
        ),
    ] = None
    coder: Annotated[
        str | None,
        CommandOption(
            metavar="network:RUN|model:NAME",
            help="Who codes: a network that people's codes trained, a language model, or both, "
            "network:RUN,model:NAME; model alone is that of TIDINGS_MODEL_NAME.",
        ),
    ] = None
    code: Annotated[
        str | None,
        Field(pattern=r"^(mentions|all|sample(:[1-9]\d{0,5})?)$"),
        CommandOption(
            metavar="mentions|all|sample[:N]",
            help="What a model codes: documents that mention a keyword (the default of months), "
            "all texts, or the sample of `tidings label`, of 300 texts or N.",
        ),
    ] = None
    find: Annotated[
        str | None,
        Field(max_length=500),
        CommandOption(
            metavar="[KEYWORD:]VARIABLE=CATEGORY",
            help="Search: the model reads the documents that are likeliest of this category, and "
            "some by chance, until --recall of all that it would find is found.",
        ),
    ] = None
    recall: Annotated[
        float,
        Field(ge=0.5, le=0.99),
        CommandOption(help="The share of --find's category to be found. [default: 0.95]"),
    ] = DEFAULT_RECALL
    batch: Annotated[
        bool,
        CommandOption(
            help="Ask the model by batches, which cost less and take up to a day; no process "
            "waits for them."
        ),
    ] = False
    #: `match_coder` fills it in if the coder is a model.
    model: ModelOptions | None = None
    #: The network that codes all texts beside a model, as `match_coder` reads it from the coder.
    network_coder: str | None = None
    #: A model codes a sample that grows until every wanted share is known to so much.
    half_width: Annotated[float, Field(ge=0.001, le=0.5)] | None = None
    #: The categories whose shares are wanted, all of the codebook's if there are none.
    wanted: Annotated[tuple[WantedName, ...], Field(max_length=1000)] = ()
    #: The periods whose shares are wanted beside those of the whole run.
    wanted_by: SamplePeriod | None = None
    distinct: Annotated[
        bool,
        CommandOption(
            help="Count each pattern of repeated texts once a month: its first document."
        ),
    ] = False
    without: Annotated[
        tuple[Annotated[str, Field(max_length=500)], ...],
        Field(max_length=20),
        CommandOption(
            metavar="TEXT",
            help="Leave out texts that differ from this one in names or figures only.",
        ),
    ] = ()
    not_names: Annotated[
        tuple[Annotated[str, Field(max_length=LONGEST_NAME)], ...],
        Field(max_length=MOST_NOT_NAMES),
        CommandOption(
            flag="--not-a-name",
            metavar="FILE",
            help="What is no name of a person, organisation or place, one a line: it is not "
            "counted among the entities.",
            is_file=True,
            step="entities",
        ),
    ] = ()

    @property
    def coded_part(self) -> str:
        """What a model codes: `MENTIONS`, `ALL`, `SAMPLE`, or `SEARCHED` for `find`."""
        if self.find is not None:
            return SEARCHED

        return (self.code or ALL).partition(":")[0]

    @property
    def sample_size(self) -> int:
        """How many texts the sample has that a model codes."""
        return int((self.code or "").partition(":")[2] or SAMPLE_SIZE)

    @property
    def names_wanted(self) -> bool:
        """Whether anything is said of shares that are to be known."""
        return self.half_width is not None or bool(self.wanted) or self.wanted_by is not None

    @property
    def coding_network(self) -> str | None:
        """The network that codes all texts, as ``network:RUN``; None if none does."""
        return self.network_coder if self.has_model_coder else self.coder

    @property
    def coders_as_written(self) -> str | None:
        """The coders as ``--coder`` takes them."""
        return self.coder if self.network_coder is None else f"{self.network_coder},{self.coder}"

    @property
    def has_model_coder(self) -> bool:
        """Whether a language model codes the texts."""
        return self.coder is not None and self.coder.startswith(MODEL)


def list_fields(parameters: type[BaseModel]) -> list[tuple[str, FieldInfo]]:
    """Return the fields of *parameters* in the order of options: own fields, then shared ones."""
    fields = parameters.model_fields
    sorted_names = sorted(fields, key=TextOptions.model_fields.__contains__)
    return [(field_name, fields[field_name]) for field_name in sorted_names]
