"""Which coder codes which texts: some go to every coder, the others are shared out.

Texts that several people code without knowing of each other ("blind doubles") show how far people
agree. Which ones they are follows from permanent random numbers, as the sample itself does: a
larger share contains the smaller one, and a text that a coder has is not taken away by another
text that is drawn or erased.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence

from models.codes import UnitKey
from producers.code_sample import SampledText

_NUMBERS = 2**64


def share_out(
    sample: Sequence[SampledText],
    coders: Sequence[str],
    *,
    doubles: float,
    codebook_hash: bytes,
    coded_by: Mapping[UnitKey, Collection[str]],
) -> dict[str, list[SampledText]]:
    """Return the texts of each coder, in the order of the sample.

    The share *doubles* goes to all *coders*. What somebody has coded whole, by *coded_by*, and is
    no double, is nobody else's. A coder who is added or leaves moves none of the others' texts.
    """
    texts_by_coder: dict[str, list[SampledText]] = {coder: [] for coder in coders}
    for text in sample:
        if _number(codebook_hash, text.item, "double") < doubles:
            chosen: Collection[str] = coders
        else:
            chosen = coded_by.get(text.unit) or [_choose(coders, codebook_hash, text.item)]

        for coder in coders:
            if coder in chosen:
                texts_by_coder[coder].append(text)

    return texts_by_coder


def _choose(coders: Sequence[str], codebook_hash: bytes, item: str) -> str:
    """Return the coder of a text by the highest random number of the pair.

    D. Thaler and C. Ravishankar, "Using name-based mappings to increase hit rates", IEEE/ACM
    Transactions on Networking 6 (1998).
    """
    return max(coders, key=lambda coder: _number(codebook_hash, item, f"coder {coder}"))


def _number(codebook_hash: bytes, item: str, purpose: str) -> float:
    """Return the permanent random number of a text for a *purpose*, in [0, 1)."""
    key = b"\0".join((codebook_hash, item.encode(), purpose.encode()))
    return int.from_bytes(hashlib.blake2b(key, digest_size=8).digest()) / _NUMBERS
