"""Submissions: somebody else's predictions and a manifest, checked by the same code everywhere;
nobody's code is run.

`folder` reads a release's folder as strangers have it, `manifest` and `predictions` what they send,
`check` puts them together; `sealed` keeps test labels back with a commitment, `ladder` answers
without giving them away, `entries` puts a submission on the board.
"""
