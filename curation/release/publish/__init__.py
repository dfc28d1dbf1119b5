"""Publications: folders with what a tier allows to go out of one version of a release.

`tiers` lists what may go out, `offered` what there is; `tables` builds the tables, `proof` shows
that the files hold nothing else, `folder` writes all. `croissant`, `citation`, `datasheet` and
`changes` are the documents beside the data.
"""
