"""The report of a study: answers, page and charts."""
