"""From predictions to a board: scores with intervals, summaries, ranks and tie groups."""
