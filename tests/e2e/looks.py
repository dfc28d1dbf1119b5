"""What a page looks like, asked of Chromium: texts that meet, texts outside their picture."""

MEETING = """() => {
  // What holds for an element holds for all texts in it: each is asked once.
  const once = ask => {
    const known = new Map();
    return e => {
      if (!known.has(e)) known.set(e, ask(e));
      return known.get(e);
    };
  };
  const within = once(e => {
    if (!e || e.nodeType !== 1) return false;
    const s = getComputedStyle(e);
    if (s.display === 'none' || s.visibility === 'hidden' || s.clipPath !== 'none') return true;
    if (s.position === 'absolute' && e.getBoundingClientRect().right < 0) return true;
    return within(e.parentElement);
  });
  const hidden = e => !e.checkVisibility() || within(e);
  // What a box that scrolls does not show now meets nothing.
  const window_ = once(e => {
    if (!e || e === document.body) return [-Infinity, Infinity, -Infinity, Infinity];
    let [l, right, t, b] = window_(e.parentElement);
    const style = getComputedStyle(e), box = e.getBoundingClientRect();
    if (style.overflowX !== 'visible')
      [l, right] = [Math.max(l, box.left), Math.min(right, box.right)];
    if (style.overflowY !== 'visible')
      [t, b] = [Math.max(t, box.top), Math.min(b, box.bottom)];
    return [l, right, t, b];
  });
  const shown = (r, e) => {
    const [l, right, t, b] = window_(e);
    return [Math.max(r.left, l), Math.min(r.right, right), Math.max(r.top, t), Math.min(r.bottom, b)];
  };
  const boxes = [], found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode());) {
    const parent = node.parentElement, words = node.textContent.trim();
    if (!words || parent.closest('script, style, title, select, option') || hidden(parent)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const picture = parent.closest('svg');
    for (const r of picture ? [parent.getBoundingClientRect()] : range.getClientRects()) {
      if (r.width < 1 || r.height < 1) continue;
      // The box of a line is taller than its letters.
      const slack = Math.min(3, r.height / 5);
      const whole = [r.left, r.right, r.top, r.bottom];
      const [l, right, t, b] = picture ? whole : shown(r, parent);
      if (right - l < 1 || b - t < 1) continue;
      boxes.push({node, words, l: l + 0.5, r: right - 0.5, t: t + slack, b: b - slack});
      if (!picture) continue;
      const p = picture.getBoundingClientRect();
      if (getComputedStyle(picture).overflow !== 'visible' || picture.getAttribute('role') === 'img')
        if (r.left < p.left - 1 || r.right > p.right + 1 || r.top < p.top - 1 || r.bottom > p.bottom + 1)
          found.push(['outside', words.slice(0, 40)]);
      const size = parseFloat(getComputedStyle(parent).fontSize);
      const scale = picture.viewBox.baseVal.width ? p.width / picture.viewBox.baseVal.width : 1;
      if (size * scale < 11.9) found.push(['small ' + (size * scale).toFixed(1), words.slice(0, 40)]);
    }
  }
  boxes.sort((a, b) => a.t - b.t);
  for (let i = 0; i < boxes.length; i++)
    for (let j = i + 1; j < boxes.length && boxes[j].t < boxes[i].b; j++) {
      const [a, b] = [boxes[i], boxes[j]];
      if (a.node !== b.node && a.l < b.r && b.l < a.r)
        found.push(['meet', a.words.slice(0, 40), b.words.slice(0, 40)]);
    }
  return found.slice(0, 12);
}"""
"""A script that gives every two texts that meet, and texts outside of their picture or too small."""


def meeting(tab):
    """What the script finds on the page as it is shown now; [] is well."""
    return tab.evaluate(MEETING)
