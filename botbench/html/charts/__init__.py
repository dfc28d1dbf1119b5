"""One chart kit for all pages: inline SVG as text, without library, script or style attribute.

`elements` has the parts (escaped tags, ticks); the other modules have one kind of picture each.
Colours come from the page's style sheet: classes `axis`, `grid`, `mark`, `span`, `naive`, `band`,
`line` and `event`, with `c0` to `c7` for series.
"""
