"""The analysis of documents: corpora, steps, pipelines and the rules for texts."""
