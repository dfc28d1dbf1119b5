"""Live networks: requests within a budget, a journal that survives a kill, and one pull of it all.

`client` makes every request, `journal` keeps pages and cursors, `campaign` goes from hashtags to
authors and their timelines, `settle` compares what was seen with the store, and `networks` has one
file a network.
"""
