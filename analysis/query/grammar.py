"""The grammar of queries: reads a text into terms and operators, or says what is wrong with it.

query    = any_of
any_of   = all_of { "OR" all_of }
all_of   = negation { ( "AND" | "NOT" ) negation }       a NOT b: a AND NOT b
negation = "NOT" negation | pair
pair     = group [ "near/N" group ]
group    = "(" any_of ")" | [ "=" ] words | [ "=" ] '"' words '"'
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import product
from typing import TypeAlias

from analysis.query.terms import ALL_FORMS, CASE, STAR, Term

# A query or a term has at most this many characters; the Text API takes no longer terms.
LONGEST_QUERY = 10_000
LONGEST_TERM = 200

# The distance of near/N is at most this many words.
FARTHEST = 1000

# At most this many brackets stand within each other.
_DEEPEST = 50

# Contradictions are looked for in queries of up to this many terms.
MOST_TRIED = 10

OPERATORS = ("AND", "OR", "NOT")
_OPENING, _CLOSING = '"\u201c\u201e', '"\u201d\u201c'

# No word begins with these: an operator, near/N, a bracket, a quotation mark, =US. A star may stand
# anywhere, the sign of all forms at a word's end.
_SIGN = re.compile(
    rf"(?<!\S)(?:(?:AND|OR|NOT)(?=[\s({_OPENING}]|$)|(?i:near)/|[({_OPENING}])"
    rf"|(?<!\S){CASE}(?=[^\s{CASE}])|\{STAR}|(?<=\w){ALL_FORMS}(?!\w)"
)
_TOKEN = re.compile(
    rf"(?P<case>{CASE}?)[{_OPENING}](?P<quoted>[^{_CLOSING}]*)[{_CLOSING}]"
    rf"|(?P<open>{CASE}?[{_OPENING}])"
    rf"|(?P<sign>[(),])|(?P<word>[^\s(),{_OPENING}{_CLOSING}]+)|(?P<close>[{_CLOSING}])"
)
_NEAR = re.compile(r"near/(.*)", re.IGNORECASE)
_DISTANCE = re.compile(r"[0-9]{1,4}")


@dataclass(frozen=True)
class Near:
    """One of the terms *left* and one of *right*, at most *distance* words between them."""

    left: tuple[Term, ...]
    right: tuple[Term, ...]
    distance: int


@dataclass(frozen=True)
class Not:
    """The opposite of *part*."""

    part: Node


@dataclass(frozen=True)
class And:
    """All of *parts*."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Or:
    """At least one of *parts*."""

    parts: tuple[Node, ...]


Leaf: TypeAlias = Term | Near
Node: TypeAlias = Leaf | Not | And | Or


@dataclass(frozen=True)
class Query:
    """A query as it was read."""

    root: Node

    @cached_property
    def terms(self) -> tuple[Term, ...]:
        """Every term once, in the order of the text, those behind NOT too."""
        terms: dict[Term, None] = {}
        for leaf, _ in _leaves(self.root):
            terms.update(dict.fromkeys(_terms_of(leaf)))

        return tuple(terms)

    @cached_property
    def sought_terms(self) -> tuple[Term, ...]:
        """The terms that count for the query: those that are not behind NOT."""
        terms: dict[Term, None] = {}
        for leaf, is_sought in _leaves(self.root):
            if is_sought:
                terms.update(dict.fromkeys(_terms_of(leaf)))

        return tuple(terms)

    @property
    def is_choice(self) -> bool:
        """Whether each sought term alone is enough, so that they can be compared."""
        return all(matches(self.root, {term}.__contains__) for term in self.sought_terms)


def is_query(text: str) -> bool:
    """Return whether *text* has a sign that only queries have; else it is words to look for."""
    return _SIGN.search(text) is not None or text.count("(") != text.count(")")


@lru_cache(maxsize=1024)
def parse_query(text: str) -> Query:
    """Read *text*. Raises ValueError, with what to write, if it cannot match what was meant."""
    if len(text) > LONGEST_QUERY:
        raise ValueError(f"a query has {LONGEST_QUERY:,} characters at most: make two of it")

    query = Query(_Parser(text).parse())
    for term in query.terms:
        _check_term(term)

    _check_satisfiable(query, text)
    return query


