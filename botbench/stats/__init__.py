"""Statistics: proportions and their intervals, resampling, multiple comparisons, survey estimators."""
