"""Publications: folders with what a tier allows to go out of one version of a release.

`tiers` lists what may go out, `offered` the columns that exist. `tables` builds the tables,
`documents` the files beside the data, `folder` writes all, and `proof` checks that the files hold
nothing else. `changes` compares two versions.
"""