def matches(node: Node, holds: Callable[[Leaf], bool]) -> bool:
    """Return whether *node* is true; *holds* tells whether a term or a pair is there."""
    if isinstance(node, Not):
        return not matches(node.part, holds)
    if isinstance(node, And):
        return all(matches(part, holds) for part in node.parts)
    if isinstance(node, Or):
        return any(matches(part, holds) for part in node.parts)

    return holds(node)


def _leaves(node: Node, is_sought: bool = True) -> Iterator[tuple[Leaf, bool]]:
    if isinstance(node, Not):
        yield from _leaves(node.part, not is_sought)
    elif isinstance(node, (And, Or)):
        for part in node.parts:
            yield from _leaves(part, is_sought)
    else:
        yield node, is_sought


def _terms_of(leaf: Leaf) -> tuple[Term, ...]:
    return (*leaf.left, *leaf.right) if isinstance(leaf, Near) else (leaf,)


@dataclass(frozen=True)
class _Token:
    # One of "(", ")", "AND", "OR", "NOT", "near", "word", "quoted"; "" at the end.
    type: str

    text: str = ""
    case_sensitive: bool = False


def _read_tokens(text: str) -> Iterator[_Token]:
    for match in _TOKEN.finditer(text):
        word, sign = match["word"], match["sign"]
        if match["open"] or match["close"]:
            raise ValueError("a quotation mark is never closed: write two around the words")
        if sign == ",":
            raise ValueError('a query has no commas: write OR, or "…" around words with a comma')
        if sign:
            yield _Token(sign)
        elif word is None:
            yield _Token("quoted", match["quoted"], bool(match["case"]))
        elif word in OPERATORS:
            yield _Token(word)
        elif near := _NEAR.fullmatch(word):
            yield _Token("near", near[1])
        else:
            yield _Token("word", word.removeprefix(CASE), word.startswith(CASE))

    yield _Token("")


class _Parser:
    """Reads tokens by recursive descent; equal terms become one."""

    def __init__(self, text: str) -> None:
        self._tokens = list(_read_tokens(text))
        self._next = 0
        self._depth = 0
        self._terms: dict[tuple[str, bool], Term] = {}

    def parse(self) -> Node:
        node = self._any_of()
        if self._next_type == ")":
            raise ValueError("a bracket is closed that was not opened: write ( before it")
        return node

    @property
    def _next_type(self) -> str:
        return self._tokens[self._next].type

    def _take(self) -> _Token:
        token = self._tokens[self._next]
        self._next += 1
        return token

    def _any_of(self) -> Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ValueError(f"{_DEEPEST} brackets within each other at most")

        parts = [self._all_of()]
        while self._next_type == "OR":
            self._take()
            parts.append(self._all_of())

        self._depth -= 1
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _all_of(self) -> Node:
        parts = [self._negation()]
        while self._next_type in ("AND", "NOT"):
            if self._next_type == "AND":
                self._take()

            parts.append(self._negation())

        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _negation(self) -> Node:
        is_negated = False
        while self._next_type == "NOT":
            self._take()
            is_negated = not is_negated

        pair = self._pair()
        return Not(pair) if is_negated else pair

    def _pair(self) -> Node:
        left = self._group()
        if self._next_type != "near":
            return left

        distance = self._take().text
        if not _DISTANCE.fullmatch(distance) or int(distance) > FARTHEST:
            raise ValueError(
                f"near/{distance} has no number of words up to {FARTHEST}: write near/5, say"
            )

        right = self._group()
        if self._next_type == "near":
            raise ValueError("near/N joins two: write (a near/5 b) AND (b near/5 c)")

        return Near(_alternatives(left), _alternatives(right), int(distance))

    def _group(self) -> Node:
        token = self._take()
        if token.type == "(":
            node = self._any_of()
            if self._take().type != ")":
                raise ValueError("a bracket is never closed: write ) behind it")
        elif token.type in ("word", "quoted"):
            node = self._term(token)
        else:
            raise ValueError(_describe_gap(token))

        if self._next_type in ("word", "quoted", "("):
            raise ValueError(
                "words in quotation marks or brackets have others right beside them: "
                "write AND, OR or near/N between, or put all words into one pair of marks"
            )

        return node

    def _term(self, first_token: _Token) -> Term:
        texts = [first_token.text]
        while first_token.type == "word" and self._next_type == "word":
            token = self._take()
            if token.case_sensitive:
                raise ValueError(
                    f"{CASE} stands before {token.text}, within a phrase: put it before the whole "
                    "phrase, or write AND"
                )

            texts.append(token.text)

        if first_token.type == "word":
            check_operators(texts)

        term = Term(" ".join(" ".join(texts).split()), first_token.case_sensitive)
        return self._terms.setdefault(term.identity, term)


