"""The board as HTML, CSV, Markdown and JSON, and the checks before it is written."""
