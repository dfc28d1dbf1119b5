"use strict";
(() => {
  const $ = (q, e = document) => e.querySelector(q), $$ = (q, e = document) => [...e.querySelectorAll(q)];
  const bare = (_, v) => v && typeof v === "object" && !Array.isArray(v) ? Object.assign(Object.create(null), v) : v;
  const D = JSON.parse($("#data").textContent, bare), body = $("#rows"), form = $("form"), [main, other] = D.kinds;
  const NAMES = {t: "transfer", i: "in distribution", e: "worst evasion", p: "prevalence"}, PARTS = ["platform", "licence"];
  const start = {metric: D.first, scope: "", lack: "", platform: "", licence: "", protocol: "", met: "", sort: "rank:asc"}, now = {...start};
  document.documentElement.classList.add("js");

  const num = (x, sign) => {
    const s = Math.abs(x).toFixed(3).replace(/^0/, "");
    return (s === ".000" ? "" : x < 0 ? "−" : sign ? "+" : "") + s;
  };
  const span = (c, sign) => { const [l, h] = c.slice(-2); return l === null ? "no interval" : h - l < 5e-7 ? "same in every draw" : num(l, sign) + " to " + num(h, sign); };
  const X = v => { const {a, b} = D.domain[now.metric]; return (2 + 96 * (v - a) / (b - a)).toFixed(2) + "%"; };
  const add = (e, attributes, children) => {
    for (const [name, value] of Object.entries(attributes)) e.setAttribute(name, value);
    e.append(...children);
    return e;
  };
  const el = (name, attributes = {}, ...children) => add(document.createElement(name), attributes, children);
  const svg = (name, attributes) => add(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, []);
  const line = (c, from, to, more = {}) => svg("line", {class: c, x1: X(from), x2: X(to), ...more});
  const passes = t => PARTS.every((p, i) => now[p] === "" || now[p] === D.sets[t][i]);
  const core = () => D.core.filter(passes);
  const found = () => now.scope !== "" || core().length === D.core.length ? D.summary[now.scope] : core().length ? D.summary[core().join("\n")] : undefined;
  const entry = d => found()?.[now.metric][d];
  const value = (d, k, test) => D.cells[d]?.[k]?.[test]?.v[now.metric];
  const gap = (d, k, scope) => scope !== "" || core().length ? D.gaps[d][scope + "\n" + k] : "no data set of the mean is left by the filters";
  const few = () => now.scope !== "" && D.few[now.scope];
  const unless = (condition, ...nodes) => condition ? [] : nodes;

  function mark(g) {
    const {d, k, s: own} = g.dataset, scope = own || now.scope, nodes = [];
    if (d === undefined) return;
    const e = scope === "" ? entry(d) : null, score = scope === "" ? e?.s[k] : value(d, k, scope), wide = e?.w[k];
    if (scope === "") for (const t of core()) { const v = value(d, k, t); if (v) nodes.push(line("tk", v[0], v[0], {y1: "62%", y2: "100%"})); }
    if (wide) nodes.push(line("w", ...wide));
    if (score && score[1] !== null) nodes.push(line("bi", score[1], score[2]));
    if (score) nodes.push(svg("circle", {cx: X(score[0]), r: 4}));
    g.replaceChildren(...nodes);
  }
  const range = ([low, high]) => low === high ? String(low) : low + " to " + high;
  function rank(cell, e) {
    cell.replaceChildren(el("span", {class: "rk"}, e && e.r !== null ? String(e.r) : "–"));
    if (!e) return;
    if (e.r === null) { cell.append(el("small", {}, few() ? "too few to rank" : "not ranked")); return; }
    if (e.else) cell.append(el("small", {class: "st"}, "tie group " + e.ge), el("small", {}, range(e.else) + " elsewhere"));
    cell.append(el("small", {}, range(e.here) + " here"));
    if (e.g && !e.else) cell.append(el("small", {}, "tie group " + e.g + " here"));
    if (e.f) cell.append(el("small", {class: "no"}, e.f + " under label doubt"));
    if (now.sort === "rank:asc") for (const b of e.bars) cell.append(
      el("i", {class: `ln l${b.lane}${b.first ? " s" : ""}${b.last ? " e" : ""}`}), el("span", {class: "sr"}, "not separated from " + b.others.join(", ")));
  }
  function score(cell, d, k, e) {
    if (!cell) return;
    $$("button,.iv,.na,.chip", cell).forEach(n => n.remove());
    const s = e?.s[k];
    cell.prepend(...(s ? [el("button", {class: "v", type: "button", "data-k": k, "aria-label": `${num(s[0])}, ${d}: where it comes from`}, num(s[0])),
      el("span", {class: "iv"}, span(s)), ...unless(!few(), el("span", {class: "chip few"}, "few"))] : [el("span", {class: "na"}, gap(d, k, now.scope) || "not defined")]));
  }
  const origined = (d, k, text, what) => el("button", {class: "v", type: "button", "data-k": k, "aria-label": `${text}, ${d}, ${what}: where it comes from`}, text);
  function above(cell, d, e) {
    const a = e?.above;
    if (!a) { cell.replaceChildren(el("small", {}, e && d === D.tree ? "this is the one question" : "–")); return; }
    cell.replaceChildren(origined(d, "above", num(a[0], true), "above one question"), el("small", {}, span(a, true)), ...unless(a[1] > 0 || a[2] < 0, el("small", {class: "no"}, "zero is inside")),
      ...unless(now.scope !== "", el("small", {}, `better on ${e.on} of ${core().length}`)));
  }
  function decided(t, cell, d) {
    if (!cell) return;
    const tests = now.scope === "" ? core() : [now.scope], own = tests.map(s => D.cells[d]?.[main]?.[s]).filter(c => c && c.coverage !== null);
    const mean = values => values.reduce((a, b) => a + b, 0) / values.length, whole = own.length > 0 && own.length === tests.length;
    const values = own.map(c => c.decided[now.metric]).filter(v => v !== undefined), share = whole ? mean(own.map(c => c.coverage)) : null;
    t.dataset.decided = share === null ? "" : share;
    cell.replaceChildren(...(whole ? [el("span", {class: "iv"}, num(share)), ...unless(share === 1 || values.length < own.length, el("small", {}, num(mean(values)) + " on these"))] : [el("small", {}, "–")]));
  }
  function row(t) {
    const d = t.dataset.d, e = entry(d), q = n => $("td.c-" + n, t), lost = q("lost");
    t.classList.toggle("un", !e); t.classList.toggle("few", Boolean(few()));
    rank(q("rank"), e); score(q("main"), d, main, e); score(q("other"), d, other, e); above(q("above"), d, e); decided(t, q("decided"), d);
    for (const b of $$("td[data-b]", t)) {
      const k = b.dataset.b, s = now.scope === "" ? e?.s[k] : value(d, k, now.scope);
      b.replaceChildren(...(s ? [origined(d, k, num(s[0]), NAMES[k] || k), el("small", {}, span(s))] : [el("small", {}, "–")]));
    }
    if (lost) lost.replaceChildren(...(e?.lost ? [origined(d, "lost", num(e.lost[0], true), "lost"), el("small", {}, span(e.lost, true))] : [el("small", {}, "–")]));
    const lack = now.lack.split(",");
    const met = t.dataset.met.split("\n").filter(Boolean), known = now.scope === "" ? met.length > 0 : met.includes(now.scope);
    t.hidden = t.dataset.floor !== "1" && (t.dataset.need.split(",").some(n => n && lack.includes(n)) || (now.met !== "" && (now.met === "yes") !== known));
  }
  function small() {
    for (const g of $$(".gap")) {
      const [m, o] = [main, other].map(k => value(g.dataset.d, k, g.dataset.s));
      if (m && o) { g.setAttribute("x1", X(m[0])); g.setAttribute("x2", X(o[0])); } else { g.removeAttribute("x1"); g.removeAttribute("x2"); }
    }
    for (const b of $$("[data-vd]")) { const v = value(b.dataset.vd, main, b.dataset.vs); b.textContent = v ? num(v[0]) : "–"; b.setAttribute("aria-label", `${b.textContent}, ${b.dataset.vd} on ${b.dataset.vs}: where it comes from`); }
    for (const a of $$("#sets article")) a.hidden = !passes(a.dataset.t);
    const {chance, ticks} = D.domain[now.metric];
    document.body.classList.toggle("nochance", chance === null);
    if (chance !== null) for (const c of $$("#rows .ch, .sm .ch")) { c.setAttribute("x1", X(chance)); c.setAttribute("x2", X(chance)); }
    const sparse = ticks.length > 6 ? ticks.filter((_, i) => i % 2 === 0) : ticks;
    for (const a of $$(".ax")) a.replaceChildren(...(a.closest(".sm") ? sparse : ticks).map(t => {
      const label = svg("text", {x: X(t), y: 10});
      label.textContent = String(t).replace("-", "−").replace("0.", ".");
      return label;
    }));
  }
  function say() {
    const m = D.metrics[now.metric], rows = $$("tr", body), lower = m.low ? " Lower is better." : "", n = core().length;
    const mean = n ? `Mean of ${n} data set${n === 1 ? "" : "s"}${main === "t" && n > 1 ? ", each left out of training in turn" : ""}${n < D.core.length ? `: ${core().join(", ")}` : ""}.` : now.platform || now.licence ? "No data set of the mean is left by the filters." : "Nothing is ranked; the values stand below, data set by data set.";
    $("#scopesay").textContent = (now.scope === "" ? mean : `Tested on ${now.scope} alone${few() ? ", which has too few accounts of one class: nothing is ranked" : ""}.`) + lower + (now.protocol && !D.drawn[now.protocol] ? " The chosen protocol is in no column; its scores stand in the table of every score, open at the end of this page." : "");
    $("#mq").setAttribute("popovertarget", "p-m" + m.at);
    $("#warn").hidden = !rows.some(t => t.dataset.floor === "1" && entry(t.dataset.d)?.r === 1);
    const [column, direction] = now.sort.split(":");
    $("#live").textContent = `${m.title}, ${now.scope || "mean"}: ${rows.filter(t => !t.hidden).length} detectors, sorted by ${column}, ${direction}ending`;
  }
  function keep() {
    const state = new URLSearchParams(), old = location.hash.slice(1);
    for (const k in now) if (now[k] !== start[k]) state.set(k, now[k]);
    if (state.toString() !== old && (state.size || old.includes("="))) history.replaceState(null, "", state.size ? "#" + state : location.pathname + location.search);
  }
  const keys = {rank: e => e.r, main: e => e.s[main]?.[0], other: e => e.s[other]?.[0], lost: e => e.lost?.[0], above: e => e.above ? e.above[0] : 0};
  function sort() {
    const [column, direction] = now.sort.split(":"), sign = direction === "asc" ? 1 : -1;
    const key = t => {
      if (column === "name") return t.dataset.d;
      if (column === "cost") return Number(t.dataset.cost);
      if (column === "decided") return t.dataset.decided === "" ? null : Number(t.dataset.decided);
      const e = entry(t.dataset.d);
      const read = keys[column] || (x => x.s[D.beside[Number(column.slice(1))]]?.[0]);
      return e ? read(e) ?? null : null;
    };
    const name = (a, b) => a.dataset.d < b.dataset.d ? -1 : 1;
    const order = (a, b) => {
      const x = key(a), y = key(b);
      if (x === null || y === null) return (x === null) - (y === null) || name(a, b);
      return x < y ? -sign : x > y ? sign : name(a, b);
    };
    body.append(...$$("tr", body).sort(order));
    for (const h of $$("th[data-col]")) h.setAttribute("aria-sort", h.dataset.col === column ? direction + "ending" : "none");
    $("#sortby").value = column;
  }
  function narrow() {
    for (const o of $$("#scope option")) o.hidden = o.value !== "" && !passes(o.value);
    if (now.scope !== "" && !passes(now.scope)) { now.scope = ""; $("#scope").value = ""; }
    $("#scope option").textContent = `mean of ${core().length} data set${core().length === 1 ? "" : "s"}`;
    const only = D.drawn[now.protocol], columns = {main, other, b0: D.beside[0], b1: D.beside[1], decided: main};
    const away = ([name, k]) => Boolean(only) && (name === "above" ? only !== main : name === "lost" ? true : k !== only);
    for (const [name, k] of Object.entries({...columns, above: "", lost: ""})) for (const c of $$(".c-" + name)) c.hidden = away([name, k]);
  }
  function every() {
    const shown = new Set($$("tr", body).filter(t => !t.hidden).map(t => t.dataset.d));
    for (const t of $$("#every tbody tr")) t.hidden = !shown.has(t.dataset.d) || !passes(t.dataset.t) || (now.protocol !== "" && t.dataset.p !== now.protocol);
    if (now.protocol !== "" && !D.drawn[now.protocol]) $("#every").open = true;
  }
  function paint() { narrow(); $$("tr", body).forEach(row); $$(".mk").forEach(mark); small(); sort(); say(); every(); keep(); }
  function read() {
    const state = new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : "");
    Object.assign(now, start);
    for (const k in now) if (state.has(k)) now[k] = state.get(k);
    if (!Object.hasOwn(D.metrics, now.metric)) now.metric = start.metric;
    if (now.scope !== "" && !Object.hasOwn(D.sets, now.scope)) now.scope = "";
    for (const k of [...PARTS, "protocol", "met"]) {
      if (![...$("#" + k).options].some(o => o.value === now[k])) now[k] = "";
      $("#" + k).value = now[k];
    }
    const [column, direction] = now.sort.split(":");
    if (!$(`th[data-col="${CSS.escape(column)}"]`) || !["asc", "desc"].includes(direction)) now.sort = start.sort;
    for (const r of $$("[name=metric]")) {
      r.checked = r.value === now.metric;
      if (r.checked && r.closest("details")) r.closest("details").open = true;
    }
    $("#scope").value = now.scope;
    for (const b of $$("[name=have]")) b.checked = !now.lack.split(",").includes(b.value);
    paint();
  }
  const firstly = column => ["rank", "name", "cost"].includes(column) || (D.metrics[now.metric].low && ["main", "other", "b0", "b1"].includes(column)) ? "asc" : "desc";
  const file = (key, ending, text) => el("a", {href: `data/cells/${key}.${ending}`, ...(ending === "parquet" ? {download: ""} : {})}, text);
  function origin(what, pairs, tests) {
    const heads = ["detector", "test", "value", "95 %", "accounts (bots)", "trained on", "seed", D.site ? "cell and its predictions" : "cell"];
    const found = pairs.flatMap(([d, k]) => tests.map(t => [d, k, t, D.cells[d]?.[k]?.[t]])).filter(r => r[3]?.v[now.metric]);
    const cell = text => el("td", {}, text), code = key => el("code", {title: key}, key.slice(0, 12));
    const lines = found.map(([d, k, t, c]) => { const v = c.v[now.metric]; return el("tr", {}, cell(d), cell(t), cell(num(v[0])), cell(span(v)), cell(`${c.n.toLocaleString("en")} (${c.bots.toLocaleString("en")})`),
      cell(k === "t" ? c.train.join(", ") : "other folds of it"), cell(String(c.seed ?? "–")), el("td", {}, ...(D.site ? [file(c.cell, "json", c.cell.slice(0, 12)), " ", file(c.cell, "parquet", "predictions")] : [code(c.cell)]))); });
    const table = el("table", {}, el("thead", {}, el("tr", {}, ...heads.map(h => el("th", {scope: "col"}, h)))), el("tbody", {}, ...lines));
    const used = [...new Set(found.flatMap(([, , t, c]) => [...t.split("+"), ...c.train]))].filter(r => D.hashes[r]).sort();
    const panel = $("#p-from");
    panel.replaceChildren(el("h3", {}, `${pairs[0][0]}, ${D.metrics[now.metric].title}, ${what}`), el("p", {class: "mu"}, [...new Set(found.map(r => r[3].protocol))].join("; ")),
      el("div", {class: "sx", role: "region", tabindex: "0", "aria-label": "Cells"}, table),
      el("p", {}, "Run ", el("code", {}, D.run), ". Releases, by the sha256 of their content: ", ...used.flatMap((r, i) => [i ? ", " : "", `${r} `, code(D.hashes[r])]), "."));
    panel.showPopover(); panel.focus();
  }
  form.addEventListener("change", () => {
    const column = $("#sortby").value;
    now.metric = $("[name=metric]:checked").value;
    for (const k of ["scope", ...PARTS, "protocol", "met"]) now[k] = $("#" + k).value;
    now.lack = $$("[name=have]:not(:checked)").map(b => b.value).join(",");
    if (column !== now.sort.split(":")[0]) now.sort = column + ":" + firstly(column);
    paint();
  });
  form.addEventListener("submit", e => e.preventDefault());
  form.addEventListener("reset", e => { e.preventDefault(); history.replaceState(null, "", location.pathname + location.search); read(); });
  for (const b of $$(".so")) b.addEventListener("click", () => {
    const column = b.closest("th").dataset.col, [old, direction] = now.sort.split(":");
    now.sort = column + ":" + (column === old ? (direction === "asc" ? "desc" : "asc") : firstly(column));
    paint();
  });
  body.addEventListener("click", e => {
    const b = e.target.closest(".v"), d = b?.closest("tr").dataset.d, k = b?.dataset.k, tests = now.scope === "" ? core() : [now.scope];
    if (b) origin(...{above: ["above one question", [[d, main], [D.tree, main]]], lost: ["lost", [[d, main], [d, other]]]}[k] || [NAMES[k], [[d, k]]], tests);
  });
  $("#sets").addEventListener("click", e => { const b = e.target.closest(".v"); if (b) origin(NAMES[main], [[b.dataset.vd, main]], [b.dataset.vs]); });
  for (const n of ["rank", "iv", "decided"].filter(n => $("#p-" + n))) $("#p-" + n).append(...[...$("#t-" + n).children].map(e => e.cloneNode(true)));
  addEventListener("hashchange", read);
  read();
})();
