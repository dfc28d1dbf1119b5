"""Faults that single rows do not show: open quotes, rounded ids, values that hold rows."""
