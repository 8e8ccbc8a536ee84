"""The language engine of the Text API: plain functions, no HTTP. Its parts import their libraries when first used."""

# Goes up when an answer changes: stored answers are kept under it.
ENGINE = "tidings-1.0"
