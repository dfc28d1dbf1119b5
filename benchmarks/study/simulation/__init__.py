"""Simulated campaigns of which the truth is known: does an interval of 95 % hold the truth 95 times
of 100?
"""
