"""What is asked about documents: corpora, steps, pipelines and the rules for texts."""
