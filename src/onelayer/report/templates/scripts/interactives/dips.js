// Dips: the accuracy after every step, what a change makes of it, and any batch opened.
{
  const { clamp, percent, points, thousands, ticks, line, choices, slide, LEFT, RIGHT, TOP, BOTTOM } = dips;

  let many = 0;
  interactives.dips = async (hands, data) => {
    const inner = `dips-inside-${many++}`;
    const { batches } = data;
    const curves = data.curves.map((curve) => ({
      ...curve, values: Float64Array.from(arrayOf(curve.accuracies), (v) => v / data.shares),
    }));
    const [falls, errors, sequence] = [data.falls, data.errors, data.sequence].map(arrayOf);
    const own = curves[0];
    const steps = own.values.length;
    const epochs = steps / batches;
    const pixelsOf = new Map();
    for (const { batch, pixels } of data.opened) {
      if (pixels && data.size) pixelsOf.set(batch, new Uint8Array(await unpack(pixels)));
    }
    const state = {
      curve: 0, first: Math.min(1, epochs - 1), epochs: Math.min(12, epochs - 1),
      step: own.watched.find((s) => s >= batches) ?? batches, batch: data.batch,
    };
    const batchAt = (step) => sequence[step];

    const said = make("p", { className: "said" });
    said.setAttribute("aria-live", "polite");
    const read = make("p", { className: "read" });
    const width = () => Math.max(280, hands.clientWidth || hands.parentElement.clientWidth);
    const window_ = () => {
      const first = state.epochs >= epochs ? 0 : state.first * batches;
      return [first, Math.min(first + state.epochs * batches, steps) - 1];
    };

    // The curve.
    const HEIGHT = 316;
    let x = null;
    const stepAt = (pixels) => {
      const [first, last] = window_();
      return clamp(Math.round(first + ((pixels - LEFT) / (width() - LEFT - RIGHT)) * (last - first)), first, last);
    };
    const tell = (step) => {
      const [curve, values] = [curves[state.curve], curves[state.curve].values];
      const shown = step < values.length ? values : own.values;
      const where = state.curve && step < values.length ? ` (${curve.change})` : "";
      const of = state.curve && step < values.length ? "" : `, on batch ${batchAt(step)}`;
      return `step ${thousands(step)}, epoch ${Math.floor(step / batches)}${of}: ${percent(shown[step])}${where}`;
    };
    const plot = slide("Step to open", HEIGHT, {
      page: batches,
      over: (at) => {
        hair.setAttribute("visibility", at === null ? "hidden" : "visible");
        const step = at === null ? state.step : stepAt(at);
        if (x) for (const end of ["x1", "x2"]) hair.setAttribute(end, x(step));
        read.textContent = tell(step);
      },
      choose: (at) => open(stepAt(at)),
      move: (by) => open(clamp(state.step + by, 0, steps - 1)),
    });
    const hair = makeSvg("line", { class: "hair", y1: TOP, y2: HEIGHT - BOTTOM, visibility: "hidden" });
    const draw = () => {
      const [all, [first, last], curve] = [width(), window_(), curves[state.curve]];
      plot.setAttribute("width", all);
      plot.setAttribute("viewBox", `0 0 ${all} ${HEIGHT}`);
      // One scale for all curves, so that they can be compared; the climb of the first epoch may
      // leave it below.
      const from = Math.max(first, Math.min(batches, last));
      let [low, high] = [1, 0];
      for (const { values } of curves) {
        for (let s = from; s <= Math.min(last, values.length - 1); s++) {
          if (values[s] < low) low = values[s];
          if (values[s] > high) high = values[s];
        }
      }
      const room = Math.max(0.05 * (high - low), 0.001);
      [low, high] = [Math.max(0, low - room), Math.min(1, high + room)];
      x = (step) => LEFT + ((step - first) / Math.max(last - first, 1)) * (all - LEFT - RIGHT);
      const y = (value) => TOP + ((high - value) / (high - low)) * (HEIGHT - TOP - BOTTOM);
      const inside = makeSvg("g", { "clip-path": `url(#${inner})` });
      const clip = makeSvg("clipPath", { id: inner });
      clip.append(makeSvg("rect", { x: LEFT - 4, y: 0, width: all - LEFT - RIGHT + 8, height: HEIGHT - BOTTOM + 4 }));
      const parts = [clip];
      for (const value of ticks(100 * low, 100 * high, 5)) {
        const at = y(value / 100);
        parts.push(makeSvg("line", { class: "grid", x1: LEFT, x2: all - RIGHT, y1: at, y2: at }));
        parts.push(makeSvg("text", { x: LEFT - 6, y: at + 4, "text-anchor": "end" }, `${+value.toFixed(2)}`));
      }
      if (state.epochs <= 40) {
        for (let e = Math.ceil(first / batches); e * batches <= last; e++) {
          parts.push(makeSvg("line", { class: "grid", x1: x(e * batches), x2: x(e * batches), y1: TOP, y2: HEIGHT - BOTTOM }));
        }
      }
      parts.push(makeSvg("text", { class: "title", x: LEFT + (all - LEFT - RIGHT) / 2, y: HEIGHT - 4, "text-anchor": "middle" }, "step"));
      for (const step of ticks(first, last, all < 500 ? 4 : 8)) {
        parts.push(makeSvg("text", { x: x(step), y: HEIGHT - BOTTOM + 18, "text-anchor": "middle" }, thousands(step)));
      }
      const own_line = line(own.values, first, last, x, y, all);
      inside.append(makeSvg("path", { class: state.curve ? "own faint" : "own", d: own_line }));
      if (state.curve) {
        const end = Math.min(last, curve.values.length - 1);
        if (end >= first) inside.append(makeSvg("path", { class: "changed", d: line(curve.values, first, end, x, y, all) }));
      }
      for (const step of curve.watched) {
        if (step >= first && step <= last) inside.append(makeSvg("circle", { class: "mark", cx: x(step), cy: y(curve.values[step]), r: 4 }));
      }
      if (state.step >= first && state.step <= last) {
        const at = x(state.step);
        inside.append(makeSvg("line", { class: "chosen", x1: at, x2: at, y1: TOP, y2: HEIGHT - BOTTOM }));
      }
      plot.replaceChildren(...parts, inside, hair);
      for (const [key, value] of Object.entries({ min: 0, max: steps - 1, now: state.step })) plot.setAttribute(`aria-value${key}`, value);
      plot.setAttribute("aria-valuetext", tell(state.step));
      read.textContent = tell(state.step);
    };

    // How far it falls after each batch.
    const BARS = 158;
    const batchOf = (pixels) => clamp(Math.floor(((pixels - LEFT) / (width() - LEFT - RIGHT)) * batches), 0, batches - 1);
    const bars = slide("Batch to open", BARS, {
      page: 10,
      over: () => {},
      choose: (at) => openBatch(batchOf(at)),
      move: (by) => openBatch(clamp(state.batch + by, 0, batches - 1)),
    });
    const drawBars = () => {
      const all = width();
      bars.setAttribute("width", all);
      bars.setAttribute("viewBox", `0 0 ${all} ${BARS}`);
      const foot = BARS - 44;
      const top = Math.max(...falls.map((fall, i) => fall + 2 * errors[i]), 1e-6);
      const y = (value) => foot - (Math.max(value, 0) / top) * (foot - TOP);
      const each = (all - LEFT - RIGHT) / batches;
      const parts = [];
      for (const value of ticks(0, 100 * top, 3)) {
        const at = y(value / 100);
        parts.push(makeSvg("line", { class: "grid", x1: LEFT, x2: all - RIGHT, y1: at, y2: at }));
        parts.push(makeSvg("text", { x: LEFT - 6, y: at + 4, "text-anchor": "end" }, `${+value.toFixed(2)}`));
      }
      falls.forEach((fall, batch) => {
        const left = LEFT + batch * each;
        const kind = batch === data.batch ? "bar mark" : "bar";
        if (batch === state.batch) parts.push(makeSvg("rect", { class: "under", x: left, y: 0, width: Math.max(each, 2), height: foot }));
        parts.push(makeSvg("rect", { class: kind, x: left + 0.1 * each, y: y(fall), width: Math.max(0.8 * each, 0.8), height: Math.max(foot - y(fall), 1) }));
        if (each > 5) {
          const middle = left + each / 2;
          parts.push(makeSvg("line", { class: "error", x1: middle, x2: middle, y1: y(fall - 2 * errors[batch]), y2: y(fall + 2 * errors[batch]) }));
        }
      });
      parts.push(makeSvg("text", { class: "title", x: LEFT + (all - LEFT - RIGHT) / 2, y: BARS - 4, "text-anchor": "middle" }, "batch of the epoch, counted from 0"));
      for (const batch of ticks(0, batches - 1, all < 500 ? 5 : 10)) {
        if (Number.isInteger(batch)) parts.push(makeSvg("text", { x: LEFT + (batch + 0.5) * each, y: foot + 18, "text-anchor": "middle" }, batch));
      }
      bars.replaceChildren(...parts);
      for (const [key, value] of Object.entries({ min: 0, max: batches - 1, now: state.batch })) bars.setAttribute(`aria-value${key}`, value);
      bars.setAttribute("aria-valuetext", `batch ${state.batch}: falls by ${points(falls[state.batch])} in the mean`);
    };

    const opened = dips.batch(data, { own, falls, errors, sequence, pixelsOf });

    // What is chosen.
    const show = () => {
      const [first, last] = window_();
      if (state.epochs < epochs && (state.step < first || state.step > last)) {
        state.first = clamp(Math.floor(state.step / batches) - Math.floor(state.epochs / 2), 0, Math.max(0, epochs - state.epochs));
        from.value = state.first;
      }
      draw();
      drawBars();
      opened.show({ batch: state.batch, step: state.step });
    };
    const open = (step) => {
      Object.assign(state, { step, batch: batchAt(step) });
      show();
    };
    const openBatch = (batch) => {
      const epoch = Math.max(1, Math.floor(state.step / batches));
      let step = epoch * batches;
      while (step < steps - 1 && sequence[step] !== batch) step++;
      Object.assign(state, { step, batch });
      show();
    };
    const change = (place) => {
      state.curve = place;
      switches.press(place);
      const curve = curves[place];
      const error = curve.error === null ? "" : ` (standard error ${(100 * curve.error).toFixed(2)})`;
      said.replaceChildren(make("b", { textContent: captions.number(hands) }), place
        ? `${curve.change[0].toUpperCase()}${curve.change.slice(1)}: the accuracy falls by ${points(curve.fall)}${error}, marked; in as many epochs (${data.tried.epochs}) it was ${points(data.tried.fall)}.`
        : `As ${data.run} was trained: after batch ${data.batch}${data.lag ? ` (deepest ${data.lag} later)` : ""} the accuracy falls by ${points(curve.fall)}${error}, marked, and comes back.`);
      if (place && state.first * batches >= curve.values.length) {
        state.first = Math.min(1, epochs - 1);
        from.value = state.first;
      }
      draw();
    };
    const switches = choices("What is changed", curves.map((curve) => curve.name), change);
    const spans = [...new Set([Math.min(4, epochs), Math.min(12, epochs), epochs])];
    const views = choices("How much is shown", spans.map((span) => (span === epochs ? "whole run" : `${span} epochs`)), (place) => view(place));
    const from = make("input", { type: "range", min: 0, step: 1 });
    const fromLabel = make("label", {}, "from epoch", from);
    const view = (place) => {
      state.epochs = spans[place];
      views.press(place);
      from.max = Math.max(0, epochs - state.epochs);
      state.first = clamp(state.epochs >= epochs ? 0 : Math.max(state.first, Math.min(1, epochs - state.epochs)), 0, +from.max);
      from.value = state.first;
      fromLabel.hidden = state.epochs >= epochs;
      draw();
    };
    from.addEventListener("input", () => { state.first = +from.value; draw(); });
    const csv = make("button", { type: "button", className: "pill", textContent: "CSV" });
    csv.addEventListener("click", () => {
      const quoted = (text) => `"${text.replaceAll('"', '""')}"`;
      const lines = [["step", "epoch", "batch", ...curves.map((curve) => quoted(curve.change))].join(",")];
      for (let s = 0; s < steps; s++) {
        lines.push([s, Math.floor(s / batches), sequence[s], ...curves.map((curve) => (s < curve.values.length ? curve.values[s].toFixed(5) : ""))].join(","));
      }
      saveCsv("dips", `${lines.join("\n")}\n`);
    });
    views.row.append(fromLabel, csv);
    const turns = choices("Batch", ["Previous", "Next", `The deepest: ${data.batch}`], (place) => {
      if (place === 2) return openBatch(data.batch);
      return openBatch((state.batch + (place ? 1 : batches - 1)) % batches);
    });
    opened.fill(turns.row);
    hands.append(
      switches.row, said,
      make("p", { className: "axis", textContent: "validation accuracy (%) after every step: choose one to open its batch" }), plot, read, views.row,
      make("p", { className: "axis", textContent: "mean fall below the epoch's median (points) after each batch" }), bars, opened.panel,
    );
    hands.hidden = false;
    view(Math.min(1, spans.length - 1));
    change(0);
    show();
    let seen = width();
    new ResizeObserver(() => {
      if (width() === seen) return;
      seen = width();
      draw();
      drawBars();
    }).observe(hands);
  };
}
