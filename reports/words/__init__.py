"""Numbers, periods and scales in words, for findings, figures and pages."""
