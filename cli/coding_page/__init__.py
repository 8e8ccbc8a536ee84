"""The page in a browser on which people code: ``tidings label RUN --codebook FILE --serve``."""
