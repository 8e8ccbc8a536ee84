"""What each page shows, as values, and the templates that write it."""
