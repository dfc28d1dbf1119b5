"""Publications: what goes out of a release, in a tier. A release is the store's frozen data set
(everything, internal); a publication is a folder made from one version of it, holding what the
tier's lists allow and nothing else.

`tiers` say what may go out, `offered` what there is, `tables` build it, `proof` shows that nothing
else is in the files, `folder` writes it all; `croissant`, `citation`, `datasheet` and `changes` are
the documents beside the data.
"""
