"use strict";
// Puts the chart in the place of the drawing; without scripts the drawing stays.
(() => {
  const place = document.getElementById("chart");
  const found = JSON.parse(document.getElementById("curves").textContent);
  if (!place || !found.charts.length) return;
  const { windows, marks, spans } = found;
  const data = (chart) => ({ windows, marks, spans, ...chart });
  const label = driftduel.make("label", place, { class: "metric", text: "Show " });
  const choice = driftduel.make("select", label);
  found.charts.forEach((chart, i) => driftduel.make("option", choice, { value: i, text: chart.unit }));
  const chart = driftduel.chart(place, data(found.charts[0]));
  choice.addEventListener("change", () => chart.update(data(found.charts[Number(choice.value)])));
  const drawing = place.parentElement.querySelector(":scope > svg");
  if (drawing) drawing.classList.add("replaced");
})();
