"""Which documents of a job hold a name, a phrase or a word, by the rules that count them.

The steps store numbers alone, so the documents are found again in the same texts: all of the job
that mention a keyword, or all posts that are no reposts, whatever the run's selection leaves out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from analysis.corpus import Corpus
from analysis.data import PostData
from analysis.text.entity_counts import WHOLE_JOB, EntityCount, form_of
from analysis.text.held_names import NameFinder
from analysis.text.known_names import NO_NAMES, PERSON
from analysis.text.repeats import find_repeats
from analysis.text.stopwords import stop_words_for
from analysis.text.whole_words import whole_words
from analysis.text.words import list_words
from models.documents import list_documents
from models.results import mentioning_documents
from reports.data.entity_labels import without_title
from reports.data.run_data import RunData, RunJob, document_scope
from reports.data.tables.distinctive import read_distinctive
from reports.data.tables.entities import EntityRow, read_entities, read_run_names
from reports.data.tables.phrases import read_phrases
from reports.data.unread_documents import find_unread
from textapi.messages import Operation
from textapi.text.keywords import TermPattern
from textapi.text.normal_form import normal_form

DocumentIds = set[int]


@dataclass(frozen=True, slots=True)
class HeldName:
    """A name as pages count it: the ways it is written, in small letters, and its documents."""

    spellings: set[str] = field(default_factory=set)
    documents: DocumentIds = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class HeldDocuments:
    """What the documents of a job hold that mention a keyword; of posts it is None."""

    keyword: str | None
    names: list[HeldName]

    # By the phrase as the table `phrases` has it, and by the word in small letters.
    phrases: dict[str, DocumentIds]
    words: dict[str, DocumentIds]


def read_held(run: RunData, job: RunJob, *, texts: bool = True) -> Iterator[HeldDocuments]:
    """Yield what the documents of each keyword of a job hold.

    Without *texts* the words are those of the table `distinctive`: all words of a text are nearly
    the text.
    """
    names: dict[str | None, list[EntityRow]] = defaultdict(list)
    for entity_row in read_entities(run, [job.name]):
        # Results from before documents were counted have no documents.
        if entity_row.period is None and entity_row.has_documents:
            names[entity_row.keyword].append(entity_row)

    phrases: dict[str | None, list[str]] = defaultdict(list)
    for phrase_row in read_phrases(run, [job.name]):
        phrases[phrase_row.keyword].append(phrase_row.phrase)

    distinctive: dict[str | None, set[str]] = defaultdict(set)
    for word_row in read_distinctive(run, [job.name]):
        distinctive[word_row.keyword].add(word_row.word.casefold())

    unread = find_unread(run, job) if phrases else {}
    unread_names = find_unread(run, job, Operation.NER) if names else {}
    for corpus, patterns in _read_corpora(run, job):
        keyword, named = corpus.keyword or None, corpus.without(unread_names)
        words = _find_words(corpus, patterns)
        if not texts:
            words = {word: words.get(word, set()) for word in distinctive[keyword]}

        yield HeldDocuments(
            keyword,
            _find_names(run, names[keyword], named) if names[keyword] else [],
            _find_phrases(phrases[keyword], corpus.without(unread)),
            words,
        )


def list_names(run: RunData, job: RunJob) -> list[tuple[str, ...]]:
    """Return what the names of a job stand for in the whole run: `read_held` rests on it."""
    names = {(row.type, row.name) for row in read_entities(run, [job.name])}
    if not names:
        return []

    run_names = read_run_names(run)
    listed: set[tuple[str, ...]] = set()
    for type_, name in names:
        entry = run_names.find_entry(type_, name)
        listed.add((type_, name, *entry, run_names.full_name(type_, name)))

    persons = {entry for *_, entry, _ in listed}
    listed.update(form for form in run_names.persons.items() if form[1] in persons)
    return sorted(listed)


def _read_corpora(run: RunData, job: RunJob) -> Iterator[tuple[Corpus, list[TermPattern]]]:
    """Yield the texts that the steps read, and what their words are counted without."""
    scope = document_scope(run, job)
    if not run.keywords:
        posts = run.db.fetch(list_documents, scope)

        subject = run.kind.subject(job.name)
        post_data = PostData(posts, run.parameters, subject)
        corpus = Corpus("", post_data.words)
        yield corpus, post_data.subject_patterns(corpus)

    for keyword in run.keywords:
        documents = run.db.fetch(mentioning_documents, job.id, keyword.name, run.text_part)

        yield Corpus(keyword.name, {scope.months[0]: documents}), keyword.patterns


def _find_names(run: RunData, entity_rows: Iterable[EntityRow], corpus: Corpus) -> list[HeldName]:
    """Return the names of a keyword: a person has one entry, as pages show it."""
    counts = []
    for row in entity_rows:
        counts.append(
            EntityCount(WHOLE_JOB, row.type, row.name, row.rank, row.times, row.spellings)
        )

    repeats = find_repeats(corpus.texts_by_period, with_families=bool(corpus.keyword))
    texts = [(number, normal_form(text)) for number, text in corpus.without(repeats).texts]
    finder = NameFinder(counts, [text for _, text in texts])
    by_form: Mapping[str, DocumentIds] = defaultdict(set)
    for number, text in texts:
        for form in finder.find(text):
            by_form[form].add(number)

    run_names = read_run_names(run)
    held: dict[tuple[str, str], HeldName] = defaultdict(HeldName)
    for count in counts:
        form = form_of(count.name)
        # A name that was taken for several types has its documents under the most frequent one.
        if count.type in NO_NAMES or finder.types.get(form) != count.type:
            continue

        name = held[run_names.find_entry(count.type, count.name)]
        name.documents.update(by_form[form])
        label = without_title(PERSON, count.name)
        full_name = run_names.full_name(count.type, count.name)
        for spelling in (form, label, full_name, count.name, *count.spellings):
            name.spellings.add(spelling.lower())

    # Other jobs may write a person otherwise, and pages name a person as most of them do.
    for form, entry in run_names.persons.items():
        if (PERSON, entry) in held:
            held[PERSON, entry].spellings.add(form)

    return list(held.values())


def _find_phrases(phrases: Iterable[str], corpus: Corpus) -> dict[str, DocumentIds]:
    texts = [(number, normal_form(text)) for number, text in corpus.texts] if phrases else []
    held = {}
    for phrase in phrases:
        # What a service gives may be nothing but white space.
        if normal_form(phrase).split():
            rule = whole_words(phrase)
            held[phrase] = {number for number, text in texts if rule.search(text)}

    return held


def _find_words(corpus: Corpus, patterns: list[TermPattern]) -> dict[str, DocumentIds]:
    """Return the documents of each word that is no stop word, and of names of two words.

    A pair of words that one document has is no name: see `without_rare_pairs`.
    """
    held: dict[str, DocumentIds] = defaultdict(set)
    for number, text in corpus.texts:
        for word in list_words(text, patterns):
            held[word].add(number)

    unwanted = stop_words_for({word: len(documents) for word, documents in held.items()})
    return {
        word: documents
        for word, documents in held.items()
        if word not in unwanted and (len(documents) > 1 or " " not in word)
    }
