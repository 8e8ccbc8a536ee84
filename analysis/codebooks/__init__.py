"""Codebooks: questions that people, networks and language models answer about texts."""
