// Mouse, finger, wheel and keys. `go` shows another view, `look` puts the rule at a step.
curves.hands = (chart, state, plot, box, { go, look, evaluations }) => {
  const least = Math.min(chart.end, 8);
  const clamp = (from, to) => {
    const width = Math.min(Math.max(to - from, least), chart.end);
    const start = Math.min(Math.max(from, 0), chart.end - width);
    go({ from: start, to: start + width });
  };
  const zoom = (x, by) => {
    const { from, to } = state.view;
    clamp(x - (x - from) * by, x + (to - x) * by);
  };
  const pan = (steps) => clamp(state.view.from + steps, state.view.to + steps);
  const isWhole = () => state.view.to - state.view.from >= chart.end - 1e-9;
  const place = (event, element) => {
    const { left, top } = element.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  };

  const fingers = new Map();
  let held = null;
  box.addEventListener("pointerdown", (event) => {
    if (event.button > 0) return;
    box.setPointerCapture(event.pointerId);
    const at = place(event, plot.svg);
    fingers.set(event.pointerId, at);
    held = { at, view: state.view, wide: fingers.size === 2 ? spread() : 0 };
    if (fingers.size === 1) look(plot.stepAt(...at));
  });
  const spread = () => {
    const [[a], [b]] = [...fingers.values()];
    return { wide: Math.max(20, Math.abs(a - b)), middle: plot.fromX((a + b) / 2) };
  };
  box.addEventListener("pointermove", (event) => {
    const at = place(event, plot.svg);
    if (!fingers.has(event.pointerId)) {
      if (event.pointerType === "mouse") look(plot.stepAt(...at));
      return;
    }
    fingers.set(event.pointerId, at);
    if (fingers.size === 2 && held.wide) {
      const by = held.wide.wide / spread().wide;
      const { from, to } = held.view;
      const middle = held.wide.middle;
      clamp(middle - (middle - from) * by, middle + (to - middle) * by);
    } else if (fingers.size === 1 && !isWhole() && !held.wide) {
      const inner = plot.size.width - plot.size.left - plot.size.right;
      const steps = ((held.at[0] - at[0]) / inner) * (held.view.to - held.view.from);
      clamp(held.view.from + steps, held.view.to + steps);
    } else if (fingers.size === 1) look(plot.stepAt(...at));
  });
  for (const name of ["pointerup", "pointercancel"]) {
    box.addEventListener(name, (event) => {
      fingers.delete(event.pointerId);
      if (fingers.size === 1) held = { at: [...fingers.values()][0], view: state.view, wide: 0 };
    });
  }
  box.addEventListener("dblclick", () => go({ from: 0, to: chart.end }));
  // The wheel scrolls the page, unless the chart was chosen or Ctrl is held.
  box.addEventListener("wheel", (event) => {
    const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
    if (!sideways && !event.ctrlKey && !event.metaKey && document.activeElement !== box) return;
    if (isWhole() && (sideways || event.deltaY > 0)) return;
    event.preventDefault();
    const x = plot.fromX(place(event, plot.svg)[0]);
    if (sideways) pan((event.deltaX / plot.size.width) * (state.view.to - state.view.from));
    else zoom(x, Math.exp(Math.max(-1, Math.min(1, event.deltaY * 0.003))));
  }, { passive: false });

  const move = (by, event) => {
    const steps = evaluations();
    const now = state.cursor ?? state.view.from;
    const at = steps.findIndex((step) => step >= now);
    const on = at < 0 ? steps.length - 1 : at;
    look(event.shiftKey ? Math.min(Math.max(now + by, 0), chart.end)
      : steps[Math.min(Math.max(on + (steps[on] > now && by > 0 ? 0 : by), 0), steps.length - 1)], true);
  };
  const keys = {
    ArrowLeft: (event) => move(-1, event),
    ArrowRight: (event) => move(1, event),
    PageUp: () => look(Math.min((state.cursor ?? 0) + chart.batches, chart.end), true),
    PageDown: () => look(Math.max((state.cursor ?? 0) - chart.batches, 0), true),
    Home: () => look(0, true),
    End: () => look(chart.end, true),
    "+": () => zoom(state.cursor ?? state.view.from, 0.6),
    "=": () => zoom(state.cursor ?? state.view.from, 0.6),
    "-": () => zoom(state.cursor ?? state.view.from, 1 / 0.6),
    0: () => go({ from: 0, to: chart.end }),
  };
  box.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key](event);
  });

  // In the strip a frame is drawn, moved, or made wider or narrower at its ends.
  let grip = null;
  const stepIn = (event) => {
    const inner = plot.size.width - plot.size.left - plot.size.right;
    const x = ((place(event, plot.strip)[0] - plot.size.left) / inner) * chart.end;
    return Math.min(Math.max(x, 0), chart.end);
  };
  plot.strip.addEventListener("pointerdown", (event) => {
    plot.strip.setPointerCapture(event.pointerId);
    const [x, { from, to }] = [stepIn(event), state.view];
    const near = (14 / plot.size.width) * chart.end;
    if (!isWhole() && Math.abs(x - from) < near) grip = { fixed: to };
    else if (!isWhole() && Math.abs(x - to) < near) grip = { fixed: from };
    else if (!isWhole() && x > from && x < to) grip = { moved: x - from, width: to - from };
    else grip = { fixed: x };
  });
  plot.strip.addEventListener("pointermove", (event) => {
    if (!grip) return;
    const x = stepIn(event);
    if ("moved" in grip) clamp(x - grip.moved, x - grip.moved + grip.width);
    else clamp(Math.min(x, grip.fixed), Math.max(x, grip.fixed));
  });
  for (const name of ["pointerup", "pointercancel"]) {
    plot.strip.addEventListener(name, () => { grip = null; });
  }
};
