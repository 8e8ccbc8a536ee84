"""The section of a page on its words: a cloud, or a list where that says more."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reports.figures import clouds


def add_words(
    add: Callable[..., object],
    prefix: str,
    words: Mapping[str, int],
    mask: bytes | None,
    *,
    counted: str,
    repeats: str,
    all_months: bool = False,
) -> None:
    """Add a cloud of *words* by ``add(anchor, heading, figure, …)``, or a list; nothing of none.

    *counted* says what they are counted in ("16 mentions"), *repeats* how many of these are left
    out. With *all_months* heading and caption say that the words are of all months.
    """
    of_months = " of all months" if all_months else ""
    in_months = " in all months" if all_months else ""
    caption = f"The words of {counted}{in_months}.{repeats}"
    cloud = clouds.cloud_spec(prefix, words, mask, caption)

    if cloud is not None:
        add("cloud", f"Word cloud{of_months}", cloud)
    elif words:
        note = clouds.describe_list(words, counted) + repeats
        listed = {} if clouds.no_word_twice(words) else words
        add("cloud", f"Words{of_months}", words=listed, note=note)
