"""Build a report's folder: what is made, when, and what is kept."""
