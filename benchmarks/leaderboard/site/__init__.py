"""The site: the board and its pages as a folder of static files, and the check that a board follows
from its predictions.

`data` writes and reads what a board is made from, `verify` makes it again, `pages/` holds one file
a kind of page, `charts` the pictures, `build` puts the folder together.
"""
