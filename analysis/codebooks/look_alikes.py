"""Names of categories that people cannot tell apart, or that mean something else.

A file is refused that has them. Codebooks that are stored stay as they were.
"""

from __future__ import annotations

import unicodedata

from analysis.codebooks.codebook import NONE_APPLIES, Codebook, CodebookMistake, Variable
from core.enums import CodeState
from textapi.text.comparison import IGNORABLE

# Cyrillic and Greek letters and the Latin letters that they look like: from confusables.txt of
# Unicode Technical Standard 39, "Unicode Security Mechanisms", 16.0. Letters that look like another
# one of their own script, too, are left out: two words of one language are two categories.
_CYRILLIC = (
    "\u0410\u0412\u0415\u0405\u0406\u0408\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425"
    "\u0430\u0435\u0455\u0456\u0458\u043e\u0440\u0441\u0443\u0445"
)
_LATIN_OF_CYRILLIC = "ABESIJKMHOPCTYXaesijopcyx"
_GREEK = (
    "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7"
    "\u03b1\u03b9\u03bd\u03bf\u03c1\u03c5"
)
_LATIN_OF_GREEK = "ABEZHIKMNOPTYXaivopu"
_LATIN = str.maketrans(_CYRILLIC + _GREEK, _LATIN_OF_CYRILLIC + _LATIN_OF_GREEK)

# An answer that begins so says that there is no code.
_RESERVED = str(CodeState.CANNOT_BE_CODED)


def fold_spelling(text: str) -> str:
    """Return *text* without what people do not see: case, width, normal form, ignorable signs."""
    shown = IGNORABLE.sub("", unicodedata.normalize("NFKC", text))
    folded = unicodedata.normalize("NFKC", shown.casefold())
    return " ".join(folded.split())


def fold_look(text: str) -> str:
    """Return *text* with Latin letters for those of other scripts that look like them."""
    return fold_spelling(unicodedata.normalize("NFKD", text).translate(_LATIN))


def check_categories(codebook: Codebook) -> None:
    """Raise `CodebookMistake` for a category that cannot be told from another or from no code."""
    for number, variable in enumerate(codebook.variables):
        _check_variable(variable, ("variables", number, "categories"))


def _check_variable(variable: Variable, place: tuple[str | int, ...]) -> None:
    earlier = {NONE_APPLIES: NONE_APPLIES}
    for category in variable.categories:
        spellings = {fold_spelling(category), fold_look(category)}
        if any(spelling.startswith(_RESERVED) for spelling in spellings):
            raise CodebookMistake(
                f"the category {category!a} begins like {_RESERVED!r}, which says that a text has "
                "no code: write another name",
                *place,
                category,
            )

        if not fold_spelling(category):
            raise CodebookMistake(
                f"the category {category!a} shows nothing: write a name", *place, category
            )

        other = next((earlier[look] for look in spellings if look in earlier), None)
        if other is not None:
            raise CodebookMistake(
                f"the category {category!a} looks like {other!a}, and people cannot tell them "
                "apart: write another name, and each name with the letters of one keyboard",
                *place,
                category,
            )

        earlier |= dict.fromkeys(spellings, category)
