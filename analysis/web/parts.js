"use strict";
// What charts.js is made of, and any other script of a page may use: words, colours and elements. Data become text only.
var driftduel = (() => {
  // In the order in which they hide each other where several fall on one window.
  const GLYPHS = {
    promoted: ["★", "promoted"], rolled_back: ["◄", "rolled back"], drift: ["▼", "alarm"], rejected: ["×", "rejected"],
    refused: ["⊘", "refused"], retrain: ["●", "retrained"],
  };
  // style.LOOKS on a dark ground: the same hues, light enough to be seen.
  const DARK = {
    "#000000": "#FFFFFF", "#D55E00": "#FF8A3D", "#0072B2": "#5AB2F2", "#009E73": "#2DD4A0", "#CC79A7": "#EDA1CA",
    "#E69F00": "#FFC44D", "#56B4E9": "#A5DAFF",
  };
  const ROW = 15; // pixels of a row of marks
  const dark = matchMedia("(prefers-color-scheme: dark)");

  const plain = (text) => String(text).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "\uFFFD");
  const ink = (color) => (dark.matches && DARK[color.toUpperCase()]) || color;
  const kindOf = (mark) => GLYPHS[mark.kind.replaceAll(" ", "_")] || ["◆", mark.kind];

  const glyphs = Object.values(GLYPHS).map((pair) => pair[0]);

  function first(marks) { // the glyph that a window with these marks bears
    return marks.map((mark) => kindOf(mark)[0]).sort((one, other) => glyphs.indexOf(one) - glyphs.indexOf(other))[0];
  }

  function shown(value) {
    if (value === null || value === undefined) return "undefined";
    return Math.abs(value) < 100 && !Number.isInteger(value) ? value.toFixed(4) : value.toLocaleString("en");
  }

  function make(tag, parent, options = {}) {
    const { text, ...attributes } = options;
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    if (text !== undefined) node.textContent = plain(text);
    parent.append(node);
    return node;
  }

  function swatch(parent, series) {
    const space = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(space, "svg");
    const line = document.createElementNS(space, "line");
    const set = (node, all) => Object.entries(all).forEach(([name, value]) => node.setAttribute(name, value));
    set(svg, { width: 30, height: 10, "aria-hidden": "true" });
    set(line, { x1: 0, x2: 30, y1: 5, y2: 5, "stroke-width": 2.5, stroke: ink(series.color) });
    if (series.dash) line.setAttribute("stroke-dasharray", series.dash.map((part) => part * 2).join(" "));
    svg.append(line);
    parent.append(svg);
  }

  function pen(u, align, color) {
    u.ctx.font = `${11 * devicePixelRatio}px system-ui, 'DejaVu Sans', sans-serif`;
    u.ctx.textBaseline = "middle";
    u.ctx.textAlign = align;
    u.ctx.fillStyle = color;
  }

  function shade(u, spans, letters) { // planted drift, behind everything
    const { ctx, bbox } = u, edge = bbox.left + bbox.width;
    ctx.save();
    for (const span of spans) {
      const [a, b] = [span.start, span.end].map((at) => u.valToPos(at, "x", true));
      const [left, right] = [Math.max(a - 1, bbox.left), Math.min(Math.max(b, a + 1), edge)];
      if (right <= left) continue;
      ctx.fillStyle = dark.matches ? "#FFFFFF30" : "#00000026";
      ctx.fillRect(left, bbox.top, right - left, bbox.height);
      const late = left > bbox.left + 0.8 * bbox.width; // near the right edge, its name stands to the left
      pen(u, late ? "right" : "left", letters);
      if (spans.length > 6 || bbox.width < 500 * devicePixelRatio) continue; // no room for names: the text below has them
      ctx.fillText(plain(span.text), left + (late ? -4 : 4), bbox.top + bbox.height - 8);
    }
    ctx.restore();
  }

  function strip(u, rows, marks, letters) { // below the curves, a row for each arm that has any
    const { ctx, bbox } = u, ratio = devicePixelRatio;
    ctx.save();
    rows.forEach((series, row) => {
      const y = bbox.top + bbox.height + ((row + 0.5) * ROW + 4) * ratio, name = plain(series.name);
      pen(u, "right", letters);
      ctx.fillText(name.length > 9 ? name.slice(0, 8) + "…" : name, bbox.left - 6 * ratio, y);
      ctx.textAlign = "center";
      ctx.fillStyle = ink(series.color);
      const mine = new Map();
      for (const mark of marks) {
        if (mark.arm === series.name) mine.set(mark.window, [...(mine.get(mark.window) ?? []), mark]);
      }
      for (const [window, here] of mine) {
        const x = u.valToPos(window, "x", true);
        if (x >= bbox.left && x <= bbox.left + bbox.width) ctx.fillText(first(here), x, y);
      }
    });
    ctx.restore();
  }

  return { ROW, dark, ink, kindOf, make, plain, shade, shown, strip, swatch };
})();
