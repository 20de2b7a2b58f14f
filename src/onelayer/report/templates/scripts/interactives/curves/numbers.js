// The numbers of a chart: at the rule, as a table, as a file.
curves.labels = (chart) => {
  const labels = new Map();
  for (const pane of chart.panes) {
    for (const line of pane.lines) {
      if (!labels.has(line.label)) labels.set(line.label, []);
      labels.get(line.label).push({ pane, line });
    }
  }
  return labels;
};

// What the lines of a label have at a step: a value a pane, from the lowest to the highest of several.
curves.told = (chart, lines, x) => chart.panes.flatMap((pane) => {
  const values = lines.filter((each) => each.pane === pane)
    .map(({ line }) => line.values[curves.nearest(line, x)]).filter(Number.isFinite);
  if (!values.length) return [];
  const ends = [Math.min(...values), Math.max(...values)].map((value) => curves.value(value, pane.percent));
  return [ends[0] === ends[1] ? ends[0] : `${ends[0]} to ${ends[1]}`];
}).join(" · ");

curves.legend = (chart, state, changed) => {
  const row = make("div", { class: "legend", role: "group", "aria-label": "Curves" });
  const outputs = new Map();
  for (const [label, lines] of curves.labels(chart)) {
    const swatch = make("span", { class: "swatch", style: `background: var(${lines[0].line.colour})` });
    const wide = new Set(lines.map(({ pane }) => pane)).size * (lines.length > chart.panes.length ? 17 : 7) + (chart.panes.length - 1);
    const output = make("span", { class: "at", style: `min-width: ${wide}ch` });
    const button = make("button", { type: "button", class: "key", "aria-pressed": "true" }, swatch, label, output);
    button.addEventListener("click", () => {
      const hide = !state.hidden.has(label);
      if (hide) state.hidden.add(label); else state.hidden.delete(label);
      button.setAttribute("aria-pressed", String(!hide));
      changed();
    });
    outputs.set(label, output);
    row.append(button);
  }
  const tell = () => {
    const texts = [];
    for (const [label, lines] of curves.labels(chart)) {
      const text = state.cursor === null ? "" : curves.told(chart, lines, state.cursor);
      outputs.get(label).textContent = text;
      if (text && !state.hidden.has(label)) texts.push(`${label} ${text}`);
    }
    return texts.join(", ");
  };
  return { row, tell };
};

const MOST_ROWS = 120;
curves.table = (chart, state) => {
  const note = make("p", { class: "thin" });
  const table = make("table");
  const scroll = make("div", { class: "rows", tabindex: "0", role: "region", "aria-label": `Values of ${chart.name}` }, table);
  const fold = make("details", { class: "values" }, make("summary", {}, "Table"), note, scroll);
  const columns = chart.panes.flatMap((pane) => pane.lines.map((line) => ({ pane, line }))).slice(0, 8);
  const fill = () => {
    if (!fold.open) return;
    const base = columns.find(({ line }) => !line.pale) ?? columns[0];
    const alike = columns.filter(({ line }) => line.steps.length === base.line.steps.length && !line.pale);
    const [first, end] = [curves.at(base.line, state.view.from), curves.at(base.line, state.view.to + 1e-9)];
    const rows = curves.extremes(alike.map(({ line }) => line.values), first, end, MOST_ROWS);
    const several = new Set(columns.map(({ line }) => line.run)).size > 1;
    const heads = columns.map(({ pane, line }) => (several && !line.label.includes(line.run) ? `${line.label}, ${line.run}`
      : line.label.includes(pane.title.split(" ")[0]) ? line.label : `${line.label}: ${pane.title.split(" ")[0]}`));
    const head = make("tr", {}, ...["step", "epoch", ...heads].map((text) => make("th", { scope: "col", class: "right" }, text)));
    const body = rows.map((i) => {
      const step = base.line.steps[i];
      const cells = columns.map(({ pane, line }) => {
        const at = curves.at(line, step * base.line.factor);
        return line.steps[at] === step ? curves.value(line.values[at], pane.percent) : "–";
      });
      return make("tr", {},
        make("th", { scope: "row", class: "right" }, curves.whole(step)),
        ...[curves.whole(Math.floor(step / base.line.batches)), ...cells].map((text) => make("td", { class: "right" }, text)));
    });
    table.replaceChildren(make("thead", {}, head), make("tbody", {}, ...body));
    const all = `${curves.whole(end - first)} evaluations in view`;
    note.textContent = rows.length === end - first ? `The ${all}.` : `${rows.length} of the ${all}, the lowest and the highest among them.`;
  };
  fold.addEventListener("toggle", fill);
  return { fold, fill };
};

curves.csv = (chart) => {
  const quoted = (text) => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const rows = ["run,series,step,epoch,value"];
  for (const pane of chart.panes) {
    for (const line of pane.lines) {
      const own = line.label.includes(pane.title.split(" ")[0]) ? line.label : `${line.label}: ${pane.title.split(" ")[0]}`;
      const head = `${quoted(line.run)},${quoted(own)}`;
      line.steps.forEach((step, i) => {
        const value = line.values[i];
        const text = Number.isFinite(value) ? Number(value.toPrecision(5)) : "";
        rows.push(`${head},${step},${Math.floor(step / line.batches)},${text}`);
      });
    }
  }
  return `${rows.join("\n")}\n`;
};
curves.download = (chart) => saveCsv(chart.name.replace(/[^\w.-]+/g, "-").replace(/^-|-$/g, ""), curves.csv(chart));
