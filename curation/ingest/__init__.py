"""From files to rows in the store: cards, downloads, readers, pulls and their ledger."""
