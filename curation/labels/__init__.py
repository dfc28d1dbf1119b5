"""From claims to labels: agreement, consensus, annotator quality, label errors, conflicts,
duplicates.
"""
