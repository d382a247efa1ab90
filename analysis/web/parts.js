"use strict";
// What charts.js is made of, and any other script of a page may use: words, colours and elements. Data become text only.
var driftduel = (() => {
  const GLYPHS = {
    drift: ["▼", "alarm"], retrain: ["●", "retrained"], promoted: ["★", "promoted"], rejected: ["×", "rejected"],
    refused: ["⊘", "refused"], rolled_back: ["◄", "rolled back"],
  };
  // style.LOOKS on a dark ground: the same hues, light enough to be seen.
  const DARK = {
    "#000000": "#FFFFFF", "#D55E00": "#FF8A3D", "#0072B2": "#5AB2F2", "#009E73": "#2DD4A0", "#CC79A7": "#EDA1CA",
    "#E69F00": "#FFC44D", "#56B4E9": "#A5DAFF",
  };
  const dark = matchMedia("(prefers-color-scheme: dark)");

  const plain = (text) => String(text).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "\uFFFD");
  const ink = (color) => (dark.matches && DARK[color.toUpperCase()]) || color;
  const kindOf = (mark) => GLYPHS[mark.kind.replaceAll(" ", "_")] || ["◆", mark.kind];

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

  return { dark, ink, kindOf, make, plain, shown, swatch };
})();
