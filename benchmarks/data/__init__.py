"""What detectors are given: releases as arrays, evidence, views, groups, folds and evasion moves."""
