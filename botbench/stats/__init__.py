"""Statistics: proportions, means, resampling, multiple comparisons, surveys, simulation."""
