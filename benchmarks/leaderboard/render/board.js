"use strict";
(() => {
  const $ = (q, e = document) => e.querySelector(q), $$ = (q, e = document) => [...e.querySelectorAll(q)];
  const bare = (_, v) => v && typeof v === "object" && !Array.isArray(v) ? Object.assign(Object.create(null), v) : v;
  const D = JSON.parse($("#data").textContent, bare), body = $("#rows"), form = $("form"), [main, other] = D.kinds;
  const NAMES = {t: "transfer", i: "in distribution", e: "worst evasion", p: "prevalence"}, PARTS = ["platform", "licence"];
  const start = {metric: D.first, scope: "", lack: "", platform: "", licence: "", protocol: "", met: "", sort: "rank:asc"}, now = {...start};
  document.documentElement.classList.add("js");

  // Numbers are packed: thousandths in base 64 (benchmarks/leaderboard/render/packing.py).
  const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_", digit = Object.create(null);
  [...DIGITS].forEach((c, i) => { digit[c] = i; });
  const read1 = (s, at, w) => { let n = 0; for (let i = at; i < at + w; i++) n = n * 64 + digit[s[i]]; return n; };
  const number = (s, i, w) => s[i * w] === "~" ? null : (read1(s, i * w, w) - 64 ** w / 2) / 1000;
  const count = (s, i, w = D.small) => s === undefined || s[i * w] === "~" ? null : read1(s, i * w, w);
  const tuple = (s, i, n, w) => s === undefined || s[i * n * w] === "~" ? null : Array.from({length: n}, (_, k) => number(s, i * n + k, w));
  const place = Object.create(null);
  D.detectors.forEach((name, i) => { place[name] = i; });

  const num = (x, sign) => {
    const s = Math.abs(x).toFixed(3).replace(/^0/, "");
    return (s === ".000" ? "" : x < 0 ? "−" : sign ? "+" : "") + s;
  };
  const span = (c, sign) => { const [l, h] = c.slice(-2); return l === null ? "no interval" : h === l ? "same in every draw" : num(l, sign) + " to " + num(h, sign); };
  const X = v => { const {a, b} = D.domain[now.metric]; return Math.floor(20 + 960 * (v - a) / (b - a) + .5); };
  const add = (e, attributes, children) => {
    for (const [name, value] of Object.entries(attributes)) e.setAttribute(name, value);
    e.append(...children);
    return e;
  };
  const el = (name, attributes = {}, ...children) => add(document.createElement(name), attributes, children);
  const svg = (name, attributes) => add(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, []);
  const draw = (picture, paths) => picture.replaceChildren(...Object.entries(paths).filter(p => p[1]).map(([name, d]) => svg("path", {class: name, d})));

  const passes = t => PARTS.every((p, i) => now[p] === "" || now[p] === D.sets[t][i]);
  const core = () => D.core.filter(passes);
  const found = () => now.scope !== "" || core().length === D.core.length ? D.summary[now.scope] : core().length ? D.summary["\n" + core().join("\n")] : undefined;
  const unpacked = new Map();
  function entries() {
    const own = found()?.[now.metric], w = D.metrics[now.metric].w;
    if (!own) return [];
    if (unpacked.has(own)) return unpacked.get(own);
    const runs = (own.bars ?? "").split(",").map(s => Array.from({length: s.length / D.small}, (_, k) => count(s, k)));
    unpacked.set(own, Array.from({length: own.d.length / D.small}, (_, i) => {
      const e = {d: count(own.d, i), r: count(own.r, i), here: [0, 1].map(k => count(own.here, 2 * i + k)), f: own.f?.[i], runs: runs[i] || [], s: {}, w: {}};
      e.else = own.else && count(own.else, 2 * i) !== null ? [0, 1].map(k => count(own.else, 2 * i + k)) : null;
      for (const name of ["above", "lost"]) e[name] = tuple(own[name], i, 3, w);
      e.on = count(own.on, i, 2);
      e.aw = tuple(own.aw, i, 2, w);
      for (const k in own.s || {}) e.s[k] = tuple(own.s[k], i, 3, w);
      for (const k in own.w || {}) e.w[k] = tuple(own.w[k], i, 2, w);
      if (!own.s) for (const k of [...D.kinds, ...D.beside]) e.s[k] = value(e.d, k, now.scope);
      return e;
    }));
    return unpacked.get(own);
  }
  const entry = d => entries().find(e => e.d === d);
  const cells = Object.create(null);
  for (const g of D.groups) for (let i = 0; i < g.d.length / D.small; i++) cells[`${count(g.d, i)} ${g.k} ${g.t}`] = [g, i];
  const cell = (d, k, t) => cells[`${d} ${k} ${t}`];
  const value = (d, k, t, metric = now.metric) => { const [g, i] = cell(d, k, t) || [], s = g?.v[metric]; return s ? tuple(s, i, 3, D.metrics[metric].w) : null; };
  const gap = (d, k, scope) => scope !== "" || core().length ? D.gaps[d]?.[scope + "\n" + k] : "no data set of the mean is left by the filters";
  const few = () => now.scope !== "" && Boolean(D.few[now.scope]);
  const unless = (condition, ...nodes) => condition ? [] : nodes;
  const mean = values => values.reduce((a, b) => a + b, 0) / values.length;

  const line = (ends, y) => ends && ends[0] !== null && ends[1] !== null ? `M${X(ends[0])} ${y}H${X(ends[1])}` : "", dot = (v, y) => `M${X(v)} ${y}h0`;
  function mark(picture, d, k, e) {
    const chance = D.domain[now.metric].chance, s = e?.s[k];
    const ticks = now.scope === "" ? core().map(t => value(d, k, t)).filter(Boolean).map(v => `M${X(v[0])} 10V17`).join("") : "";
    draw(picture, {ch: chance === null ? "" : `M${X(chance)} 0V17`, tk: ticks, w: line(e?.w[k], 8.5), bi: s ? line(s.slice(1), 8.5) : "", po: s ? dot(s[0], 8.5) : "", pi: s && (k !== main || few()) ? dot(s[0], 8.5) : ""});
  }
  const range = ([low, high]) => low === high ? String(low) : low + "-" + high;
  const ranks = e => "rank " + range(e.here) + (e.else ? ` (${range(e.else)} on other data)` : "");
  function bars() {
    const members = new Map(), lanes = new Map();
    for (const e of entries()) for (const run of e.runs) members.set(run, [...members.get(run) || [], e.d]);
    for (const run of [...members.keys()].sort((a, b) => a - b)) {
      const taken = [...lanes.keys()].filter(o => members.get(o).some(d => members.get(run).includes(d))).map(o => lanes.get(o));
      lanes.set(run, [0, 1, 2].find(l => !taken.includes(l)) ?? 2);
    }
    return {members, lanes};
  }
  function rank(cell, e, {members, lanes}) {
    cell.replaceChildren(el("span", {class: "rk"}, e && e.r !== null ? String(e.r) : "–"));
    if (!e) return;
    if (e.r === null) { cell.append(el("small", {}, few() ? "too few to rank" : "not ranked")); return; }
    cell.append(el("small", {}, ranks(e)));
    if (e.f) cell.append(el("small", {class: "no"}, e.f + " under label doubt"));
    if (now.sort === "rank:asc") for (const run of e.runs) {
      const own = members.get(run), others = own.filter(d => d !== e.d).map(d => D.detectors[d]);
      cell.append(el("i", {class: `ln l${lanes.get(run)}${own[0] === e.d ? " s" : ""}${own.at(-1) === e.d ? " e" : ""}`}),
        el("span", {class: "sr"}, "not separated from " + (others.length < 7 ? others.join(", ") : others.length + " others")));
    }
  }
  const pressed = (k, text) => el("button", {class: "v", type: "button", "data-k": k}, text);
  function score(cell, d, k, e) {
    if (!cell) return;
    const s = e?.s[k], picture = $("svg", cell);
    cell.replaceChildren(...(s ? [pressed(k, num(s[0])), el("span", {class: "iv"}, span(s)), ...unless(!few(), el("span", {class: "chip few"}, "few"))] : [el("span", {class: "na"}, "–")]), picture);
    mark(picture, d, k, e);
  }
  function above(cell, d, e) {
    const a = e?.above;
    if (!a) { cell.replaceChildren(el("small", {}, e && d === D.tree ? "this is the one question" : "–")); return; }
    cell.replaceChildren(pressed("above", num(a[0], true)), el("small", {}, span(a, true)), ...unless(a[1] > 0 || a[2] < 0, el("small", {class: "no"}, "zero is inside")),
      ...unless(now.scope !== "", el("small", {}, `better on ${e.on} of ${core().length}`)));
  }
  function decided(t, cell, d) {
    if (!cell) return;
    const tests = now.scope === "" ? core() : [now.scope], w = D.metrics[now.metric].w, own = tests.map(s => cells[`${d} ${main} ${s}`]).filter(Boolean);
    const shares = own.map(([g, i]) => g.share === undefined ? 1 : number(g.share, i, 2)), whole = shares.length > 0 && shares.length === tests.length && !shares.includes(null);
    const values = own.filter(([g]) => g.decided?.[now.metric]).map(([g, i]) => number(g.decided[now.metric], i, w)).filter(v => v !== null);
    const share = whole ? mean(shares) : null;
    t.dataset.decided = share === null ? "" : share;
    cell.replaceChildren(...(whole ? [el("span", {class: "iv"}, num(share)), ...unless(share === 1 || values.length < own.length, el("small", {}, num(mean(values)) + " on these"))] : [el("small", {}, "–")]));
  }
  function row(t, drawn) {
    const d = place[t.dataset.d], e = entry(d), q = n => $("td.c-" + n, t), lost = q("lost");
    t.classList.toggle("un", !e); t.classList.toggle("few", few());
    rank(q("rank"), e, drawn); score(q("main"), d, main, e); score(q("other"), d, other, e); above(q("above"), d, e); decided(t, q("decided"), d);
    $(".why", t).textContent = e ? "" : gap(d, main, now.scope) || "not defined";
    for (const b of $$("td[data-b]", t)) {
      const k = b.dataset.b, s = e?.s[k] || (now.scope === "" ? null : value(d, k, now.scope));
      b.replaceChildren(...(s ? [pressed(k, num(s[0])), el("small", {}, span(s))] : [el("small", {}, "–")]));
    }
    if (lost) lost.replaceChildren(...(e?.lost ? [pressed("lost", num(e.lost[0], true)), el("small", {}, span(e.lost, true))] : [el("small", {}, "–")]));
    const lack = now.lack.split(","), met = (t.dataset.met || "").split("\n").filter(Boolean), known = now.scope === "" ? met.length > 0 : met.includes(now.scope);
    t.hidden = t.dataset.floor !== "1" && ((t.dataset.need || "").split(",").some(n => n && lack.includes(n)) || (now.met !== "" && (now.met === "yes") !== known));
  }
  function panels() {
    const {chance, ticks} = D.domain[now.metric], tall = 24 * D.detectors.length;
    document.body.classList.toggle("nochance", chance === null);
    for (const a of $$("#sets article")) {
      const t = a.dataset.t, picture = $(".pm", a);
      a.hidden = !passes(t);
      if (!picture) continue;
      const paths = {ch: chance === null ? "" : `M${X(chance)} 0V${tall}`, gap: "", ob: "", oo: "", oi: "", bi: "", po: "", pi: ""};
      $$("li", a).forEach((li, d) => {
        const y = 24 * d + 12, [m, o] = [main, other].map(k => value(d, k, t)), b = $(".v", li);
        if (b) b.textContent = m ? num(m[0]) : "–";
        for (const [s, names] of [[o, ["ob", "oo", "oi"]], [m, D.few[t] ? ["bi", "po", "pi"] : ["bi", "po"]]]) if (s) {
          paths[names[0]] += line(s.slice(1), y);
          for (const n of names.slice(1)) paths[n] += dot(s[0], y);
        }
        if (m && o) paths.gap += line([m[0], o[0]], y);
      });
      draw(picture, paths);
    }
    const sparse = ticks.length > 6 ? ticks.filter((_, i) => i % 2 === 0) : ticks;
    for (const a of $$(".ax")) a.replaceChildren(...sparse.map(t => {
      const label = svg("text", {x: X(t) / 10 + "%", y: 11});
      label.textContent = String(t).replace("-", "−").replace("0.", ".");
      return label;
    }));
  }

  // The first sentence, in the words of benchmarks/leaderboard/render/lead.py.
  function lead() {
    const m = D.metrics[now.metric], shown = new Set($$("tr:not([hidden])", body).map(t => place[t.dataset.d])), sets = now.scope === "" ? core() : [now.scope];
    const top = entries().find(e => e.r !== null && shown.has(e.d)), inside = main === "i", many = sets.length > 1;
    const hidden = D.detectors.length - shown.size, chance = D.domain[now.metric].chance;
    if (!top) { $("#lead").textContent = few() ? `Nothing is ranked: ${now.scope} has too few accounts of one class.` : "Nothing is ranked by this choice."; if (!inside) $("#but").textContent = ""; return; }
    const where = many ? (inside ? "On fresh accounts of the data sets it learned from" : "On data sets left out of its training") : inside ? `On fresh accounts of ${sets[0]}, from which it learned` : `On ${sets[0]}, left out of its training`;
    const parts = [hidden ? `Of the ${shown.size} detectors shown: ` : "", where + ", ", el("b", {}, D.detectors[top.d]), ` has the ${m.low ? "lowest" : "highest"} ${many ? "mean: " : ""}${m.said} `, el("b", {}, num(top.s[main][0])), chance === null ? "." : `, where guessing gives ${num(chance)}.`];
    if (!inside && top.s.i) parts.push(` On fresh accounts of ${many ? "the data sets it learned from" : "data that it learned from"}, the same detector reaches ${num(top.s.i[0])}.`);
    $("#lead").replaceChildren(...parts);
    // A board without transfer scores says so, whatever is chosen.
    if (!inside) $("#but").textContent = caution(top, sets);
  }
  function caution(top, sets) {
    if (D.floors.includes(top.d)) return "It is a shortcut: no detector here scores higher.";
    const settled = ends => ends && ends[0] !== null && ends[0] * ends[1] > 0;
    const question = !top.above ? "The one-question tree has no score here, so there is nothing to hold it against."
      : sets.length === 1 ? (settled(top.above.slice(1)) ? "A tree with one question is separated from it." : "It is not separated from a tree with one question.")
      : `It beats a tree with one question on ${top.on} of ${sets.length} data sets` + (settled(top.aw) ? "." : ": too few to expect the same on another one.");
    const [low, high] = top.else || top.here, on = top.else ? "On other data" : "On these accounts";
    return question + (low === null ? "" : low === high ? ` ${on} its rank is ${low}${top.else ? " too" : ""}.` : ` ${on} its rank could be ${low} to ${high}.`);
  }
  function say() {
    const m = D.metrics[now.metric], rows = $$("tr", body), lower = m.low ? " Lower is better." : "", n = core().length;
    const whole = n ? `Mean of ${n} data set${n === 1 ? "" : "s"}${main === "t" && n > 1 ? ", each left out of training in turn" : ""}${n < D.core.length ? `: ${core().join(", ")}` : ""}.` : now.platform || now.licence ? "No data set of the mean is left by the filters." : "Nothing is ranked; the values stand below, data set by data set.";
    $("#scopesay").textContent = (now.scope === "" ? whole : `Tested on ${now.scope} alone${few() ? ", which has too few accounts of one class: nothing is ranked" : ""}.`) + lower + (now.protocol && !D.drawn[now.protocol] ? ` The chosen protocol is in no column; its scores stand in ${D.site ? "cells.html and " : ""}leaderboard.csv.` : "");
    $("#filters").textContent = [...PARTS, "protocol", "met", "lack"].filter(k => now[k] !== "").length;
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
    const [column, direction] = now.sort.split(":"), sign = direction === "asc" ? 1 : -1, best = new Map(entries().map((e, i) => [e.d, i]));
    const key = t => {
      if (column === "name") return t.dataset.d;
      if (column === "cost") return Number(t.dataset.cost);
      if (column === "decided") return t.dataset.decided === "" ? null : Number(t.dataset.decided);
      const e = entry(place[t.dataset.d]);
      const read = keys[column] || (x => x.s[D.beside[Number(column.slice(1))]]?.[0]);
      return e ? read(e) ?? null : null;
    };
    const name = (a, b) => a.dataset.d < b.dataset.d ? -1 : 1, by = new Map($$("tr", body).map(t => [t, key(t)]));
    const order = (a, b) => {
      const x = by.get(a), y = by.get(b);
      if (x === null || y === null) return (x === null) - (y === null) || name(a, b);
      if (x === y && column === "rank") return best.get(place[a.dataset.d]) - best.get(place[b.dataset.d]);
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
  let drawn = true;
  function paint() {
    // What the template drew is what the first choice shows.
    const first = Object.keys(now).every(k => now[k] === start[k]);
    if (!(first && drawn && !location.hash.includes("="))) {
      narrow();
      const lanes = bars();
      $$("tr", body).forEach(t => row(t, lanes));
      panels(); sort(); lead();
      drawn = first;
    }
    say(); keep();
  }
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
    $("#metric").value = now.metric;
    $("#scope").value = now.scope;
    for (const b of $$("[name=have]")) b.checked = !now.lack.split(",").includes(b.value);
    paint();
  }
  const firstly = column => ["rank", "name", "cost"].includes(column) || (D.metrics[now.metric].low && ["main", "other", "b0", "b1"].includes(column)) ? "asc" : "desc";
  const key = (g, i) => g.keys.slice(16 * i, 16 * i + 16).trim(), site = (g, i) => `cells/${key(g, i)}.html`;
  function origin(what, pairs, tests) {
    const heads = ["detector", "test", "value", "95 %", "accounts (bots)", "trained on", "seed", "cell"];
    const found = pairs.flatMap(([d, k]) => tests.map(t => [d, t, cell(d, k, t), value(d, k, t)])).filter(r => r[3]);
    if (D.site && found.length === 1) { location.href = site(...found[0][2]); return; }
    const td = text => el("td", {}, text), code = (k, more = {}) => el("code", more, k.slice(0, 12));
    const lines = found.map(([d, t, [g, i], v]) => el("tr", {}, td(D.detectors[d]), td(t), td(num(v[0])), td(span(v)), td(`${g.n.toLocaleString("en")} (${g.b.toLocaleString("en")})`),
      td(g.k === "t" ? g.train.join(", ") : "other folds of it"), td(String(g.seed ?? "–")), el("td", {}, D.site ? el("a", {href: site(g, i)}, key(g, i).slice(0, 12)) : code(key(g, i)))));
    const table = el("table", {}, el("thead", {}, el("tr", {}, ...heads.map(h => el("th", {scope: "col"}, h)))), el("tbody", {}, ...lines));
    const used = [...new Set(found.flatMap(([, t, [g]]) => [...t.split("+"), ...g.train]))].filter(r => D.hashes[r]).sort();
    const panel = $("#p-from");
    panel.replaceChildren(el("h3", {}, `${D.detectors[pairs[0][0]]}, ${D.metrics[now.metric].title}, ${what}`), el("p", {class: "mu"}, [...new Set(found.map(r => r[2][0].p))].join("; ")),
      el("div", {class: "sx", role: "region", tabindex: "0", "aria-label": "Cells"}, table),
      el("p", {}, "Run ", el("code", {}, D.run), ". Releases, by the sha256 of their content: ", ...used.flatMap((r, i) => [i ? ", " : "", `${r} `, code(D.hashes[r], {title: D.hashes[r]})]), "."));
    panel.showPopover(); panel.focus();
  }
  form.addEventListener("change", () => {
    const column = $("#sortby").value;
    for (const k of ["metric", "scope", ...PARTS, "protocol", "met"]) now[k] = $("#" + k).value;
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
    const b = e.target.closest(".v"), d = b && place[b.closest("tr").dataset.d], k = b?.dataset.k, tests = now.scope === "" ? core() : [now.scope];
    if (b) origin(...{above: ["above one question", [[d, main], [D.tree, main]]], lost: ["lost", [[d, main], [d, other]]]}[k] || [NAMES[k], [[d, k]]], tests);
  });
  $("#sets").addEventListener("click", e => {
    const b = e.target.closest("button.v"), li = b?.closest("li");
    if (b) origin(NAMES[main], [[[...li.parentElement.children].indexOf(li), main]], [b.closest("article").dataset.t]);
  });
  $("#mq").addEventListener("click", () => {
    const own = $$("[data-m]").find(e => e.dataset.m === now.metric);
    $("#p-m").replaceChildren(...[...own.children].map(e => e.cloneNode(true)));
  });
  for (const n of ["rank", "iv", "decided"].filter(n => $("#p-" + n))) $("#p-" + n).append(...[...$("#t-" + n).children].map(e => e.cloneNode(true)));
  addEventListener("hashchange", read);
  read();
})();
