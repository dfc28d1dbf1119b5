"""The status as one HTML page that opens offline: no script, no request, light and dark, pseudonyms
unless names are given.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from curation.annotation.monitoring.status import LEAST, sentences

STYLE = """
:root { color-scheme: light dark; --ink:#1b1f24; --mute:#59626d; --line:#dfe3e8; --paper:#fff; --wash:#f1f4f7; --acc:#1f5fa8;
  --warn:#8a4b00; }
@media (prefers-color-scheme: dark) { :root { --ink:#ebe9e4; --mute:#b0ada5; --line:#45433e; --paper:#1f1e1b; --wash:#33312d;
  --acc:#82b4f0; --warn:#f0b868; } }
body { margin:0 auto; max-width:960px; padding:24px 16px 48px; font:15px/1.5 system-ui,sans-serif; color:var(--ink);
  background:var(--paper); font-variant-numeric:tabular-nums; }
h1 { font-size:22px; margin:0 0 4px; } h2 { font-size:16px; margin:28px 0 8px; } p { margin:4px 0; }
small, .m { color:var(--mute); }
.t { display:grid; grid-template-columns:repeat(auto-fit,minmax(150px,1fr)); gap:12px; margin:16px 0; }
.t div { border:1px solid var(--line); border-radius:8px; padding:10px 12px; }
.t b { display:block; font-size:22px; line-height:30px; } .t small { font-size:14px; font-weight:400; }
.w { overflow-x:auto; } table { border-collapse:collapse; width:100%; } th, td { text-align:right; padding:5px 10px;
  border-bottom:1px solid var(--line); white-space:nowrap; } th { font-weight:600; color:var(--mute); font-size:13px; }
th:first-child, td:first-child { text-align:left; } .bar { display:inline-block; width:90px; height:8px; border-radius:4px;
  background:var(--wash); vertical-align:middle; margin-right:8px; } .bar i { display:block; height:8px; border-radius:4px;
  background:var(--acc); } .note { border-left:3px solid var(--warn); padding:2px 0 2px 10px; margin:8px 0; }
"""


def page(found: dict[str, Any], names: Mapping[str, str] | None = None) -> str:
    """The page of a `status` document; `names` are for the lead's own page and stand beside
    pseudonyms.
    """
    total, agreement = found["all"], found["agreement"]
    left = total["assigned"] - total["done"]
    tiles = "".join(
        f"<div><b>{value}</b>{label}</div>"
        for value, label in (
            (f"{total['done']:,} of {total['assigned']:,}", "accounts done"),
            (f"{left:,}", "left"),
            (_seconds(total["median_seconds"]), "median time an account"),
            (_alpha(agreement), "Krippendorff's alpha (95 %)"),
            (
                f"{total['gold_right']} of {total['gold_seen']}" if total["gold_seen"] else "–",
                "gold answered as adjudicated",
            ),
            (f"{found['waiting_for_adjudication']:,}", "disputed, waiting for adjudication"),
        )
    )
    notes = "".join(f'<p class="note">{escape(line)}</p>' for line in sentences(found))
    people = "".join(
        _person(code, p, (names or {}).get(code)) for code, p in found["annotators"].items()
    )
    projects = "".join(
        f"<tr><td>{escape(p['batch'][:8])} · {escape(p['part'])}</td><td>{_bar(p)}</td></tr>"
        for p in found["projects"]
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>Annotation status</title><style>{STYLE}</style></head><body><main><h1>Annotation"
        " status</h1>"
        "<p class=m>Made by botbench annotate status. People are pseudonyms unless this page says"
        " their names.</p>"
        f'<div class="t">{tiles}</div>{notes}<h2>People</h2><div'
        ' class="w"><table><thead><tr><th>who</th><th>done</th>'
        "<th>skipped</th><th>refused</th><th>median time</th><th>gold</th><th>gold, 95"
        " %</th></tr></thead>"
        f"<tbody>{people}</tbody></table></div><p class=m>Fewer than {LEAST} gold accounts are not"
        " judged.</p>"
        '<h2>Projects</h2><div class="w"><table><thead><tr><th>batch and'
        " part</th><th>done</th></tr></thead>"
        f"<tbody>{projects}</tbody></table></div></main></body></html>\n"
    )


def _person(code: str, person: dict[str, Any], name: str | None) -> str:
    interval = (
        "–"
        if person["gold_low"] is None
        else f"{person['gold_low']:.0%} to {person['gold_high']:.0%}"
    )
    who = f"{escape(name)} <small>{escape(code)}</small>" if name else escape(code)
    mark = " · review" if person["review"] else ""
    cells = (
        f"{person['skipped']:,}",
        f"{person['rejected']:,}",
        _seconds(person["median_seconds"]),
        f"{person['gold_right']} of {person['gold_seen']}{mark}" if person["gold_seen"] else "–",
        interval,
    )
    return (
        f"<tr><td>{who}</td><td>{_bar(person)}</td>{''.join(f'<td>{c}</td>' for c in cells)}</tr>"
    )


def _bar(row: dict[str, Any]) -> str:
    share = min(100.0, 100 * row["done"] / row["assigned"]) if row["assigned"] else 0.0
    return (
        f'<span class="bar"><i style="width:{share:.0f}%"></i></span>{row["done"]:,} of'
        f" {row['assigned']:,}"
    )


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f} s"


def _alpha(agreement: dict[str, Any]) -> str:
    if agreement["alpha"] is None:
        return "–"
    return (
        f"{agreement['alpha']:.2f} <small>({agreement['low']:.2f} to"
        f" {agreement['high']:.2f})</small>"
    )
