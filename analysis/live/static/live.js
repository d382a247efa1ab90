"use strict";
// The live page: what /api/stream tells, as charts and tables. Everything that comes from data becomes text, never markup.
(() => {
  const { make, plain, shown, swatch } = driftduel;
  // As analysis/figures/looks.py has it: an arm has one colour and one dash in all figures, whoever else runs.
  const COLORS = ["#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"];
  const DASHES = [[1, 1], [6, 1, 1, 1], [3, 1, 1, 1, 1, 1], null, [4, 1], [8, 2], [2, 2]];
  const CHARTS = ["accuracy", "f1", "other"], COUNTS = ["tp", "fp", "tn", "fn"];
  const MOST = 200; // lines of a table
  const SAYS = {
    waiting: "waiting for the run to begin", running: "running", finished: "finished",
    stopped: "stopped at the number of windows that was asked for, and open: the same command with a higher number, or none, goes on",
    interrupted: "interrupted: no process works on it; the same command takes it up again",
  };
  const at = (id) => document.getElementById(id);
  const whole = (number) => number === null ? "unknown" : number.toLocaleString("en");
  const charts = {};
  let status = null, windows = new Map(), events = [], due = 0, pause = 50, heard = 0, closed = false;

  function forget() {
    [status, windows, events] = [null, new Map(), []];
    for (const name of CHARTS) {
      if (charts[name]) charts[name].destroy();
      delete charts[name];
    }
    for (const id of ["arms", "events", "dead"]) at(id).replaceChildren();
  }

  function take(found) {
    for (const one of found) {
      const arms = windows.get(one.window) ?? new Map();
      one.rows.forEach((row) => arms.set(row.arm, row));
      windows.set(one.window, arms);
      events.push(...one.events);
      addLines("events", one.events, eventLine);
      addLines("dead", one.dead_letters, deadLine);
    }
    offerMetrics();
    if (found.length) say(found[found.length - 1]);
  }

  function addLines(id, lines, fill) {
    const body = at(id);
    for (const line of lines) {
      const row = document.createElement("tr");
      fill(row, line);
      body.prepend(row);
    }
    while (body.childElementCount > MOST) body.lastElementChild.remove();
    at(`${id}-table`).hidden = !body.childElementCount;
    at(`no-${id}`).hidden = body.childElementCount > 0;
  }

  function eventLine(row, event) {
    const { window, arm, event: kind, reason, ...others } = event;
    const details = Object.entries(others).filter(([, value]) => value !== null)
      .map(([name, value]) => `${name.replaceAll("_", " ")} ${typeof value === "object" ? JSON.stringify(value) : typeof value === "number" ? shown(value) : value}`);
    make("td", row, { text: whole(window) });
    make("th", row, { text: arm, scope: "row" });
    make("td", row, { text: kind });
    make("td", row, { text: reason ?? "", class: "text" });
    make("td", row, { text: details.join("; "), class: "text" });
  }

  function deadLine(row, letter) {
    make("th", row, { text: whole(letter.seq), scope: "row" });
    make("td", row, { text: letter.partition === null ? "" : `${letter.partition}, ${letter.offset}` });
    make("td", row, { text: letter.reason, class: "text" });
    make("td", row, { text: letter.text, class: "text code" });
  }

  // A screen reader hears of a window every ten seconds at most, of events and of another state at once.
  function say(found) {
    const last = found.events[found.events.length - 1];
    if (!last && Date.now() - heard < 10000) return;
    heard = Date.now();
    const rows = found.rows.slice(0, 4).map((row) => `${row.arm} ${shown(row.values.accuracy)}`);
    const event = last ? `; ${last.arm}: ${last.event}` : "";
    at("said").textContent = plain(`Window ${whole(found.window)}, accuracy: ${rows.join(", ")}${event}`);
  }

  function offerMetrics() {
    const select = at("metric"), first = windows.values().next().value?.values().next().value;
    if (!first || select.options.length) return;
    const names = Object.keys(first.values).filter((name) => !COUNTS.includes(name) && !CHARTS.includes(name));
    for (const name of names) make("option", select, { text: name.replaceAll("_", " "), value: name });
  }

  function looks() { // in the order of status.arms: static, dynamic, then the others by name
    let other = 0;
    return status.arms.map(({ name }) => {
      if (name === "static") return ["#000000", null];
      if (name === "dynamic") return [COLORS[0], [4, 1]];
      return [COLORS[++other % COLORS.length], DASHES[(other - 1) % DASHES.length]];
    });
  }

  function drawing(metric) {
    const all = [...windows.keys()].sort((one, other) => one - other);
    const pick = (arm, value) => all.map((window) => {
      const row = windows.get(window).get(arm);
      return (row && value(row)) ?? null;
    });
    const found = looks(), banded = status.arms.length <= 4;
    const series = status.arms.map((arm, i) => {
      const [color, dash] = found[i];
      const end = (which) => banded ? pick(arm.name, (row) => row.bands[metric]?.[which]) : undefined;
      return { name: arm.name, values: pick(arm.name, (row) => row.values[metric]), low: end(0), high: end(1), color, dash };
    });
    const marks = events.filter((event) => event.event !== "warning")
      .map((event) => ({ window: event.window, arm: event.arm, kind: event.event, text: `${event.event} (${event.reason ?? ""})` }));
    const spans = status.planted.map((drift) => ({ start: drift.start, end: drift.end, text: drift.kind }));
    return { title: metric.replaceAll("_", " "), unit: metric, windows: all, series, marks, spans };
  }

  function draw() {
    const began = performance.now();
    if (status) {
      showStatus();
      drawCharts();
    }
    [due, pause] = [0, Math.min(Math.max(4 * (performance.now() - began), 50), 700)];
  }

  function drawCharts() {
    if (!windows.size || !status.arms.length) return;
    for (const name of CHARTS) {
      const metric = name === "other" ? at("metric").value : name;
      if (!metric) continue;
      if (charts[name]) charts[name].update(drawing(metric));
      else charts[name] = driftduel.chart(at(`chart-${name}`), drawing(metric));
    }
  }

  function soon() { // many windows, one drawing; most of the time is left to the reader
    due = due || setTimeout(draw, pause);
  }

  function showStatus() {
    const { state, source, messages, numbers } = status;
    const name = plain(status.run.split("/").filter(Boolean).pop() ?? status.run);
    at("run").textContent = name;
    at("run").title = plain(status.run);
    document.title = `${name}: ${state}`;
    const words = status.again === null ? SAYS[state] : `running: goes through window ${whole(status.again)} again`;
    if (!closed) mark(state, words);
    const bar = at("bar");
    if (messages) bar.value = Math.min(numbers / messages, 1);
    else bar.removeAttribute("value");
    showFacts([
      ["source", source], ["windows", whole(status.windows)],
      ["messages", messages ? `${whole(numbers)} of ${whole(messages)}` : whole(numbers)],
      ["records per second", status.rate === null ? "unknown" : whole(Math.round(status.rate))],
      ...(status.lag === null ? [] : [["consumer lag", whole(status.lag)]]),
      ...(state === "running" ? [["expected end", status.expected_end === null ? "unknown" : ending(status.expected_end)]] : []),
      ["scored", whole(status.scored)], ["dead letters", whole(status.dead)],
      ["set aside", whole(status.set_aside)], ["missing", whole(status.missing)],
    ]);
    showArms();
    at("troubles").replaceChildren();
    for (const text of status.troubles) make("p", at("troubles"), { text, class: "trouble", role: "alert" });
  }

  function ending(seconds) {
    const left = Math.max(seconds - Date.now() / 1000, 0);
    const words = left < 90 ? `in ${Math.round(left)} s` : left < 5400 ? `in ${Math.round(left / 60)} min` : `in ${Math.round(left / 3600)} h`;
    return `${words}, ${new Date(seconds * 1000).toLocaleTimeString("en-GB")}`;
  }

  function showFacts(facts) {
    const list = at("facts");
    if (list.childElementCount !== facts.length) {
      list.replaceChildren();
      for (const [name] of facts) {
        const pair = make("div", list);
        make("dt", pair, { text: name });
        make("dd", pair);
      }
    }
    facts.forEach(([name, value], i) => {
      const [term, said] = list.children[i].children;
      [term.textContent, said.textContent] = [name, plain(value || "unknown")];
    });
  }

  function showArms() {
    at("arms").replaceChildren();
    const found = looks();
    status.arms.forEach((arm, i) => {
      const row = make("tr", at("arms")), [color, dash] = found[i];
      const name = make("th", row, { scope: "row" });
      swatch(name, { color, dash });
      make("span", name, { text: ` ${arm.name}` });
      const model = arm.model === null ? "" : `${arm.model} (version ${arm.version})`;
      const accuracy = arm.accuracy === null ? "" : arm.accuracy.toFixed(4);
      for (const text of [arm.policy, accuracy, arm.alarms, arm.fits, arm.promoted, model, arm.since ?? ""]) make("td", row, { text });
    });
  }

  function mark(state, words) {
    const badge = at("state");
    if (badge.textContent === words) return;
    badge.dataset.state = state;
    badge.textContent = words;
    at("said").textContent = plain(`${words[0].toUpperCase()}${words.slice(1)}.`);
  }

  function listen() {
    const stream = new EventSource("api/stream");
    const hear = (kind, act) => stream.addEventListener(kind, (message) => {
      act(JSON.parse(message.data));
      soon();
    });
    hear("reset", forget);
    hear("status", (told) => { status = told; });
    hear("windows", take);
    hear("end", () => {
      stream.close();
      closed = true;
      if (status) mark(status.state, `${SAYS[status.state].split(":")[0]}; the watch has ended, driftduel watch shows it again`);
    });
    stream.addEventListener("error", () => {
      if (!closed) mark("lost", "the watch doesn't answer; trying again");
    });
  }

  // A token in the address has done its work: the browser keeps it in a cookie.
  if (location.search) history.replaceState(null, "", location.pathname);
  at("metric").addEventListener("change", soon);
  listen();
})();
