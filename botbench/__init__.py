"""Make labelled data sets of bot and human accounts, and judge bot detectors on them. Importing it
loads nothing.
"""
