"""The section of a page on its words: a cloud, or a list where that says more."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reports.figures import word_clouds
from reports.figures.spec import Subject


def add_words(
    add: Callable[..., object],
    subject: Subject,
    word_counts: Mapping[str, int],
    mask: bytes | None,
    *,
    counted: str,
    first_texts: str,
    all_months: bool = False,
) -> None:
    """Add a cloud of *word_counts*, or a list; nothing if there are none.

    They are added by ``add(anchor, heading, figure, …)``. *counted* names the texts whose words are
    counted ("16 mentions"), *first_texts* says that texts which are alike count once. With
    *all_months* heading and caption say that the words are those of all months.
    """
    heading_ending = " of all months" if all_months else ""
    caption_ending = " in all months" if all_months else ""
    caption = f"The words of {counted}{caption_ending}.{first_texts}"
    cloud = word_clouds.cloud_spec(subject.slug, word_counts, mask, caption, subject.documents)

    if cloud is not None:
        add("cloud", f"Word cloud{heading_ending}", cloud)
    elif word_counts:
        note = word_clouds.describe_list(word_counts, counted) + first_texts
        listed = {} if word_clouds.no_word_twice(word_counts) else word_counts
        add("cloud", f"Words{heading_ending}", words=listed, note=note)
