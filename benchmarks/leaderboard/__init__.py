"""The board: what a run's predictions say, as rows (`table`), in words (`words`), as files
(`formats`) and one page (`page`).

Everything here is a function of the results alone: the same results in any order give the same
bytes.
"""
