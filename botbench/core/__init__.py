"""The ground floor: errors, registry, console, progress, atomic files, SQL literals, hashing. It
knows no other room.
"""
