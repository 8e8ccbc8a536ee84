"""Pure numbers: intervals, comparisons, trends, agreement. They know no run and no word."""
