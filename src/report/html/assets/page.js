// Draws the charts of the page from the data block. Without it, every table still stands.
(() => {
  "use strict";
  const data = JSON.parse(document.getElementById("data").textContent);
  const said = document.getElementById("said");
  const HEIGHT = 240;
  const LATENCY = "latency.";
  // A gap reaches to the next value of its own series, whatever others have in between.
  const EXPANDED = 2;
  const SYNC = uPlot.sync("time");

  // ---- words and numbers -------------------------------------------------------------------

  const number = (value) => {
    if (value === null || value === undefined) return "-";
    const size = Math.abs(value);
    const decimals = size >= 1000 || size === 0 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
    return value.toFixed(decimals);
  };
  const percentile = (scale) => `p${+(100 - 100 / scale).toFixed(4)}`;
  const clock = (seconds) => {
    const whole = Math.round(seconds);
    if (whole < 120) return `${+seconds.toFixed(1)} s`;
    const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
    return (parts[0] ? parts : parts.slice(1)).map((part) => String(part).padStart(2, "0")).join(":");
  };
  const short = (value) => {
    const size = Math.abs(value);
    if (size >= 1e6) return `${+(value / 1e6).toPrecision(3)}M`;
    if (size >= 1e4) return `${+(value / 1e3).toPrecision(3)}k`;
    return String(+value.toPrecision(4));
  };
  const element = (name, parent, text, className) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    parent?.append(made);
    return made;
  };
  const styleOf = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const colorOf = (line) => styleOf(`--s${line % 8}`);
  const nameOf = (line) => data.lines[line].name;
  const faded = (color) => color + "2b";

  // ---- charts ------------------------------------------------------------------------------
  // A chart is {figure, build, plot}; `build` gives {options, data, rows, read} for its figure.

  const charts = new Map();

  const axis = (label, values, more = {}) => ({
    stroke: styleOf("--soft"),
    grid: { stroke: styleOf("--grid"), width: 1 },
    ticks: { stroke: styleOf("--grid"), width: 1 },
    font: "12px system-ui, sans-serif",
    labelFont: "12px system-ui, sans-serif",
    label,
    labelSize: 18,
    size: 32,
    values: (_, splits) => splits.map((value) => (value === null ? "" : values(value))),
    ...more,
  });
  const upright = (label, more = {}) =>
    axis(label, short, { size: (self, texts) => 24 + 7 * Math.max(2, ...(texts ?? []).map((text) => text.length)), ...more });
  // Of a logarithmic scale only the first digits that have room.
  const logarithmic = (_, splits) => {
    const many = splits.length > 24;
    return splits.map((value) => {
      const digit = Math.round(value / 10 ** Math.floor(Math.log10(value) + 1e-9));
      return digit === 1 || (!many && (digit === 2 || digit === 5)) ? value : null;
    });
  };
  // The nearest 1, 2 or 5 of its decade below and above: logarithmic scales count on from their ends.
  const roundDown = (value) => {
    const decade = 10 ** Math.floor(Math.log10(value));
    return decade * ([5, 2, 1].find((digit) => digit * decade <= value * (1 + 1e-9)) ?? 1);
  };
  const roundUp = (value) => {
    const decade = 10 ** Math.floor(Math.log10(value));
    return decade * ([1, 2, 5].find((digit) => digit * decade >= value * (1 - 1e-9)) ?? 10);
  };
  const fromZero = (_, low, high) => [Math.min(0, low ?? 0), (high ?? 0) > 0 ? high * 1.06 : 1];

  const base = (figure, more) => ({
    width: Math.max(200, figure.clientWidth - 28),
    height: HEIGHT,
    legend: { show: false },
    ...more,
    cursor: { y: false, points: { size: 6 }, drag: { x: true, y: false }, ...more.cursor },
  });

  // What the cursor of an aligned chart stands on, as [name, text] pairs.
  const readAligned = (labels, unit) => (plot, place) =>
    plot.data.slice(1)
      .map((values, at) => [labels[at], values[place]])
      .filter(([, value]) => value !== null && value !== undefined)
      .map(([label, value]) => [label, `${number(value)}${unit ? ` ${unit}` : ""}`]);

  const series = (line, dashed, more = {}) => ({
    stroke: colorOf(line),
    width: dashed ? 1.4 : 2,
    dash: dashed ? [5, 4] : undefined,
    points: { show: false },
    ...more,
  });

  // ---- over time ---------------------------------------------------------------------------

  let latency = null;

  const shade = (plot) => {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.fillStyle = styleOf("--band");
    for (const [from, to] of data.timeline.bands) {
      const left = Math.max(bbox.left, plot.valToPos(from, "x", true));
      const right = Math.min(bbox.left + bbox.width, plot.valToPos(to, "x", true));
      if (right > left) ctx.fillRect(left, bbox.top, right - left, bbox.height);
    }
    ctx.restore();
  };

  // Values with a gap on both sides: no line shows them.
  const lonely = (plot, at) => {
    const places = [];
    const values = plot.data[at];
    let before = null;
    let candidate = null;
    values.forEach((value, place) => {
      if (value === undefined) return;
      if (candidate !== null && value === null) places.push(candidate);
      candidate = value !== null && before === null ? place : null;
      before = value;
    });
    if (candidate !== null) places.push(candidate);
    return places;
  };

  const timeChart = (figure) => {
    const wanted = figure.dataset.key === "latency" ? latency : figure.dataset.key;
    const spec = data.timeline.charts.find((chart) => chart.key === wanted);
    const aligned = uPlot.join(spec.series.map((one) => [one.x, one.y]), spec.series.map(() => [0, EXPANDED]));
    const labels = spec.series.map((one) => `${nameOf(one.line)} ${one.label}`);
    const log = wanted.startsWith(LATENCY) && spec.series.some((one) => Math.max(...one.y) > 20 * Math.min(...one.y.filter((y) => y > 0)));
    return {
      title: `${spec.title}, ${spec.unit}`,
      options: base(figure, {
        cursor: { sync: { key: SYNC.key, setSeries: false } },
        scales: { x: { time: false }, y: log ? { distr: 3, log: 10 } : { range: fromZero } },
        axes: [axis("since the run's start", clock), upright(spec.unit, log ? { filter: logarithmic } : {})],
        series: [{}, ...spec.series.map((one) =>
          series(one.line, one.dashed, { points: { show: true, size: 4, fill: colorOf(one.line), filter: lonely } }))],
        hooks: { drawClear: [shade] },
      }),
      data: aligned,
      read: (plot, place) => {
        const at = plot.data[0][place];
        const cell = data.timeline.cells.find(([from, to]) => from <= at && at <= to);
        const band = data.timeline.bands.find(([from, to]) => from <= at && at <= to);
        const where = [clock(at), cell?.[2], band?.[2]].filter(Boolean).join(", ");
        return [[where, ""], ...readAligned(labels, spec.unit)(plot, place)];
      },
      rows: () => [["time", ...labels.map((label) => `${label} ${spec.unit}`)],
        ...every(aligned[0].map((_, place) => place), 60).map((place) =>
          [clock(aligned[0][place]), ...aligned.slice(1).map((values) => number(values[place]))])],
      about: "every second is in timeseries.csv",
    };
  };

  // About `most` of `places`, evenly.
  const every = (places, most) => places.filter((_, at) => at % Math.max(1, Math.ceil(places.length / most)) === 0);

  // ---- distributions -----------------------------------------------------------------------

  const chosen = data.sections.map(() => 0);
  const shapesOf = (figure) => {
    const place = Number(figure.dataset.place);
    return data.sections[place][chosen[place]];
  };

  const spectrumChart = (figure) => {
    const shapes = shapesOf(figure);
    const x = shapes.scale;
    const columns = [];
    const styles = [];
    const labels = [];
    for (const line of shapes.lines) {
      columns.push(line.spectrum.map((value, at) => (at < line.supported ? value : null)));
      styles.push(series(line.line, false));
      labels.push(nameOf(line.line));
      // The dashed stretch begins where the other ends.
      columns.push(line.spectrum.map((value, at) => (at >= line.supported - 1 ? value : null)));
      styles.push(series(line.line, true));
      labels.push(nameOf(line.line));
    }
    return {
      title: `${shapes.name} by percentile`,
      options: base(figure, {
        scales: { x: { time: false, distr: 3, log: 10 }, y: { range: fromZero } },
        axes: [axis("percentile", percentile, { filter: logarithmic }), upright(shapes.unit)],
        series: [{}, ...styles],
      }),
      data: [x, ...columns],
      read: (plot, place) => {
        const seen = new Set();
        const values = readAligned(labels, shapes.unit)(plot, place).filter(([name]) => !seen.has(name) && seen.add(name));
        return [[percentile(x[place]), ""], ...values];
      },
      rows: () => [["percentile", ...shapes.lines.map((line) => `${nameOf(line.line)} ${shapes.unit}`)],
        ...x.map((scale, at) => [percentile(scale), ...shapes.lines.map((line) =>
          (at < line.supported || line.spectrum[at] == null ? "" : "~") + number(line.spectrum[at]))])],
    };
  };

  const cumulatedChart = (figure) => {
    const shapes = shapesOf(figure);
    const tables = shapes.lines.map((line) => {
      // Equal values stand once, with the highest share.
      const points = new Map(line.cumulated);
      return [[...points.keys()], [...points.values()]];
    });
    const aligned = uPlot.join(tables);
    const labels = shapes.lines.map((line) => nameOf(line.line));
    const log = aligned[0][0] > 0 && aligned[0].at(-1) / aligned[0][0] > 8;
    return {
      title: `${shapes.name}, cumulated`,
      options: base(figure, {
        scales: { x: { time: false, distr: log ? 3 : 1, log: 10 }, y: { range: [0, 100] } },
        axes: [axis(shapes.unit, short, log ? { filter: logarithmic } : {}), upright("% of the values at most")],
        series: [{}, ...shapes.lines.map((line) => series(line.line, false))],
      }),
      data: aligned,
      read: (plot, place) => [[`at most ${number(plot.data[0][place])} ${shapes.unit}`, ""], ...readAligned(labels, "%")(plot, place)],
      rows: () => [["share", ...labels.map((label) => `${label} ${shapes.unit}`)],
        ...shapes.lines[0].cumulated.map(([, share], at) => [`${share}%`, ...shapes.lines.map((line) => number(line.cumulated[at]?.[0]))])],
    };
  };

  const barsChart = (figure) => {
    const shapes = shapesOf(figure);
    const log = shapes.edges.at(-1) / shapes.edges[0] > 8;
    const closed = (bars) => [...bars, bars.at(-1)];
    const labels = shapes.lines.map((line) => nameOf(line.line));
    return {
      title: `${shapes.name}, histogram`,
      options: base(figure, {
        scales: { x: { time: false, distr: log ? 3 : 1, log: 10 }, y: { range: fromZero } },
        axes: [axis(shapes.unit, short, log ? { filter: logarithmic } : {}), upright("% of the values")],
        series: [{}, ...shapes.lines.map((line) => series(line.line, false, {
          paths: uPlot.paths.stepped({ align: 1 }), fill: faded(colorOf(line.line)), width: 1.5,
        }))],
      }),
      data: [shapes.edges, ...shapes.lines.map((line) => closed(line.bars))],
      read: (plot, place) => {
        const bar = Math.min(place, shapes.edges.length - 2);
        const span = `${number(shapes.edges[bar])} to ${number(shapes.edges[bar + 1])} ${shapes.unit}`;
        return [[span, ""], ...readAligned(labels, "%")(plot, bar)];
      },
      rows: () => [[`${shapes.unit} from`, "to", ...labels.map((label) => `${label} %`)],
        ...shapes.lines[0].bars.map((_, bar) => [number(shapes.edges[bar]), number(shapes.edges[bar + 1]), ...shapes.lines.map((line) => number(line.bars[bar]))])],
    };
  };

  // ---- points on a plane -------------------------------------------------------------------

  const plane = (figure) => {
    const spec = data[figure.dataset.chart][Number(figure.dataset.place)];
    const points = spec.lines.flatMap((line) =>
      line.points.map(([x, y], at) => ({ x, y, line: line.line, label: line.labels?.[at] })));
    points.sort((left, right) => left.x - right.x);
    const named = spec.names.length > 0;
    const largest = (key) => Math.max(...points.map((point) => point[key]), ...(key === "y" ? spec.levels.map((level) => level[0]) : []));
    const least = (key) => Math.min(...points.map((point) => point[key]));
    const log = !named && least("y") > 0 && largest("y") > 20 * least("y");
    const xRange = named ? [-0.5, spec.names.length - 0.5] : spec.joined ? [0, largest("x") * 1.06 || 1] : [least("x") - 0.03 * (largest("x") - least("x")), largest("x") + 0.03 * (largest("x") - least("x"))];
    const yRange = log ? [roundDown(least("y") / 1.1), roundUp(largest("y") * 1.2)] : [0, largest("y") * 1.16 || 1];
    const draw = (plot) => {
      const { ctx, bbox } = plot;
      const ratio = devicePixelRatio;
      ctx.save();
      ctx.beginPath();
      ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
      ctx.clip();
      ctx.font = `${12 * ratio}px system-ui, sans-serif`;
      ctx.textAlign = "left";
      ctx.textBaseline = "bottom";
      for (const [level, label] of spec.levels) {
        const y = plot.valToPos(level, "y", true);
        ctx.strokeStyle = ctx.fillStyle = styleOf("--bad");
        ctx.setLineDash([6 * ratio, 4 * ratio]);
        ctx.beginPath(); ctx.moveTo(bbox.left, y); ctx.lineTo(bbox.left + bbox.width, y); ctx.stroke();
        ctx.fillText(`${label} ${number(level)}`, bbox.left + 6 * ratio, y - 3 * ratio);
      }
      ctx.textBaseline = "top";
      (spec.uprights ?? []).forEach(({ line, at, low, high }, place) => {
        const [from, x, to] = [low, at, high].map((load) => plot.valToPos(load, "x", true));
        ctx.strokeStyle = ctx.fillStyle = colorOf(line);
        ctx.globalAlpha = 0.12;
        ctx.fillRect(from, bbox.top, to - from, bbox.height);
        ctx.globalAlpha = 1;
        ctx.setLineDash([2 * ratio, 3 * ratio]);
        ctx.beginPath(); ctx.moveTo(x, bbox.top); ctx.lineTo(x, bbox.top + bbox.height); ctx.stroke();
        ctx.fillText(number(at), x + 4 * ratio, bbox.top + (4 + 15 * (place % 4)) * ratio);
      });
      ctx.textBaseline = "bottom";
      ctx.setLineDash([]);
      for (const line of spec.lines) {
        const places = line.points.map(([x, y]) => [plot.valToPos(x, "x", true), plot.valToPos(y, "y", true)]);
        ctx.strokeStyle = ctx.fillStyle = colorOf(line.line);
        if (spec.joined) {
          ctx.lineWidth = 2 * ratio;
          ctx.setLineDash(line.dashed ? [5 * ratio, 5 * ratio] : []);
          ctx.beginPath();
          places.forEach(([x, y], at) => (at ? ctx.lineTo(x, y) : ctx.moveTo(x, y)));
          ctx.stroke();
          ctx.setLineDash([]);
        }
        if (line.dashed) continue;
        ctx.globalAlpha = spec.joined ? 1 : 0.55;
        for (const [x, y] of places) {
          ctx.beginPath();
          ctx.arc(x, y, (spec.joined ? 4 : 2.2) * ratio, 0, 2 * Math.PI);
          ctx.fill();
        }
        ctx.globalAlpha = 1;
        line.marks?.forEach((mark, at) => {
          const [x, y] = places[at];
          const knee = line.knee === at;
          if (knee) {
            ctx.lineWidth = 2 * ratio;
            ctx.beginPath();
            ctx.arc(x, y, 8 * ratio, 0, 2 * Math.PI);
            ctx.stroke();
          }
          // Beside the last points there is no room to the right.
          ctx.textAlign = x > bbox.left + bbox.width - 50 * ratio ? "right" : "left";
          ctx.fillText(knee ? `${mark} knee` : mark, x + (ctx.textAlign === "left" ? 7 : -7) * ratio, y - 6 * ratio);
        });
      }
      ctx.restore();
    };
    const ys = points.map((point) => point.y);
    return {
      title: spec.title,
      options: base(figure, {
        cursor: { drag: { x: false, y: false }, points: { show: false } },
        scales: { x: { time: false, range: () => xRange }, y: log ? { distr: 3, log: 10, range: () => yRange } : { range: () => yRange } },
        axes: [
          named
            ? axis(spec.x, (value) => spec.names[value]?.slice(5, 16) ?? "", { splits: () => spec.names.map((_, at) => at), space: 90 })
            : axis(spec.x, short),
          upright(spec.y, log ? { filter: logarithmic } : {}),
        ],
        series: [{}, { paths: () => null, points: { show: false } }],
        hooks: { draw: [draw] },
      }),
      data: [points.map((point) => point.x), ys],
      read: (_, place) => {
        const point = points[place];
        const where = named ? spec.names[point.x] : `${number(point.x)} ${spec.x.split(", ").at(-1)}`;
        return [[nameOf(point.line), `${number(point.y)} ${spec.y.split(", ").at(-1)}`], [point.label ?? where, point.label && !named ? where : ""]];
      },
      rows: () => spec.table ?? [["backend", named ? "run" : "load", spec.x, spec.y],
        ...spec.lines.flatMap((line) => line.points.map(([x, y], at) =>
          [nameOf(line.line), (line.labels?.[at] ?? "") + (line.knee === at ? ", knee" : ""), named ? spec.names[x] : number(x), number(y)]))],
    };
  };

  // ---- figures -----------------------------------------------------------------------------

  const builders = { time: timeChart, spectrum: spectrumChart, cumulated: cumulatedChart, bars: barsChart, capacity: plane, plots: plane, lengths: plane, history: plane };

  const show = (chart, place, aloud) => {
    const pairs = place === null || place === undefined ? [] : chart.built.read(chart.plot, place);
    chart.readout.replaceChildren();
    for (const [name, text] of pairs) {
      const part = element("span", chart.readout);
      element("b", part, name);
      part.append(text ? ` ${text}   ` : "   ");
    }
    if (aloud) said.textContent = pairs.map((pair) => pair.join(" ").trim()).join("; ");
  };

  const draw = (figure) => {
    let chart = charts.get(figure);
    if (!chart) {
      chart = { figure, caption: figure.querySelector("figcaption") };
      chart.box = element("div", figure, undefined, "drawn");
      chart.readout = element("p", figure, undefined, "readout");
      chart.behind = element("details", figure, undefined, "behind");
      element("summary", chart.behind, "Table");
      chart.behind.addEventListener("toggle", () => tabulate(chart));
      chart.box.tabIndex = 0;
      chart.box.setAttribute("role", "img");
      chart.box.addEventListener("keydown", (event) => onKey(chart, event));
      chart.box.addEventListener("blur", () => show(chart, null));
      charts.set(figure, chart);
    }
    chart.plot?.destroy();
    chart.built = builders[figure.dataset.chart](figure);
    chart.place = null;
    const title = element("span", null, chart.built.title);
    const select = chart.caption.querySelector("select");
    chart.caption.replaceChildren(title, ...(select ? [select] : []));
    chart.box.setAttribute("aria-label", `${chart.built.title}. Arrow keys read the values; the table below has them all.`);
    const options = chart.built.options;
    options.hooks = { ...options.hooks, setCursor: [(plot) => chart.plot === plot && show(chart, plot.cursor.idx)] };
    chart.plot = new uPlot(options, chart.built.data, chart.box);
    if (chart.behind.open) tabulate(chart);
  };

  const tabulate = (chart) => {
    chart.behind.querySelector(".scroll")?.remove();
    if (!chart.behind.open) return;
    const scroll = element("div", chart.behind, undefined, "scroll");
    scroll.tabIndex = 0;
    scroll.setAttribute("role", "region");
    scroll.setAttribute("aria-label", `${chart.built.title}, as a table`);
    const table = element("table", scroll);
    element("caption", table, chart.built.about ? `${chart.built.title} (${chart.built.about})` : chart.built.title);
    const [heads, ...rows] = chart.built.rows();
    const head = element("tr", element("thead", table));
    for (const text of heads) element("th", head, text).scope = "col";
    const body = element("tbody", table);
    for (const row of rows) {
      const line = element("tr", body);
      row.forEach((text, at) => {
        const cell = element(at ? "td" : "th", line, text);
        if (!at) cell.scope = "row";
      });
    }
  };

  const STEPS = { ArrowRight: 1, ArrowLeft: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity };

  const onKey = (chart, event) => {
    const { plot } = chart;
    const xs = plot.data[0];
    if (event.key === "Escape") {
      plot.setScale("x", { min: xs[0], max: xs.at(-1) });
      return;
    }
    const step = STEPS[event.key];
    if (step === undefined || !xs.length) return;
    event.preventDefault();
    const from = chart.place ?? (step > 0 ? -1 : xs.length);
    chart.place = Math.min(xs.length - 1, Math.max(0, from + step));
    plot.setCursor({ left: plot.valToPos(xs[chart.place], "x"), top: HEIGHT / 3 });
    show(chart, chart.place, true);
  };

  // ---- choices -----------------------------------------------------------------------------

  const redrawWithin = (node) => node.querySelectorAll("figure.chart").forEach((figure) => charts.has(figure) && draw(figure));

  for (const box of document.querySelectorAll("[data-choice]")) {
    const place = Number(box.dataset.choice);
    const block = box.closest("details");
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", "Metric");
    data.sections[place].forEach((shapes, at) => {
      const button = element("button", box, shapes.name);
      button.type = "button";
      button.setAttribute("aria-pressed", String(at === 0));
      button.addEventListener("click", () => {
        chosen[place] = at;
        for (const other of box.children) other.setAttribute("aria-pressed", String(other === button));
        redrawWithin(block);
      });
    });
  }

  const latencyFigure = document.querySelector('[data-key="latency"]');
  if (latencyFigure) {
    const latencies = data.timeline.charts.filter((chart) => chart.key.startsWith(LATENCY));
    latency = latencies[0]?.key ?? null;
    if (!latency) latencyFigure.remove();
    else {
      const select = element("select", latencyFigure.querySelector("figcaption"));
      select.setAttribute("aria-label", "Latency over time");
      for (const chart of latencies) element("option", select, chart.title).value = chart.key;
      select.addEventListener("change", () => { latency = select.value; draw(latencyFigure); });
    }
  }
  for (const figure of document.querySelectorAll('[data-chart="time"]')) {
    const key = figure.dataset.key;
    if (key !== "latency" && !data.timeline.charts.some((chart) => chart.key === key && chart.series.length)) figure.remove();
  }

  for (const legend of document.querySelectorAll("[data-legend]")) {
    data.lines.forEach((line, at) => {
      const entry = element("span", legend);
      element("i", entry, undefined, `dot s${at % 8}`);
      entry.append(line.name);
    });
    if (legend.closest("#time")) element("span", legend, "dashed: offered, p99, failed, waiting", "style");
  }

  // ---- light and dark ----------------------------------------------------------------------

  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const button = document.getElementById("theme");
  const redraw = () => {
    button.textContent = isDark() ? "Light" : "Dark";
    for (const figure of charts.keys()) draw(figure);
  };
  button.hidden = false;
  button.addEventListener("click", () => { root.dataset.theme = isDark() ? "light" : "dark"; redraw(); });
  system.addEventListener("change", redraw);
  redraw();

  // ---- drawn when they come into sight -----------------------------------------------------

  const watch = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting && target.clientWidth && !charts.has(target)) draw(target);
    }
  }, { rootMargin: "400px" });
  const figures = document.querySelectorAll("figure.chart");
  figures.forEach((figure) => watch.observe(figure));

  let width = innerWidth;
  let waiting = 0;
  addEventListener("resize", () => {
    if (innerWidth === width) return;
    width = innerWidth;
    clearTimeout(waiting);
    waiting = setTimeout(redraw, 150);
  });

  // On paper everything is drawn, in light colours and at the width of a page.
  let opened = [];
  let theme;
  addEventListener("beforeprint", () => {
    theme = root.dataset.theme;
    root.dataset.theme = "light";
    opened = [...document.querySelectorAll("details.block:not([open])")];
    opened.forEach((block) => { block.open = true; });
    for (const figure of document.querySelectorAll("figure.chart")) draw(figure);
  });
  addEventListener("afterprint", () => {
    opened.forEach((block) => { block.open = false; });
    if (theme) root.dataset.theme = theme; else delete root.dataset.theme;
    redraw();
  });
})();
