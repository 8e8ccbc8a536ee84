"""The tables of a run that are shown and exported: one module for each, or for each group.

A reader yields its rows in short transactions, a month, a job or a batch at a time, so that a run
of a million documents needs no more memory than one of a thousand.
"""
