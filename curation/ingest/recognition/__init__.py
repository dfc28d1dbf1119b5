"""What format a file has: told by its content, and the card that it would be read by."""
