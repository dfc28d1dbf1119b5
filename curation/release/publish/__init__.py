"""Publications: folders with what a tier allows to go out of one version of a release.

`tiers` lists what may go out, `publishable_columns` what exists. `tables` builds the tables,
`documents` the files beside the data, `folder` writes all, and `proof` checks that the files hold
nothing else. `changes` compares two versions.
"""
