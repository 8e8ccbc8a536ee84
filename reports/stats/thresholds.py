"""What is enough for a sentence, a mean or a test: limits that are the same for many of them."""

from __future__ import annotations

# Fewer documents, or posts, are named one by one; a change to fewer is not told, nor a pair.
FEW_DOCUMENTS = 10

# Fewer documents than these are no rise, no lead and no pattern; a mean of fewer is drawn lighter.
FEW = 5

# A group of fewer documents is not ranked. A mean of fewer polarities is not compared: single
# sentences move it.
FEWEST_OF_GROUP = 30

# A group or a silence is told if so many documents would be expected there to mention the subject:
# with a single one it would hang on chance (e^-3 is 5 %).
FEWEST_EXPECTED = 3.0

# A share, a rate or a number of documents is larger than another if it is so many times as large.
LEAST_RATIO = 1.5
# It is a peak, or has halved, if it is so many times another.
LARGE_RATIO = 2.0

# Counts and shares that differ by no more than this part are the same.
LEAST_CHANGE = 0.1

# Means that differ by less, about half of what an engine calls neutral, are not told.
LEAST_DIFFERENCE = 0.15

# In most periods means in so many of them.
MOST_PERIODS = 0.8

# A page tells so many findings of one sort, and sets so many subjects side by side.
MOST_TOLD = 3
