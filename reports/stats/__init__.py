"""Pure numbers: intervals, differences, surprises, agreement. They know no run and no word."""
