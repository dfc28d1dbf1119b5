"""What reaches a terminal: messages, tables, progress; no secret and no control character."""
