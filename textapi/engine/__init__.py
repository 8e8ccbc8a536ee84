"""The language engine of the Text API. It knows no HTTP and imports libraries on first use."""

# Goes up when an answer changes: stored answers are kept under it.
ENGINE = "tidings-1.1"
