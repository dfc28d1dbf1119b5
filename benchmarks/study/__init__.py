"""Studies: how much of a campaign is bots, with an interval that holds.

`campaign` reads the definition, `data` the store. `estimators` are functions of arrays. Each
question is one file in `questions`, registered by decorator. `report` shows the answers.
"""
