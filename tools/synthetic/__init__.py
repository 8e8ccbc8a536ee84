"""The generator of the texts that ship with the project (`sources.synthetic`).

``python -m tools.synthetic`` writes them anew. The same bytes come out on every Python and machine
(for the archive: within the gzip wrapper, which is the machine's zlib's).
"""
