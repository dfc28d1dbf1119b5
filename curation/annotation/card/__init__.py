"""The card that an annotator sees: the evidence about one account, and how it is drawn."""
