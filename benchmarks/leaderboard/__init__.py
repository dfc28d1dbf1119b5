"""The leaderboard: scores, ranks and ties (`compute`), its files (`render`) and the `site`.

The same results in any order give the same bytes.
"""
