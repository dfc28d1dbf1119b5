"""Studies: how much of a campaign is bots, with an interval that holds.

Estimators (`sampled`, `powered`, `rogan_gladen`, `quantify`) are pure functions of arrays;
`campaign` reads the definition, `frame` the store; each question is one file in `questions/`,
registered by decorator; `report` shows what they answered.
"""
