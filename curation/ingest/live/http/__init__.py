"""Requests to one server: `client` makes them, `answers` reads what comes back, within limits."""
