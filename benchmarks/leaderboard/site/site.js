"use strict";
(() => {
  const $ = q => document.querySelector(q);
  document.documentElement.classList.add("js");
  const num = (x, sign) => {
    const s = Math.abs(x).toFixed(3).replace(/^0/, "");
    return (s === ".000" ? "" : x < 0 ? "−" : sign ? "+" : "") + s;
  };

  const slider = $("#share");
  if (slider) {
    const show = () => {
      const share = 10 ** Number(slider.value), text = (100 * share).toPrecision(2).replace(/\.0$/, "") + " %";
      $("#share-out").textContent = text;
      slider.setAttribute("aria-valuetext", text);
      for (const row of document.querySelectorAll("#precision tbody tr")) {
        const t = share * Number(row.dataset.t), f = (1 - share) * Number(row.dataset.f);
        row.querySelector(".now").textContent = t + f > 0 ? num(t / (t + f)) : "–";
      }
    };
    slider.addEventListener("input", show);
    show();
  }

  const form = $("#pair");
  if (form) {
    const {names, pairs} = JSON.parse($("#data").textContent);
    const span = ([, low, high]) => high - low < 5e-7 ? "same in every draw" : `${num(low, true)} to ${num(high, true)}`;
    const cell = (text, number) => { const td = document.createElement("td"); td.textContent = text; if (number) td.className = "n"; return td; };
    const paint = keep => {
      const [i, j] = ["#one", "#two"].map(q => Number($(q).value)), turned = i > j;
      const rows = pairs[turned ? `${j},${i}` : `${i},${j}`] || [];
      $("#who").textContent = i === j ? "Choose two different detectors." : rows.length ? `${names[i]} less ${names[j]}` : `${names[i]} and ${names[j]} were not scored on the same data set.`;
      $("#differences tbody").replaceChildren(...rows.map(r => {
        const d = turned ? [-r.difference[0], -r.difference[2], -r.difference[1]] : r.difference, tr = document.createElement("tr");
        const [only, other] = turned ? ["only_b", "only_a"] : ["only_a", "only_b"];
        tr.append(cell(r.test), cell(num(d[0], true), true), cell(span(d)), ...["both", only, other, "neither"].map(k => cell(r[k] === undefined ? "–" : r[k].toLocaleString("en"), true)));
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
