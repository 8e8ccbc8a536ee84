"""Series: counts by period, subject and group, folded from frames."""
