"""The run, its selection, its rows and counts, its tables, and their export."""
