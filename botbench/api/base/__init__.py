"""What the objects of the API share: checks of what is given, and how they show themselves."""
