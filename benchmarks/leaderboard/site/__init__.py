"""The site: the board and its pages as static files, and its verification from predictions.

`data` writes and reads the predictions, `verify` computes the board again, `pages` holds one file
for each kind of page, `build` writes the folder.
"""
