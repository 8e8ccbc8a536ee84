"""What of a report is made when, and what is kept."""
