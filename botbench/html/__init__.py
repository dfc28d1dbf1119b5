"""HTML pages: one template environment, one base page and style sheet, one chart kit."""