def check_operators(words: Sequence[str]) -> None:
    """Raise ValueError if a phrase without quotation marks holds an operator in small letters.

    In a term list "law and order" is a phrase; beside operators, "and" may be meant as one.
    """
    for word in words:
        if word.upper() in OPERATORS:
            phrase = " ".join(words)
            raise ValueError(
                f"{word!r} stands in a phrase: write {word.upper()} as an operator, or the phrase "
                f'in quotation marks, "{phrase}"'
            )


def _describe_gap(token: _Token) -> str:
    if token.type == ")":
        return "a bracket is closed where words should stand: write them, or take it away"

    operator = "near/N" if token.type == "near" else token.type
    position = f"before {operator}" if operator else "at the end"
    return f'words are missing {position}: write them (AND, OR and NOT as words go into "…")'


def _alternatives(node: Node) -> tuple[Term, ...]:
    if isinstance(node, Term):
        return (node,)
    if isinstance(node, Or):
        terms: list[Term] = []
        for part in node.parts:
            terms += _alternatives(part)

        return tuple(terms)

    raise ValueError("near/N joins words, or words with OR in brackets: write AND around it")


def _check_term(term: Term) -> None:
    """Raise ValueError if *term* cannot match anything, or not what was meant."""
    words = term.words.split(" ")
    for word in words:
        if ALL_FORMS in word and not word.removesuffix(ALL_FORMS).isalpha():
            raise ValueError(
                f"{word!r} has a {ALL_FORMS} that is not behind a word: it stands for all forms of "
                f"a word, as in run{ALL_FORMS}; or a sign that is meant as it stands"
            )

        stem = word.removesuffix(STAR)
        if STAR in stem or (word != stem and not stem[-1:].isalnum()):
            raise ValueError(
                f"{str(term)!r} has a star that is not at a word's end: it stands for the rest of "
                "a word, as in vaccin*"
            )

        if stem[:1] == CASE and len(stem) > 1:
            raise ValueError(f"{word!r} begins with {CASE}: write it before a whole phrase alone")

    if not any(map(str.isalnum, term.words)):
        raise ValueError(f"{str(term)!r} has no letter or digit: write a word")
    if len(term.words) > LONGEST_TERM:
        raise ValueError(f"{term.words[:20]}… is longer than {LONGEST_TERM} characters: shorten it")


def _check_satisfiable(query: Query, text: str) -> None:
    """Raise ValueError if *query* matches texts without any of its words, or no text at all.

    If the terms are few, every choice of them is tried. Two terms joined by near/N may be near each
    other or apart in a text that holds both, so no query is refused that could match.
    """
    if matches(query.root, lambda _: False):
        raise ValueError(
            f"{text!r} matches what holds none of its words: a word has to be there, as in "
            "trump NOT biden"
        )

    if len(query.terms) > MOST_TRIED:
        return

    for held in choices(query):
        if can_be(query.root, held, outcome=True):
            return

    raise ValueError(f"{text!r} contradicts itself, nothing can match it: take a part away")


def choices(query: Query) -> Iterator[frozenset[Term]]:
    """Yield every set of the query's terms that a text can hold without the others."""
    for choice in product((True, False), repeat=len(query.terms)):
        held = frozenset(term for term, is_held in zip(query.terms, choice, strict=True) if is_held)
        absent = [term for term in query.terms if term not in held]
        if not any(term.implies(absent_term) for term, absent_term in product(held, absent)):
            yield held


def can_be(node: Node, held: Collection[Term], *, outcome: bool) -> bool:
    """Return whether *node* can be *outcome* in a text that holds the terms *held* and no other."""
    if isinstance(node, Not):
        return can_be(node.part, held, outcome=not outcome)
    if isinstance(node, (And, Or)):
        parts = [can_be(part, held, outcome=outcome) for part in node.parts]
        return all(parts) if isinstance(node, And) == outcome else any(parts)

    if isinstance(node, Near):
        has_left = any(term in held for term in node.left)
        has_right = any(term in held for term in node.right)
        return (has_left and has_right) or not outcome

    return (node in held) == outcome
