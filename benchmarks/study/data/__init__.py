"""The data of a study: frame, labelled sample and detector scores."""
