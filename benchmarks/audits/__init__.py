"""Audits: whether a published table can be true, whether a data set gives itself away, whether a
detector has seen it.
"""
