"""Who is asked what: batches, seats, pseudonyms, gold accounts and adjudication."""
