"use strict";
(() => {
  const $ = q => document.querySelector(q), $$ = q => [...document.querySelectorAll(q)];
  document.documentElement.classList.add("js");
  const num = (x, sign) => {
    const s = Math.abs(x).toFixed(3).replace(/^0/, "");
    return (s === ".000" ? "" : x < 0 ? "−" : sign ? "+" : "") + s;
  };
  const svg = (name, attributes) => {
    const e = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) e.setAttribute(key, value);
    return e;
  };
  // Moves the upright line of a chart to x, and its dots to the heights; all are shares of their axes.
  const move = (group, x, heights) => {
    const {left, right, top, base} = group.dataset, at = Number(left) + x * (right - left);
    const [line, ...dots] = group.children;
    line.setAttribute("x1", at); line.setAttribute("x2", at);
    dots.forEach((dot, i) => { dot.setAttribute("cx", at); dot.setAttribute("cy", base - heights[i] * (base - top)); });
  };

  const slider = $("#share");
  if (slider) {
    const show = () => {
      const share = 10 ** Number(slider.value), text = (100 * share).toPrecision(2).replace(/\.0$/, "") + " %";
      $("#share-out").textContent = text;
      slider.setAttribute("aria-valuetext", text);
      const found = $$("#precision tbody tr").map(row => {
        const t = share * Number(row.dataset.t), f = (1 - share) * Number(row.dataset.f);
        row.querySelector(".now").textContent = t + f > 0 ? num(t / (t + f)) : "–";
        return t + f > 0 ? t / (t + f) : 0;
      });
      const x = (Math.log10(share) + 3) / (Math.log10(.5) + 3);
      for (const group of $$(".moved")) move(group, x, found);
    };
    slider.addEventListener("input", show);
    show();
  }

  const cut = $("#cut");
  if (cut) {
    const {points, at} = JSON.parse($("#data").textContent);
    const show = () => {
      const [threshold, recall, precision, alarms] = points[cut.value];
      const text = `${num(threshold)}: finds ${Math.round(100 * recall)} % of bots, calls ${Math.round(100 * alarms)} % of people bots, ${Math.round(100 * precision)} % of its alarms are right`;
      $("#cut-out").textContent = text;
      cut.setAttribute("aria-valuetext", text);
      $$(".moved").forEach((group, i) => i < 2 ? move(group, recall, [precision]) : move(group, alarms, [recall]));
    };
    const near = points.findLastIndex(p => p[0] >= at);
    cut.value = Math.max(near, 0);
    $("#cut-out").textContent = `${num(at)}, as the detector decided`;
    cut.setAttribute("aria-valuetext", $("#cut-out").textContent);
    cut.addEventListener("input", show);
  }

  const form = $("#pair");
  if (form) {
    const {names, pairs, reach, better, metric} = JSON.parse($("#data").textContent);
    const span = (low, high) => low === null || high === null ? "no interval" : high - low < 5e-7 ? "same in every draw" : `${num(low, true)} to ${num(high, true)}`;
    const X = v => Math.round(500 + 480 * better * v / reach);
    const cell = (text, number) => { const td = document.createElement("td"); td.append(text); if (number) td.className = "n"; return td; };
    const forest = (d, low, high, wlow, whigh) => {
      const e = svg("svg", {class: "m", viewBox: "0 0 1000 17", preserveAspectRatio: "none", "aria-hidden": "true"});
      const add = (name, d) => e.append(svg("path", {class: name, d}));
      add("ze", "M500 0V17");
      if (wlow !== null) add("w", `M${X(wlow)} 8.5H${X(whigh)}`);
      if (low !== null) add("bi", `M${X(low)} 8.5H${X(high)}`);
      add("po", `M${X(d)} 8.5h0`);
      const td = cell(e);
      td.className = "fo";
      return td;
    };
    // In the words of benchmarks/leaderboard/site/pages/compare.py.
    const sentence = (a, b, rows) => {
      const [test, mean, [d, low, high, wlow, whigh]] = rows[0], higher = better === 1, sign = d >= 0 ? 1 : -1;
      const [ahead, behind] = (d >= 0) === higher ? [a, b] : [b, a], bold = document.createElement("b"), own = (x, y) => [sign * x, sign * y].sort((p, q) => p - q);
      bold.textContent = ahead;
      let text = ` is ${num(Math.abs(d))} ${higher ? "above" : "below"} ${behind} in ${metric}${mean ? "" : ` on ${test}`} (${span(...own(low, high))} on these accounts)${low * high > 0 ? ": separated." : ": not separated."}`;
      if (wlow !== null) text += ` With other data sets it could be ${span(...own(wlow, whigh))}${wlow * whigh > 0 ? "" : ", so these do not settle it"}.`;
      const single = rows.filter(r => !r[1]);
      if (single.length > 1) text += ` It is ahead on ${single.filter(r => (r[2][0] > 0) === (d >= 0)).length} of ${single.length} data sets.`;
      return [bold, text];
    };
    const turn = ([test, mean, n, counts]) => [test, mean, [-n[0], -n[2], -n[1], n[4] === null ? null : -n[4], n[3] === null ? null : -n[3]], counts.length ? [0, 2, 1, 3, 4, 6, 5, 7].map(i => counts[i]) : []];
    const paint = keep => {
      const [i, j] = ["#one", "#two"].map(q => Number($(q).value)), found = pairs[i > j ? `${j},${i}` : `${i},${j}`] || [], rows = i > j ? found.map(turn) : found;
      $("#said").replaceChildren(...(i === j ? ["Choose two different detectors."] : rows.length ? sentence(names[i], names[j], rows) : [`${names[i]} and ${names[j]} were not scored on the same data set.`]));
      $("#differences tbody").replaceChildren(...rows.map(([test, , n, counts]) => {
        const tr = document.createElement("tr"), th = document.createElement("th");
        th.scope = "row";
        th.textContent = test;
        const eight = counts.length ? counts.map(c => c.toLocaleString("en")) : Array(8).fill("–");
        tr.append(th, forest(...n), cell(num(n[0], true), true), cell(span(n[1], n[2])), cell(n[3] === null ? "–" : span(n[3], n[4])), ...eight.map(c => cell(c, true)));
        return tr;
      }));
      if (keep) history.replaceState(null, "", "#" + new URLSearchParams({a: names[i], b: names[j]}));
    };
    const read = () => {
      const state = new URLSearchParams(location.hash.slice(1));
      for (const [key, q] of [["a", "#one"], ["b", "#two"]]) if (names.includes(state.get(key))) $(q).value = names.indexOf(state.get(key));
      paint(false);
    };
    form.addEventListener("change", () => paint(true));
    form.addEventListener("submit", e => e.preventDefault());
    addEventListener("hashchange", read);
    if (location.hash) read();
  }
})();
