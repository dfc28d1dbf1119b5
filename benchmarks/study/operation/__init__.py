"""The report of an operation: what a cohort of linked accounts did, and what would overturn it."""
