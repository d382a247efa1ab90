"use strict";
// Lines per window for the report and the live page: a small skin over uPlot, after uPlot.iife.min.js and parts.js.
// Data become text, never markup.
//
//   const chart = driftduel.chart(element, {
//     title, unit,                       // what it shows; the name of the values ("accuracy")
//     windows: [0, 1, ...],              // ascending
//     series: [{name, values, low, high, color, dash}],  // one per arm; null is a gap; low and high may be absent
//     marks: [{window, arm, kind, text}],                // kind: drift, retrain, promoted, rejected, refused, rolled_back
//     spans: [{start, end, text}],                       // planted drift, in windows; may be fractions
//   });
//   chart.update(data);                  // the same form; arms that are off, zoom and cursor stay
//   chart.destroy();
driftduel.chart = (() => {
  const FEW = 4; // so many arms at a time have bands: more would hide each other
  const { ROW, dark, ink, kindOf, make, plain, shade, shown, strip, swatch } = driftduel;

  function chart(element, given) {
    let data = given, plot = null, cursor = null, zoom = null, built = "";
    const off = new Set();
    const root = make("div", element, { class: "dd-chart" });
    const controls = make("div", root, { class: "dd-controls" });
    const canvas = make("div", root, { class: "dd-plot", tabindex: "0", role: "slider" });
    const told = make("p", root, { class: "dd-told" });
    const key = make("p", root, { class: "dd-key" });
    const live = make("div", root, { class: "dd-live", "aria-live": "polite" });
    let from, to, values;

    const visible = () => data.series.filter((series) => !off.has(series.name));
    const rows = () => visible().filter((series) => data.marks.some((mark) => mark.arm === series.name));
    const banded = () => visible().length <= FEW && data.series.some((series) => series.low);
    const ends = () => [data.windows[0] ?? 0, data.windows[data.windows.length - 1] ?? 0];
    const here = () => (zoom ? data.windows.filter((window) => window >= zoom[0] && window <= zoom[1]) : data.windows);

    function buildControls() {
      controls.replaceChildren();
      const arms = make("fieldset", controls, { class: "dd-arms" });
      make("legend", arms, { text: "Arms" });
      values = data.series.map((series) => {
        const arm = make("div", arms, { class: "dd-arm" });
        const label = make("label", arm);
        const box = make("input", label, { type: "checkbox" });
        box.checked = !off.has(series.name);
        box.addEventListener("change", () => {
          box.checked ? off.delete(series.name) : off.add(series.name);
          render();
        });
        swatch(label, series);
        make("span", label, { text: series.name });
        return make("span", arm, { class: "dd-value" });
      });
      const span = make("fieldset", controls, { class: "dd-zoom" });
      make("legend", span, { text: "Windows" });
      [from, to] = ["from", "to"].map((word) => {
        const input = make("input", make("label", span, { text: word + " " }), { type: "number", step: "1" });
        input.addEventListener("change", () => zoomTo(Number(from.value), Number(to.value)));
        return input;
      });
      make("button", span, { type: "button", text: "All windows" }).addEventListener("click", () => zoomTo(...ends()));
      if (data.series.length > 3) {
        [["All arms", () => off.clear()], ["No arms", () => data.series.forEach((one) => off.add(one.name))]].forEach(
          ([text, act]) => make("button", span, { type: "button", text }).addEventListener("click", () => {
            act();
            buildControls();
            render();
          }));
      }
    }

    function zoomTo(low, high) {
      const [least, most] = ends();
      if (!Number.isFinite(low) || !Number.isFinite(high)) [low, high] = ends();
      [low, high] = [Math.min(low, high), Math.max(low, high)].map((end) => Math.min(Math.max(end, least), most));
      zoom = low <= least && high >= most ? null : [low, high];
      render();
    }

    function columns() {
      const one = (series) => [series.values, series.high, series.low].map((all) => all ?? data.windows.map(() => null));
      return [data.windows, ...data.series.flatMap(one)];
    }

    function options() {
      const style = getComputedStyle(root);
      const [letters, line] = ["--ink", "--line"].map((name) => style.getPropertyValue(name).trim() || "#888");
      const font = "12px system-ui, 'DejaVu Sans', sans-serif";
      const thin = { stroke: line, width: 1 };
      const axis = { stroke: letters, font, labelFont: font, grid: thin, ticks: thin };
      const below = rows().length * ROW + (rows().length ? 4 : 0);
      const wide = data.windows.length > 150 ? 1.2 : 1.8;
      const series = data.series.flatMap((one) => {
        const show = !off.has(one.name);
        const edge = { show: show && banded(), points: { show: false }, stroke: "transparent", width: 0 };
        const dash = one.dash ? one.dash.map((part) => part * 2) : undefined;
        const points = { show: data.windows.length < 2, size: 6 };
        return [{ label: one.name, show, stroke: ink(one.color), width: wide, dash, points, spanGaps: false }, edge, edge];
      });
      return {
        width: Math.max(canvas.clientWidth, 200), height: (canvas.clientWidth < 500 ? 240 : 320) + below,
        legend: { show: false }, series: [{}, ...series],
        bands: data.series.map((one, i) => ({ series: [3 * i + 2, 3 * i + 3], fill: ink(one.color) + "22" })),
        scales: {
          x: { time: false, range: () => (zoom || ends()).map((end, i) => end + (i ? 0.5 : -0.5)) },
          y: { range: (_, low, high) => {
            if (low === null || high === null) return [0, 1];
            const room = Math.max(0.05 * (high - low), 0.005);
            return [low - room, high + room];
          } },
        },
        axes: [
          { ...axis, grid: { show: false }, label: "window", labelSize: 20, size: 34 + below, gap: 5 + below,
            incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000] },
          { ...axis, size: 62 },
        ],
        cursor: {
          y: false, drag: { x: true, y: false, setScale: false }, bind: { dblclick: () => () => zoomTo(...ends()) },
        },
        hooks: {
          drawClear: [(u) => shade(u, data.spans, letters)], draw: [(u) => strip(u, rows(), data.marks, letters)], 
          setCursor: [moved], setSelect: [selected],
        },
      };
    }

    function selected(u) {
      if (u.select.width < 4) return;
      const [low, high] = [u.select.left, u.select.left + u.select.width].map((at) => Math.round(u.posToVal(at, "x")));
      u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
      zoomTo(low, high);
    }

    function moved(u) {
      cursor = u.cursor.idx === null || u.cursor.idx === undefined ? null : data.windows[u.cursor.idx];
      tell();
    }

    function tell() {
      const at = data.windows.indexOf(cursor);
      data.series.forEach((series, i) => {
        const [low, high] = [series.low?.[at], series.high?.[at]];
        const known = typeof low === "number" && typeof high === "number";
        values[i].textContent = at < 0 || off.has(series.name) ? "" : shown(series.values[at]);
        values[i].title = at >= 0 && known ? `${shown(low)} to ${shown(high)}` : "";
      });
      const marks = data.marks.filter((mark) => mark.window === cursor && !off.has(mark.arm));
      // An abrupt change has no width: it is told in the window that it begins, not in the one before.
      const within = (span) => cursor + 0.5 > span.start && cursor - 0.5 < Math.max(span.end, span.start + 0.001);
      const spans = data.spans.filter((span) => at >= 0 && within(span));
      const words = marks.map((mark) => `${mark.arm}: ${mark.text || kindOf(mark)[1]}`);
      words.push(...spans.map((span) => `planted drift: ${span.text}`));
      const hint = "Point at the curves, or focus them and press the arrow keys, to read a window. Drag to zoom.";
      told.textContent = at < 0 ? hint : plain([`Window ${cursor.toLocaleString("en")}`, ...words].join("; "));
      canvas.setAttribute("aria-valuenow", at < 0 ? ends()[0] : cursor);
      canvas.setAttribute("aria-valuetext", at < 0 ? "no window chosen" : `window ${cursor}`);
    }

    function say() {
      const at = data.windows.indexOf(cursor);
      const words = visible().map((series) => `${series.name} ${shown(series.values[at])}`);
      live.textContent = at < 0 ? "" : plain([told.textContent, ...words].join("; "));
    }

    function pointTo(window) {
      if (window === null) plot.setCursor({ left: -10, top: -10 });
      else plot.setCursor({ left: plot.valToPos(window, "x"), top: plot.over.clientHeight / 2 });
    }

    function moveTo(window) {
      pointTo(window);
      say();
    }

    canvas.addEventListener("keydown", (event) => {
      const all = here(), at = all.indexOf(cursor), last = all.length - 1;
      const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 };
      if (event.ctrlKey || event.altKey || event.metaKey || !all.length) return;
      const step = steps[event.key], start = step < 0 ? last : 0;
      if (step) moveTo(all[at < 0 ? start : Math.min(Math.max(at + step, 0), last)]);
      else if (event.key === "Home") moveTo(all[0]);
      else if (event.key === "End") moveTo(all[last]);
      else if (event.key === "Escape") moveTo(null);
      else return;
      event.preventDefault();
    });
    canvas.addEventListener("mousemove", (event) => { // the rows of marks lie below what uPlot listens to
      const box = plot.over.getBoundingClientRect();
      if (event.clientY > box.bottom) plot.setCursor({ left: event.clientX - box.left, top: box.height / 2 });
    });

    function render() {
      const series = data.series.map((one) => [one.name, one.color]);
      const structure = JSON.stringify([series, rows().length, [...off], dark.matches, !data.series[0]?.low]);
      const kept = here().includes(cursor) ? cursor : null;
      if (plot && structure === built) plot.setData(columns(), true);
      else {
        if (plot) plot.destroy();
        plot = new uPlot(options(), columns(), canvas);
        built = structure;
      }
      pointTo(kept);
      const [least, most] = ends();
      [from.value, to.value] = zoom || [least, most];
      for (const input of [from, to]) Object.assign(input, { min: least, max: most });
      canvas.setAttribute("aria-valuemin", least);
      canvas.setAttribute("aria-valuemax", most);
      canvas.setAttribute("aria-label", plain(`${data.title}: window under the cursor`));
      const kinds = [...new Map(data.marks.map(kindOf)).entries()].map((pair) => pair.join(" "));
      if (data.spans.length) kinds.push("shaded: planted drift");
      if (banded()) kinds.push("bands: 95 % intervals");
      else if (data.series.some((series) => series.low)) kinds.push(`bands are drawn for up to ${FEW} arms at a time`);
      key.textContent = plain(kinds.join("   "));
      tell();
    }

    function update(next) {
      const looks = (one) => JSON.stringify(one.series.map((series) => [series.name, series.color]));
      const anew = !values || looks(next) !== looks(data);
      data = { ...next, marks: next.marks ?? [], spans: next.spans ?? [] };
      if (anew) buildControls();
      render();
    }

    const restyle = () => { buildControls(); render(); };
    const sizes = new ResizeObserver(() => plot && plot.width !== canvas.clientWidth && plot.setSize(
      { width: Math.max(canvas.clientWidth, 200), height: plot.height }));
    update(given);
    sizes.observe(canvas);
    dark.addEventListener("change", restyle);
    return {
      update,
      destroy() {
        sizes.disconnect();
        dark.removeEventListener("change", restyle);
        plot.destroy();
        root.remove();
      },
    };
  }

  return chart;
})();
