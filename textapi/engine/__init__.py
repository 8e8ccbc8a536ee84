"""The language engine of the Text API. It knows no HTTP and imports libraries on first use."""

# The version goes up when an answer changes, because answers are stored under it. A polarity engine
# has a version of its own (`textapi.engine.polarity`). Answers on keywords changed without a new
# version for texts that are not in normal form: runs complete these (`place_sentences`).
ENGINE = "tidings-1.3"
