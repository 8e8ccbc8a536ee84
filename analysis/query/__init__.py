"""Queries: terms combined by AND, OR, NOT and near/N, and where a document matches them.

docs/queries.md says how they are written.
"""
