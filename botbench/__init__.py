"""Make labelled data sets of bot and human accounts, and benchmark bot detectors on them.

Importing it loads nothing.
"""
