"""One chart kit for all pages: inline SVG as text, without library, script or style attribute.

`elements` has the parts (escaped tags, ticks, marks), `layout` says where things stand; the other
modules have one kind of picture each. A page that shows a chart takes the style sheet `CHARTS` of
`botbench.html.environment`. Series 0 to 7 differ in colour, dash and mark (`c0` to `c7`), and
lines are named at their ends: a page needs no legend. Each chart is there in two widths
(`layout.both`), so a name in it may be longer on a page than on a phone.
"""
