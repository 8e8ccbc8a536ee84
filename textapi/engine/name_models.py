"""Models of spaCy that find names in other languages than English, which a server is told to use.

Official ones (`fr_core_news_sm`, the extra ``french``) and those that somebody trained. Each has
its name, version and a hash of its files in the name of the engine, under which answers are stored.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from core.errors import SettingsError, StackError
from core.languages import find_language, language_name
from textapi.engine.language import Language, find_folder
from textapi.text.language_detector import DETECTED

VARIABLE = "TIDINGS_SPACY_MODELS"
# A client keeps 200 characters of the name of an engine, which would be that of several models.
LONGEST_SUFFIX = 150
# A thread holds this many models at once, those that were used last. A small one has some 60 MB.
MOST_LOADED = 3
# These components find no names, and the lemmas and vectors of a language are large.
_NOT_NEEDED = (
    *("tagger", "morphologizer", "parser", "senter", "sentencizer", "attribute_ruler"),
    *("lemmatizer", "trainable_lemmatizer", "entity_linker", "textcat", "textcat_multilabel"),
)


@dataclass(frozen=True, slots=True)
class NameModel:
    """A model in *folder* for the code of a *language*; *name* has version and hash."""

    language: str
    name: str
    folder: Path


def find_name_models(models: Iterable[str]) -> dict[str, NameModel]:
    """Return the model of each language; *models* are folders, or packages that are installed.

    Raises `SettingsError` for what is no model, or cannot be used beside the others.
    """
    found: dict[str, NameModel] = {}
    for written in models:
        model = _describe(written)
        if model.language in found:
            raise SettingsError(
                f"{VARIABLE}: {found[model.language].name} and {model.name} are both for "
                f"{language_name(model.language)}: name one of them"
            )

        found[model.language] = model

    if len(name_suffix(found)) > LONGEST_SUFFIX:
        raise SettingsError(f"{VARIABLE}: {len(found)} models are too many: name fewer")

    return found


def name_suffix(models: Mapping[str, NameModel]) -> str:
    """Return what *models* add to the name of the engine."""
    return "".join(f"+{models[code].name}" for code in sorted(models))


def _describe(written: str) -> NameModel:
    folder = Path(written) if "/" in written else find_folder(written)
    if folder is None:
        raise SettingsError(
            f"{VARIABLE}: no package {written} is installed: install it, or write the path of a "
            "model's folder, with a slash"
        )

    try:
        meta = json.loads((folder / "meta.json").read_bytes())
        language, name, version = (str(meta[key]) for key in ("lang", "name", "version"))
        if not (folder / "config.cfg").is_file():
            raise FileNotFoundError
    except (OSError, ValueError, TypeError, KeyError):
        raise SettingsError(
            f"{VARIABLE}: {folder} is no model of spaCy: name the folder with meta.json and "
            "config.cfg that `nlp.to_disk` writes"
        ) from None

    code = find_language(language)
    if code is None or code == "en" or code not in DETECTED:
        raise SettingsError(
            f"{VARIABLE}: the model {folder} is for {language!r}: English has its model, and other "
            f"languages are those that are told apart: {', '.join(sorted({*DETECTED} - {'en'}))}"
        )

    full_name = re.sub(r"[^\w.-]", "_", f"{language}_{name}-{version}", flags=re.ASCII)
    return NameModel(code, f"{full_name}-{_hash_files(folder)}", folder)


def _hash_files(folder: Path) -> str:
    """Return a hash of all files of a model: who trains it anew may leave its version as it is."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()

        digest.update(f"{path.relative_to(folder)} {content}\n".encode())

    return digest.hexdigest()[:8]


class NameModels:
    """The models of a thread, each loaded when a text of its language comes."""

    def __init__(self, models: Mapping[str, NameModel]) -> None:
        self._models = models
        self.languages = ("en", *sorted(models))
        self.load = lru_cache(MOST_LOADED)(self._load)

    def _load(self, code: str) -> Language:
        """Return the model of the language *code*. Raises `StackError` if it cannot be loaded."""
        model = self._models[code]
        try:
            return Language(model.folder, _NOT_NEEDED)
        # A model is other people's code and files: whatever is wrong with it, the server goes on.
        except Exception as error:
            raise StackError(
                f"the model {model.name} of {VARIABLE} cannot be loaded: {error}"
            ) from error
