// Follows a run: rows come as events, a second at a time.
(() => {
  "use strict";
  const names = JSON.parse(document.getElementById("data").textContent).backends;
  const state = document.getElementById("state");
  const MOST_SECONDS = 900;
  const seconds = [];

  const styleOf = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const number = (value) => {
    if (value === null || value === undefined || Number.isNaN(value)) return "-";
    const size = Math.abs(value);
    return value.toFixed(size >= 1000 || size === 0 ? 0 : size >= 10 ? 1 : 2);
  };
  const lineOf = (name) => {
    if (!names.includes(name)) names.push(name);
    return names.indexOf(name);
  };
  const per = (key) => (row) => (row.length > 0 ? row[key] / row.length : null);

  // What each chart shows of a second: [value, dashed].
  const SHOWN = {
    rate: [[per("due"), true], [per("sent"), false]],
    tokens: [[per("output_tokens"), false]],
    ttft: [[(row) => row.ttft_p50, false], [(row) => row.ttft_p99, true]],
    in_flight: [[(row) => row.in_flight, false]],
  };

  const legend = () => {
    const box = document.getElementById("legend");
    box.replaceChildren();
    names.forEach((name, at) => {
      const entry = document.createElement("span");
      const dot = document.createElement("i");
      dot.className = `dot s${at % 8}`;
      entry.append(dot, name);
      box.append(entry);
    });
    const style = document.createElement("span");
    style.className = "style";
    style.textContent = "dashed: offered, p99";
    box.append(style);
  };

  const plots = new Map();
  const axis = (more) => ({
    stroke: styleOf("--soft"), grid: { stroke: styleOf("--grid"), width: 1 }, ticks: { stroke: styleOf("--grid"), width: 1 },
    font: "12px system-ui, sans-serif", ...more,
  });
  const columns = (shown) => [
    seconds.map((row) => row.start + row.length / 2),
    ...names.flatMap((name) => shown.map(([value]) => seconds.map((row) => (row.backend === name ? value(row) : undefined)))),
  ];
  const draw = () => {
    for (const figure of document.querySelectorAll("figure.chart")) {
      const shown = SHOWN[figure.dataset.show];
      const key = `${names.length} ${figure.clientWidth} ${styleOf("--page")}`;
      const known = plots.get(figure);
      if (known?.key === key) {
        known.plot.setData(columns(shown));
        continue;
      }
      known?.plot.destroy();
      const options = {
        width: Math.max(200, figure.clientWidth - 28), height: 220, legend: { show: false }, cursor: { show: false },
        scales: { x: { time: false }, y: { range: (_, low, high) => [0, high > 0 ? high * 1.06 : 1] } },
        axes: [axis({ values: (_, splits) => splits.map((at) => `${at} s`) }), axis({ size: 60 })],
        series: [{}, ...names.flatMap((_, at) => shown.map(([, dashed]) => ({
          stroke: styleOf(`--s${at % 8}`), width: dashed ? 1.4 : 2, dash: dashed ? [5, 4] : undefined, points: { show: false },
        })))],
      };
      plots.set(figure, { key, plot: new uPlot(options, columns(shown), figure.querySelector(".drawn")) });
    }
  };

  const middle = (values) => {
    const sorted = values.filter((value) => value !== null).sort((a, b) => a - b);
    return sorted.length ? sorted[(sorted.length - 1) >> 1] : null;
  };
  const sum = (rows, key) => rows.reduce((all, row) => all + row[key], 0);
  const table = () => {
    const body = document.getElementById("now");
    body.replaceChildren();
    names.forEach((name, at) => {
      const rows = seconds.filter((row) => row.backend === name).slice(-10);
      if (!rows.length) return;
      const time = sum(rows, "length");
      const worst = rows.map((row) => row.ttft_p99).filter((value) => value !== null);
      const cells = [
        number(sum(rows, "due") / time), number(sum(rows, "sent") / time),
        number((sum(rows, "finished") - sum(rows, "failed")) / time), String(sum(rows, "failed")),
        String(rows.at(-1).in_flight), number(sum(rows, "output_tokens") / time),
        number(middle(rows.map((row) => row.ttft_p50))), number(worst.length ? Math.max(...worst) : null),
        number(middle(rows.map((row) => row.e2e_p50))),
      ];
      const row = document.createElement("tr");
      const head = document.createElement("th");
      head.scope = "row";
      const dot = document.createElement("i");
      dot.className = `dot s${at % 8}`;
      head.append(dot, name);
      row.append(head);
      for (const text of cells) {
        const cell = document.createElement("td");
        cell.textContent = text;
        row.append(cell);
      }
      body.append(row);
    });
  };

  legend();
  const source = new EventSource("events");
  source.addEventListener("seconds", (event) => {
    const rows = JSON.parse(event.data);
    const known = names.length;
    for (const row of rows) {
      lineOf(row.backend);
      seconds.push(row);
    }
    seconds.splice(0, Math.max(0, seconds.length - MOST_SECONDS));
    if (names.length !== known) legend();
    const last = seconds.at(-1);
    if (last) state.textContent = `${last.backend}, ${last.where}: ${last.phase}, ${Math.round(last.start + last.length)} s since the run's start`;
    table();
    draw();
  });
  source.addEventListener("over", (event) => {
    source.close();
    state.className = "good";
    const { text, report } = JSON.parse(event.data);
    state.textContent = `${text} `;
    const link = document.createElement("a");
    link.href = report;
    link.textContent = "Open the report";
    state.append(link);
  });
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) return;
    state.textContent = "the connection is interrupted; trying again";
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  addEventListener("resize", draw);
})();
