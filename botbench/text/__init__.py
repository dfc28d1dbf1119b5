"""Text: folding and comparing, escaping for terminal, HTML and spreadsheets, near-duplicates."""
