"""The commands as methods, with the arguments and options that the commands declare.

Written by tests/reference_pages.py from the code: change it there, then run it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, SupportsInt

from tidings import words
from tidings.words import Pairs, PathText, Texts

if TYPE_CHECKING:
    from tidings.coding import CodingPage
    from tidings.packs import PackFile
    from tidings.plan import Plan
    from tidings.report import Report


class HomeCommands(ABC):
    """The commands on a home; runs are planned, and submitted by their plan."""

    @abstractmethod
    def _plan(self, kind: str, words: Sequence[str]) -> Plan: ...

    @abstractmethod
    def _read(self, words: Sequence[str]) -> dict[str, Any]: ...

    def read(
        self,
        paths: PathText | Sequence[PathText],
        *,
        source: str | None = None,
        handle: str | None = None,
        outlet: str | None = None,
        language: str | None = None,
        columns: Pairs | None = None,
    ) -> dict[str, Any]:
        """Read documents from files. Importing the same twice adds nothing.

        A WARC file whose import was stopped is read on from the first record that was not stored.

        A table with a column of outlets, or --outlet, and without a column of handles is of
        headlines (--source archive), else of posts. WARC files hold pages of news; their extra is
        tidings[warc].

        What is stored without a handle, an outlet or a time is completed by an import that knows
        it.

        The exit status is 3 when something unreadable was left out, 0 when documents were merely
        empty.

        Returns the counts of `import --json`.

        The parameters are those of `tidings import`:

        paths: Files or folders; .gz too.
        source: One of nyt, archive, x, bluesky, mastodon, posts; by default recognised in each
            file.
        handle: The account that posted what a file holds.
        outlet: The newspaper or site that published the headlines.
        language: The language of all texts, as en or de, whatever they state. By default the one
            that they state (a column of languages, a post's own), else it is detected.
        columns: Which column holds text, published_at, handle, id, address, outlet, section, desk,
            material, language, abstract.
        """
        options = [
            *words.option("--source", source),
            *words.option("--handle", handle),
            *words.option("--outlet", outlet),
            *words.option("--language", language),
            *words.pairs("--column", "=", columns),
        ]
        return self._read(words.join(options, [*words.arguments(paths)]))

    def months(
        self,
        months: str,
        *,
        keywords: Pairs | None = None,
        keywords_file: PathText | None = None,
        match: Literal["sentence", "document"] | None = None,
        within: Texts | None = None,
        source: str | None = None,
        outlet: Texts | None = None,
        section: Texts | None = None,
        material: str | None = None,
        text: Literal["headline", "abstract", "both"] = "headline",
        no_mask: bool = False,
        steps: str | None = None,
        phrases: int = 3,
        proportion: float = 0.1,
        text_size: int = 3000,
        max_words: int = 50,
        limit: int | None = None,
        by: str | None = None,
        codebook: str | None = None,
        coder: str | None = None,
        code: str | None = None,
        batch: bool = False,
        for_: str | None = None,
        per: str | None = None,
        distinct: bool = False,
        without: Texts | None = None,
        not_a_name: PathText | None = None,
        name: str | None = None,
        max_calls: int | None = None,
        max_cost: str | None = None,
        yes: bool = False,
        mask: PathText | None = None,
    ) -> Plan:
        """Who mentions a subject in the archive, by month: counts, polarity, phrases, entities.

        The parameters are those of `tidings submit months`:

        months: Months, as 2020-01..2021-12, both included; or one, 2020-03.
        keywords: A subject, with the other terms that count for it; or NAME:QUERY, of terms with
            AND, OR, NOT, near/N, brackets, quotes, a star, =.
        keywords_file: Subjects, one a line; or CSV with the columns name and query.
        match: What a query has to match: each sentence (the default), or the document.
        within: A model codes texts until the wanted shares are known to ± SHARE, as 0.02.
        source: The archives: nyt, archive. By default nyt; with --outlet those that have them, and
            where it holds nothing, those that are stored.
        outlet: Only documents of these outlets; case ignored. `tidings stored` lists them. A comma
            within the name of a stored outlet separates nothing.
        section: Only documents of this section; may be given again.
        material: Only documents of this kind (type_of_material), as News; case ignored.
        text: What is read of each document: its headline, its abstract where the archive has one,
            or both.
        no_mask: Score mentions with the keyword's terms in them; they are masked by default.
        steps: Comma-separated, of: codes, distinctive, entities, keywords, phrases, polarity,
            summary.
        phrases: Phrases kept.
        proportion: Share of the sentences that a summary keeps.
        text_size: Characters packed into one request.
        max_words: Words of a word cloud at most.
        limit: Fetch at most so many documents each.
        by: The periods of series, by default the run's: months; weeks are those of ISO 8601. Of
            months also by what documents are grouped.
        codebook: Code each text by this codebook, a file or relevance; --coder says who does.
        coder: Who codes: a network that people's codes trained, a language model, or both,
            network:RUN,model:NAME; model alone is that of TIDINGS_MODEL_NAME.
        code: What a model codes: documents that mention a keyword (the default of months), all
            texts, or the sample of `tidings label`, of 300 texts or N.
        batch: Ask the model by batches, which cost less and take up to a day; no process waits for
            them.
        for_: The shares that --within SHARE is about; by default those of all categories.
        per: The periods of a sample: the shares of each are to be known --within SHARE, too. By
            default the whole run alone, or the months or years of --by.
        distinct: Count each pattern of repeated texts once a month: its first document.
        without: Leave out texts that differ from this one in names or figures only.
        not_a_name: What is no name of a person, organisation or place, one a line: it is not
            counted among the entities.
        name: A name for the run.
        max_calls: Stop after so many calls of the Text API or a language model, by all workers.
        max_cost: Stop before a language model costs more, whatever happens.
        yes: Agree that texts are sent to a language model outside this machine.
        mask: A PNG in whose shape word clouds are drawn.
        """
        options = [
            *words.pairs("--keyword", ":", keywords),
            *words.option("--keywords-file", keywords_file),
            *words.option("--match", match),
            *words.texts("--within", within),
            *words.option("--source", source),
            *words.texts("--outlet", outlet),
            *words.texts("--section", section),
            *words.option("--material", material),
            *words.option("--text", text, "headline"),
            *words.switch("--no-mask", is_on=no_mask),
            *words.option("--steps", steps),
            *words.option("--phrases", phrases, 3),
            *words.option("--proportion", proportion, 0.1),
            *words.option("--text-size", text_size, 3000),
            *words.option("--max-words", max_words, 50),
            *words.option("--limit", limit),
            *words.option("--by", by),
            *words.option("--codebook", codebook),
            *words.option("--coder", coder),
            *words.option("--code", code),
            *words.switch("--batch", is_on=batch),
            *words.option("--for", for_),
            *words.option("--per", per),
            *words.switch("--distinct", is_on=distinct),
            *words.texts("--without", without),
            *words.option("--not-a-name", not_a_name),
            *words.option("--name", name),
            *words.option("--max-calls", max_calls),
            *words.option("--max-cost", max_cost),
            *words.switch("--yes", is_on=yes),
            *words.option("--mask", mask),
        ]
        return self._plan("months", words.join(options, [*words.arguments(months)]))

    def accounts(
        self,
        handles: Texts,
        *,
        source: str | None = None,
        steps: str | None = None,
        phrases: int = 5,
        proportion: float = 0.1,
        text_size: int = 3000,
        max_words: int = 50,
        limit: int | None = None,
        by: str | None = None,
        codebook: str | None = None,
        coder: str | None = None,
        code: str | None = None,
        batch: bool = False,
        distinct: bool = False,
        without: Texts | None = None,
        not_a_name: PathText | None = None,
        name: str | None = None,
        max_calls: int | None = None,
        max_cost: str | None = None,
        yes: bool = False,
        mask: PathText | None = None,
    ) -> Plan:
        """A portrait of each account: summary, phrases, entities, polarity over time.

        The parameters are those of `tidings submit handles`:

        handles: Accounts; - reads them from standard input.
        source: Only this source: x, bluesky, mastodon, posts.
        steps: Comma-separated, of: codes, distinctive, entities, phrases, polarity, summary.
        phrases: Phrases kept.
        proportion: Share of the sentences that a summary keeps.
        text_size: Characters packed into one request.
        max_words: Words of a word cloud at most.
        limit: Fetch at most so many documents each.
        by: The periods of series, by default the run's: months; weeks are those of ISO 8601. Of
            months also by what documents are grouped.
        codebook: Code each text by this codebook, a file or relevance; --coder says who does.
        coder: Who codes: a network that people's codes trained, a language model, or both,
            network:RUN,model:NAME; model alone is that of TIDINGS_MODEL_NAME.
        code: What a model codes: documents that mention a keyword (the default of months), all
            texts, or the sample of `tidings label`, of 300 texts or N.
        batch: Ask the model by batches, which cost less and take up to a day; no process waits for
            them.
        distinct: Count each pattern of repeated texts once a month: its first document.
        without: Leave out texts that differ from this one in names or figures only.
        not_a_name: What is no name of a person, organisation or place, one a line: it is not
            counted among the entities.
        name: A name for the run.
        max_calls: Stop after so many calls of the Text API or a language model, by all workers.
        max_cost: Stop before a language model costs more, whatever happens.
        yes: Agree that texts are sent to a language model outside this machine.
        mask: A PNG in whose shape word clouds are drawn.
        """
        options = [
            *words.option("--source", source),
            *words.option("--steps", steps),
            *words.option("--phrases", phrases, 5),
            *words.option("--proportion", proportion, 0.1),
            *words.option("--text-size", text_size, 3000),
            *words.option("--max-words", max_words, 50),
            *words.option("--limit", limit),
            *words.option("--by", by),
            *words.option("--codebook", codebook),
            *words.option("--coder", coder),
            *words.option("--code", code),
            *words.switch("--batch", is_on=batch),
            *words.switch("--distinct", is_on=distinct),
            *words.texts("--without", without),
            *words.option("--not-a-name", not_a_name),
            *words.option("--name", name),
            *words.option("--max-calls", max_calls),
            *words.option("--max-cost", max_cost),
            *words.switch("--yes", is_on=yes),
            *words.option("--mask", mask),
        ]
        return self._plan("handles", words.join(options, [*words.arguments(handles)]))

    def searches(
        self,
        terms: Texts,
        *,
        source: str | None = None,
        steps: str | None = None,
        phrases: int = 5,
        proportion: float = 0.1,
        text_size: int = 3000,
        max_words: int = 50,
        limit: int | None = None,
        by: str | None = None,
        codebook: str | None = None,
        coder: str | None = None,
        code: str | None = None,
        batch: bool = False,
        distinct: bool = False,
        without: Texts | None = None,
        not_a_name: PathText | None = None,
        name: str | None = None,
        max_calls: int | None = None,
        max_cost: str | None = None,
        yes: bool = False,
        mask: PathText | None = None,
    ) -> Plan:
        """What people post on a term: the same steps as for an account.

        The parameters are those of `tidings submit search`:

        terms: What people post on; a job for each.
        source: Only this source: x, bluesky, mastodon, posts.
        steps: Comma-separated, of: codes, distinctive, entities, phrases, polarity, summary.
        phrases: Phrases kept.
        proportion: Share of the sentences that a summary keeps.
        text_size: Characters packed into one request.
        max_words: Words of a word cloud at most.
        limit: Fetch at most so many documents each.
        by: The periods of series, by default the run's: months; weeks are those of ISO 8601. Of
            months also by what documents are grouped.
        codebook: Code each text by this codebook, a file or relevance; --coder says who does.
        coder: Who codes: a network that people's codes trained, a language model, or both,
            network:RUN,model:NAME; model alone is that of TIDINGS_MODEL_NAME.
        code: What a model codes: documents that mention a keyword (the default of months), all
            texts, or the sample of `tidings label`, of 300 texts or N.
        batch: Ask the model by batches, which cost less and take up to a day; no process waits for
            them.
        distinct: Count each pattern of repeated texts once a month: its first document.
        without: Leave out texts that differ from this one in names or figures only.
        not_a_name: What is no name of a person, organisation or place, one a line: it is not
            counted among the entities.
        name: A name for the run.
        max_calls: Stop after so many calls of the Text API or a language model, by all workers.
        max_cost: Stop before a language model costs more, whatever happens.
        yes: Agree that texts are sent to a language model outside this machine.
        mask: A PNG in whose shape word clouds are drawn.
        """
        options = [
            *words.option("--source", source),
            *words.option("--steps", steps),
            *words.option("--phrases", phrases, 5),
            *words.option("--proportion", proportion, 0.1),
            *words.option("--text-size", text_size, 3000),
            *words.option("--max-words", max_words, 50),
            *words.option("--limit", limit),
            *words.option("--by", by),
            *words.option("--codebook", codebook),
            *words.option("--coder", coder),
            *words.option("--code", code),
            *words.switch("--batch", is_on=batch),
            *words.switch("--distinct", is_on=distinct),
            *words.texts("--without", without),
            *words.option("--not-a-name", not_a_name),
            *words.option("--name", name),
            *words.option("--max-calls", max_calls),
            *words.option("--max-cost", max_cost),
            *words.switch("--yes", is_on=yes),
            *words.option("--mask", mask),
        ]
        return self._plan("search", words.join(options, [*words.arguments(terms)]))


class TrainingCommands(ABC):
    """The networks that can be trained."""

    @abstractmethod
    def _plan(self, kind: str, words: Sequence[str]) -> Plan: ...

    def feedforward(
        self,
        *,
        data: str | None = None,
        preset: str | None = None,
        hidden: str | None = None,
        activation: str | None = None,
        loss: str | None = None,
        initialiser: str | None = None,
        optimizer: str | None = None,
        schedule: str | None = None,
        learning_rate: str | float | None = None,
        weight_decay: str | float | None = None,
        batch_size: str | float | None = None,
        epochs: str | float | None = None,
        patience: str | float | None = None,
        precision: str | None = None,
        seed: str | float | None = None,
        sweep: Pairs | None = None,
        name: str | None = None,
    ) -> Plan:
        """Train a network to classify images.

        The parameters are those of `tidings submit training feedforward`:

        data: Pictures: scikit-learn's, or MNIST's files.
        preset: standard (the default) or tutorial.
        hidden: Hidden layers, as 30,20.
        activation: Of the hidden layers: sigmoid, tanh or relu.
        loss: quadratic or cross-entropy.
        initialiser: How the first weights are drawn.
        optimizer: sgd, momentum or adam.
        schedule: How the learning rate falls.
        learning_rate: Size of a step.
        weight_decay: Pull of weights to zero.
        batch_size: Samples of one step.
        epochs: Passes over the training samples.
        patience: Stop after N epochs without improvement.
        precision: Bits of a number.
        seed: The same seed gives the same weights.
        sweep: A job for each value; given again, for each pair of values.
        name: A name for the run.
        """
        options = [
            *words.option("--data", data),
            *words.option("--preset", preset),
            *words.option("--hidden", hidden),
            *words.option("--activation", activation),
            *words.option("--loss", loss),
            *words.option("--initialiser", initialiser),
            *words.option("--optimizer", optimizer),
            *words.option("--schedule", schedule),
            *words.option("--learning-rate", learning_rate),
            *words.option("--weight-decay", weight_decay),
            *words.option("--batch-size", batch_size),
            *words.option("--epochs", epochs),
            *words.option("--patience", patience),
            *words.option("--precision", precision),
            *words.option("--seed", seed),
            *words.pairs("--sweep", "=", sweep),
            *words.option("--name", name),
        ]
        return self._plan("feedforward", words.join(options, []))

    def recurrent(
        self,
        *,
        data: str | None = None,
        preset: str | None = None,
        hidden: str | None = None,
        activation: str | None = None,
        loss: str | None = None,
        initialiser: str | None = None,
        optimizer: str | None = None,
        schedule: str | None = None,
        learning_rate: str | float | None = None,
        weight_decay: str | float | None = None,
        batch_size: str | float | None = None,
        epochs: str | float | None = None,
        patience: str | float | None = None,
        precision: str | None = None,
        seed: str | float | None = None,
        sequence: str | float | None = None,
        truncate: str | float | None = None,
        clip: str | float | None = None,
        clip_by: str | None = None,
        carry: str | None = None,
        sweep: Pairs | None = None,
        name: str | None = None,
    ) -> Plan:
        """Train a network to forecast the next value of a series.

        The parameters are those of `tidings submit training recurrent`:

        data: A series: synthetic, of a file, or of a run.
        preset: standard (the default) or tutorial.
        hidden: Hidden layers, as 30,20.
        activation: Of the hidden layers: sigmoid, tanh or relu.
        loss: quadratic or cross-entropy.
        initialiser: How the first weights are drawn.
        optimizer: sgd, momentum or adam.
        schedule: How the learning rate falls.
        learning_rate: Size of a step.
        weight_decay: Pull of weights to zero.
        batch_size: Samples of one step.
        epochs: Passes over the training samples.
        patience: Stop after N epochs without improvement.
        precision: Bits of a number.
        seed: The same seed gives the same weights.
        sequence: Values of a window.
        truncate: Steps of back-propagation; none for all.
        clip: Largest gradient; none for any.
        clip_by: What is clipped.
        carry: Keep the hidden state between windows.
        sweep: A job for each value; given again, for each pair of values.
        name: A name for the run.
        """
        options = [
            *words.option("--data", data),
            *words.option("--preset", preset),
            *words.option("--hidden", hidden),
            *words.option("--activation", activation),
            *words.option("--loss", loss),
            *words.option("--initialiser", initialiser),
            *words.option("--optimizer", optimizer),
            *words.option("--schedule", schedule),
            *words.option("--learning-rate", learning_rate),
            *words.option("--weight-decay", weight_decay),
            *words.option("--batch-size", batch_size),
            *words.option("--epochs", epochs),
            *words.option("--patience", patience),
            *words.option("--precision", precision),
            *words.option("--seed", seed),
            *words.option("--sequence", sequence),
            *words.option("--truncate", truncate),
            *words.option("--clip", clip),
            *words.option("--clip-by", clip_by),
            *words.option("--carry", carry),
            *words.pairs("--sweep", "=", sweep),
            *words.option("--name", name),
        ]
        return self._plan("recurrent", words.join(options, []))

    def polarity(
        self,
        *,
        data: str | None = None,
        preset: str | None = None,
        hidden: str | None = None,
        activation: str | None = None,
        loss: str | None = None,
        initialiser: str | None = None,
        optimizer: str | None = None,
        schedule: str | None = None,
        learning_rate: str | float | None = None,
        weight_decay: str | float | None = None,
        batch_size: str | float | None = None,
        epochs: str | float | None = None,
        patience: str | float | None = None,
        precision: str | None = None,
        seed: str | float | None = None,
        sweep: Pairs | None = None,
        name: str | None = None,
    ) -> Plan:
        """Train the network of the polarity engine `news` on rated sentences.

        The parameters are those of `tidings submit training polarity`:

        data: Folder of rated sentences: NewsMTSC's, SEntFiN's and VADER's files.
        preset: standard (the default) or tutorial.
        hidden: Hidden layers, as 30,20.
        activation: Of the hidden layers: sigmoid, tanh or relu.
        loss: quadratic or cross-entropy.
        initialiser: How the first weights are drawn.
        optimizer: sgd, momentum or adam.
        schedule: How the learning rate falls.
        learning_rate: Size of a step.
        weight_decay: Pull of weights to zero.
        batch_size: Samples of one step.
        epochs: Passes over the training samples.
        patience: Stop after N epochs without improvement.
        precision: Bits of a number.
        seed: The same seed gives the same weights.
        sweep: A job for each value; given again, for each pair of values.
        name: A name for the run.
        """
        options = [
            *words.option("--data", data),
            *words.option("--preset", preset),
            *words.option("--hidden", hidden),
            *words.option("--activation", activation),
            *words.option("--loss", loss),
            *words.option("--initialiser", initialiser),
            *words.option("--optimizer", optimizer),
            *words.option("--schedule", schedule),
            *words.option("--learning-rate", learning_rate),
            *words.option("--weight-decay", weight_decay),
            *words.option("--batch-size", batch_size),
            *words.option("--epochs", epochs),
            *words.option("--patience", patience),
            *words.option("--precision", precision),
            *words.option("--seed", seed),
            *words.pairs("--sweep", "=", sweep),
            *words.option("--name", name),
        ]
        return self._plan("polarity", words.join(options, []))

    def codes(
        self,
        run: SupportsInt,
        *,
        codebook: str | None = None,
        name: str | None = None,
    ) -> Plan:
        """Train a network on what people coded of a run, to code other texts as they did.

        The parameters are those of `tidings submit training codes`:

        run: The run's number, as `tidings runs` lists it.
        codebook: The codebook by which people coded the run: a file, or relevance.
        name: A name for the run.
        """
        options = [
            *words.option("--codebook", codebook),
            *words.option("--name", name),
        ]
        return self._plan("codes", words.join(options, [*words.arguments(run)]))


class RunCommands(ABC):
    """The commands on a run."""

    @abstractmethod
    def __int__(self) -> int: ...

    @abstractmethod
    def _report(self, words: Sequence[str]) -> Report: ...

    @abstractmethod
    def _export(self, words: Sequence[str]) -> bytes: ...

    @abstractmethod
    def _label(self, words: Sequence[str]) -> str | CodingPage: ...

    @abstractmethod
    def _pack(self, words: Sequence[str]) -> PackFile: ...

    def report(
        self,
        beside: Sequence[SupportsInt] = (),
        *,
        out: PathText | None = None,
        texts: bool = True,
        by: str | None = None,
        distinct: bool = False,
        without: Texts | None = None,
    ) -> Report:
        """Write a report into a folder and print the page to open; redraw only what changed.

        The report that the workers make when a run ends is waited for and copied where it is the
        same.

        The parameters are those of `tidings report`:

        beside: Other runs, to be put side by side with this one.
        out: The folder to write; by default where the run's report is.
        texts: Whether the folder holds the documents' texts. Sentences that are quoted stay.
        by: The periods of series, by default the run's: months; weeks are those of ISO 8601. Of
            months also by what documents are grouped.
        distinct: Count each pattern of repeated texts once a month: its first document.
        without: Leave out a pattern of repeated texts, named by a text of it, as a report prints
            it.
        """
        options = [
            *words.option("--out", out),
            *words.switch("--no-texts", is_on=not texts),
            *words.option("--by", by),
            *words.switch("--distinct", is_on=distinct),
            *words.texts("--without", without),
        ]
        return self._report(words.join(options, [str(int(self)), *words.arguments(beside)]))

    def export(
        self,
        table: str,
        *,
        format: str | None = None,
        out: PathText | None = None,
        job: str | None = None,
        for_: Literal["dsl"] | None = None,
        codebook: str | None = None,
        by: str | None = None,
        distinct: bool = False,
        without: Texts | None = None,
    ) -> bytes:
        """Write a table of a run in a fixed order and form; or the weights of its network, as .npz.

        Returns the bytes; none if *out* names a file. `table` returns Arrow.

        The parameters are those of `tidings export`:

        table: mentions, periods, phrases, entities, documents, coverage, calls, …; weights
        format: jsonl, csv or parquet; by default the ending of --out; jsonl without one.
        out: A file; standard output by default.
        job: Of weights: which job's, where the run has several.
        for_: Of codes: a CSV file as the R package dsl reads it.
        codebook: Of --for: the codebook's name, where there are several.
        by: The periods of series, by default the run's: months; weeks are those of ISO 8601. Of
            months also by what documents are grouped.
        distinct: Count each pattern of repeated texts once a month: its first document.
        without: Leave out a pattern of repeated texts, named by a text of it, as a report prints
            it.
        """
        options = [
            *words.option("--format", format),
            *words.option("--out", out),
            *words.option("--job", job),
            *words.option("--for", for_),
            *words.option("--codebook", codebook),
            *words.option("--by", by),
            *words.switch("--distinct", is_on=distinct),
            *words.texts("--without", without),
        ]
        return self._export(words.join(options, [str(int(self)), *words.arguments(table)]))

    def label(
        self,
        codebook: str | None = None,
        *,
        n: int | None = None,
        within: float | None = None,
        per: str | None = None,
        coder: str | None = None,
        seed: int = 1,
        file: PathText | None = None,
        out: PathText | None = None,
        for_: Literal["label-studio"] | None = None,
        serve: bool = False,
        port: int = 8767,
        doubles: float = 0.2,
    ) -> str | CodingPage:
        """Label a random sample of a run's mentions, so that its report can say how right moods
        are.

        Keys: 1 negative, 2 neutral, 3 positive, s skip, u undo, q quit. Each label is stored at
        once: the next call goes on where you stopped. In a CSV the column label takes -1, 0, 1 or
        skip.

        With --codebook the questions, keys and columns are the codebook's, and texts are drawn from
        all documents of the run, also from those without a keyword.

        With *serve* it returns the page with its links; there is no terminal here.

        The parameters are those of `tidings label`:

        codebook: The codebook: a YAML or JSON file, or the one that ships.
        n: Texts of the codebook's sample. [default: 300]
        within: Draw as many texts as every share takes to be known to ± SHARE (0.03: three points),
            as the codes so far tell; without any, a pilot.
        per: Mentions of each month and keyword; with a codebook the periods between which the texts
            are shared out. [default: 10, or month]
        coder: Who codes; several code the same sample. With --serve several names, between commas.
            [default: who the file names, or coder 1]
        seed: Another seed draws another sample.
        file: Read labels or codes from this CSV, which --out wrote, or JSON, and go.
        out: Write the sample as CSV, to be coded elsewhere.
        for_: Write the sample of a codebook for this program instead.
        serve: Code in a browser: a page on this machine, a link for each coder.
        port: The port of --serve; 0 takes a free one.
        doubles: Share of the texts that all coders of --serve get.
        """
        options = [
            *words.option("--codebook", codebook),
            *words.option("--n", n),
            *words.option("--within", within),
            *words.option("--per", per),
            *words.option("--coder", coder),
            *words.option("--seed", seed, 1),
            *words.option("--file", file),
            *words.option("--out", out),
            *words.option("--for", for_),
            *words.switch("--serve", is_on=serve),
            *words.option("--port", port, 8767),
            *words.option("--doubles", doubles, 0.2),
        ]
        return self._label(words.join(options, [str(int(self))]))

    def pack(
        self,
        *,
        out: PathText | None = None,
        texts: bool = False,
        coders: bool = False,
        title: str | None = None,
        authors: Texts | None = None,
        license: str | None = None,
    ) -> PackFile:
        """Write a run into one archive: parameters, answers, tables, figures, citation, checksums.

        The parameters are those of `tidings pack`:

        out: The file to write; by default tidings-run-N.zip where you are.
        texts: Put the documents' texts in: then every table can be computed again.
        coders: Put the coders' names in; they are numbered otherwise.
        title: The study's title; by default the run's name.
        authors: Who is cited: 'FAMILY, GIVEN', or the name of an organization; once for each.
        license: The licence under which others may use it, by its SPDX identifier: CC-BY-4.0.
        """
        options = [
            *words.option("--out", out),
            *words.switch("--texts", is_on=texts),
            *words.switch("--coders", is_on=coders),
            *words.option("--title", title),
            *words.texts("--author", authors),
            *words.option("--license", license),
        ]
        return self._pack(words.join(options, [str(int(self))]))
