"""Pure numbers: intervals, differences, surprises, agreement. They know no run and no word.

`scipy.special` and `scipy.optimize` are named whole: SciPy loads them when the first function of
theirs is called, which takes half a second that most commands save.
"""
