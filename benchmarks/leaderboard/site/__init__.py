"""The site: the board and its pages as static files, and its verification from predictions.

`data` writes and reads what a board is made from, `verify` computes it again, `pages/` holds one
file for each kind of page, `charts` the pictures, `build` writes the folder.
"""
