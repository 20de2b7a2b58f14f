// Curves over steps: panes that share the steps, a rule at the same step in all, a part of the whole
// in view. The parts are in the folder of this name.
curves.start = (element, packed) => {
  const chart = { ...packed, panes: packed.panes.map((pane) => ({ ...pane, lines: pane.lines.map(curves.line) })) };
  const state = {
    view: { from: 0, to: chart.end }, cursor: null, hidden: new Set(), epochs: false,
    logarithmic: chart.panes.some((pane) => pane.logarithmic), stop: null, marks: [],
  };
  const lines = chart.panes.flatMap((pane) => pane.lines);
  const plot = curves.plot(chart, state);
  const box = make("div", {
    class: "plot", role: "slider", tabindex: "0", "aria-label": `${chart.name}: step`, "aria-valuemin": "0",
    "aria-valuemax": String(chart.end), "aria-valuenow": "0", "aria-valuetext": "no step chosen",
  }, plot.svg);
  const where = make("p", { class: "where" });
  let due = 0;
  const later = () => {
    due ||= requestAnimationFrame(() => {
      due = 0;
      plot.draw();
      tell();
      table.fill();
    });
  };
  const legend = curves.legend(chart, state, later);
  const table = curves.table(chart, state);
  const hint = matchMedia("(pointer: coarse)").matches ? "Touch a curve; two fingers zoom."
    : "Point at a curve. The wheel zooms once the chart is clicked, dragging moves; arrow keys, + and − do too.";
  const tell = () => {
    const values = legend.tell();
    if (state.cursor === null) {
      where.textContent = hint;
      return;
    }
    const step = Math.round(state.cursor);
    where.textContent = `Step ${curves.whole(step)}, epoch ${curves.whole(Math.floor(step / chart.batches))}`;
    box.setAttribute("aria-valuenow", String(step));
    box.setAttribute("aria-valuetext", `${where.textContent}: ${values}`);
  };
  const go = (view) => {
    state.view = view;
    for (const [button, zoom] of zooms) {
      button.setAttribute("aria-pressed", String(Math.abs(zoom.from - view.from) < 0.5 && Math.abs(zoom.to - view.to) < 0.5));
    }
    later();
  };
  const look = (step, follow = false) => {
    state.cursor = step;
    const { from, to } = state.view;
    if (follow && (step < from || step > to)) {
      const start = Math.min(Math.max(step - (to - from) / 2, 0), chart.end - (to - from));
      go({ from: start, to: start + to - from });
    }
    plot.point();
    tell();
  };

  const pill = (text, pressed, click) => {
    const made = make("button", { type: "button", class: "pill" }, text);
    if (pressed !== null) made.setAttribute("aria-pressed", String(pressed));
    made.addEventListener("click", () => click(made));
    return made;
  };
  const zooms = new Map(chart.zooms.map((zoom) => [pill(zoom.text, zoom.from === 0 && zoom.to === chart.end, () => go({ from: zoom.from, to: zoom.to })), zoom]));
  const toggle = (name, button) => {
    state[name] = !state[name];
    button.setAttribute("aria-pressed", String(state[name]));
    if (name !== "epochs") return later();
    // Runs whose epochs have other numbers of batches are set epoch over epoch.
    for (const line of lines) line.factor = state.epochs ? chart.batches / line.batches : 1;
    const whole = state.view.to - state.view.from >= chart.end;
    chart.end = Math.max(...lines.map(({ steps, factor }) => (steps.at(-1) ?? 1) * factor));
    return whole ? go({ from: 0, to: chart.end }) : go({ ...state.view, to: Math.min(state.view.to, chart.end) });
  };
  const controls = make("div", { class: "controls" },
    make("div", { class: "group", role: "group", "aria-label": "What is in view" }, ...zooms.keys()),
    pill("Epochs", false, (button) => toggle("epochs", button)));
  if (chart.panes.some((pane) => pane.logarithmic !== null)) {
    controls.append(pill("Logarithmic loss", state.logarithmic, (button) => toggle("logarithmic", button)));
  }
  const csv = pill("CSV", null, () => curves.download(chart));
  const caption = make("figcaption", {}, make("b", {}, `${captions.number(element)}${chart.name}.`), ` ${chart.caption}`);
  if (chart.thinned) caption.append(" Not every step is here, but the lowest and the highest are; all are in history.parquet.");
  const figure = make("figure", { class: "linked" }, legend.row, where, box, plot.strip, controls);
  let patience = null;
  if (chart.patience) {
    patience = curves.patience(chart, state, later);
    figure.prepend(patience.row, patience.said);
  }
  controls.append(csv);
  figure.append(table.fold, caption);
  element.replaceChildren(figure);
  const evaluated = lines.filter((line) => !line.pale);
  const longest = evaluated.reduce((a, b) => (b.steps.length > a.steps.length ? b : a));
  curves.hands(chart, state, plot, box, { go, look, evaluations: () => Array.from(longest.steps, (step) => step * longest.factor) });
  patience?.show();
  tell();
  new ResizeObserver(([entry]) => {
    const width = Math.round(entry.contentRect.width);
    if (width && width !== plot.size.width) plot.resize(width);
  }).observe(box);
};

interactives.curves = async (element, data) => {
  if (data.charts.length === 1) return curves.start(element, data.charts[0]);
  const select = make("select", {}, ...data.charts.map((chart, place) => make("option", { value: place }, chart.name)));
  const room = make("div");
  select.addEventListener("change", () => curves.start(room, data.charts[select.value]));
  element.append(make("div", { class: "controls" }, make("label", {}, "Run ", select)), room);
  return curves.start(room, data.charts[0]);
};
