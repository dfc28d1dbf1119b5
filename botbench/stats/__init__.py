"""Statistics: proportions, means, resampling, multiple comparisons, survey estimators, simulation."""
