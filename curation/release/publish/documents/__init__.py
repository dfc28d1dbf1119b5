"""The documents of a publication: README, datasheet, Croissant and their sentences."""
