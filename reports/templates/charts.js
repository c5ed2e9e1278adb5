(() => {
  "use strict";
  const byId = (id) => document.getElementById(id);
  const notice = byId("notice");
  const darkScheme = matchMedia("(prefers-color-scheme: dark)");
  const selects = Object.fromEntries(
    [...document.querySelectorAll("[data-select]")].map((element) => [element.dataset.select, element]));
  const plots = [...document.querySelectorAll("[data-chart]")];
  let report = null;
  let printing = false;
  let latest = 0;

  async function unpack(id) {
    const bytes = Uint8Array.from(atob(byId(id).textContent), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).text();
  }

  const chosen = () => Object.fromEntries(Object.entries(selects).map(([name, element]) => [name, element.value]));

  // The first combination that agrees with what was just chosen and keeps as much of the rest as it can.
  function nearest(changed) {
    const want = chosen();
    const score = ([model, recipe, chip]) =>
      (model === want.model) * (changed === "model" ? 8 : 2) +
      (recipe === want.recipe) * (changed === "recipe" ? 8 : 1) +
      (chip === want.chip) * (changed === "chip" ? 8 : 3);
    let best = null;
    for (const key of report.combinations) {
      const parts = key.split("\n");
      if (best === null || score(parts) > score(best)) best = parts;
    }
    return best;
  }

  function choose(parts) {
    ["model", "recipe", "chip"].forEach((name, idx) => { if (selects[name]) selects[name].value = parts[idx]; });
  }

  function figure(text) {
    if (!darkScheme.matches || printing) return JSON.parse(text);
    return JSON.parse(text.replace(/#[0-9a-f]{6}/g, (colour) => report.dark[colour] ?? colour));
  }

  function drawOne(plot, now) {
    const chart = report.charts[plot.dataset.chart];
    const text = chart.frames[chart.keys.map((key) => now[key]).join("\n")];
    if (text === undefined) {
      Plotly.purge(plot);
      plot.textContent = "Nothing to draw for this choice.";
      return;
    }
    if (!plot.classList.contains("js-plotly-plot")) plot.textContent = "";
    const { data, layout } = figure(text);
    // A finger that moves over a chart scrolls the page; a mouse zooms, and a double click zooms out.
    layout.dragmode = matchMedia("(pointer: coarse)").matches ? false : "zoom";
    Plotly.react(plot, data, layout, { responsive: true, displayModeBar: false });
  }

  function showTables(now) {
    const key = [now.model, now.recipe, now.chip].join("\n");
    for (const element of document.querySelectorAll("[data-follow]")) element.hidden = element.dataset.follow !== key;
    for (const element of document.querySelectorAll("[data-chosen]")) {
      element.textContent = `${now.model} in ${now.recipe} on ${now.chip}.`;
    }
  }

  // One chart at a time, so that the page answers meanwhile; a newer choice ends an older drawing.
  async function draw() {
    const turn = ++latest;
    const now = chosen();
    showTables(now);
    for (const plot of plots) {
      await new Promise((resolve) => { setTimeout(resolve); });
      if (turn !== latest) return;
      drawOne(plot, now);
    }
  }

  function drawForPaper(onPaper) {
    printing = onPaper;
    latest += 1;
    for (const plot of plots) drawOne(plot, chosen());
  }

  function fail(error) {
    notice.hidden = false;
    notice.textContent = `The charts could not be drawn (${error.message}); every number they show is in the tables.`;
  }

  async function start() {
    const source = await unpack("packed-plotly");
    report = JSON.parse(await unpack("packed-charts"));
    const script = document.createElement("script");
    script.textContent = source;
    document.head.append(script);
    const selectors = byId("selectors");
    if (selectors && report.combinations.length === 0) {
      notice.textContent = "This study holds no estimates, so there is nothing to draw.";
      return;
    }
    choose(report.default.split("\n"));
    notice.hidden = true;
    selectors?.addEventListener("submit", (event) => event.preventDefault());
    for (const [name, element] of Object.entries(selects)) {
      element.addEventListener("change", () => { choose(nearest(name)); draw().catch(fail); });
    }
    darkScheme.addEventListener("change", () => draw().catch(fail));
    addEventListener("beforeprint", () => drawForPaper(true));
    addEventListener("afterprint", () => drawForPaper(false));
    await draw();
    document.documentElement.dataset.ready = "yes";
  }

  start().catch(fail);
})();
