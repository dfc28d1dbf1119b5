"""Submissions: predictions and a manifest of others, checked as data; their code never runs.

`folder` reads a release's folder as others have it, `manifest` and `predictions` read a submission,
`check` combines them; `sealed` keeps test labels back with a commitment, `ladder` limits what
answers reveal, `entries` puts a submission on the board.
"""
