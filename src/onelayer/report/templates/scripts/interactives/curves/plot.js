// The panes over one another, and below them the whole, with what is seen of it in a frame.
curves.plot = (chart, state) => {
  const svg = makeSvg("svg", { class: "panes", "aria-hidden": "true" });
  const strip = makeSvg("svg", { class: "strip", "aria-hidden": "true" });
  const size = { left: 52, right: 14, width: 0, height: 0 };
  let scales = [];
  const colour = (line) => `var(${line.colour})`;
  const shown = (pane) => pane.lines.filter((line) => !state.hidden.has(line.label));
  const factor = () => (state.epochs ? 1 / chart.batches : 1);

  const toX = (x) => {
    const { from, to } = state.view;
    return size.left + ((x - from) / (to - from)) * (size.width - size.left - size.right);
  };
  const fromX = (pixel) => {
    const { from, to } = state.view;
    return from + ((pixel - size.left) / (size.width - size.left - size.right)) * (to - from);
  };

  // What is drawn in it is cut off at its edges.
  const frame = (y, height) => {
    const width = size.width - size.left - size.right;
    const place = { x: size.left, y, width, height };
    return makeSvg("svg", { ...place, viewBox: `${size.left} ${y} ${width} ${height}` });
  };

  const line = (into, each, range, toY, faint) => {
    const d = curves.path(each, range, toX, toY);
    if (!d) return;
    into.append(makeSvg("path", {
      d, fill: "none", stroke: colour(each), "stroke-linejoin": "round",
      "stroke-width": each.pale ? 1 : 1.8, opacity: faint ? 0.38 : each.pale ? 0.5 : 1,
    }));
  };

  const drawPane = (pane, top, height) => {
    const lines = shown(pane);
    const logarithmic = pane.logarithmic !== null && state.logarithmic;
    const scale = { ...curves.scale(pane, lines, state.view, chart.end, logarithmic, top, height), top, height };
    const group = makeSvg("g");
    for (const tick of scale.ticks) {
      const y = scale.toY(tick);
      group.append(
        makeSvg("line", { x1: size.left, x2: size.width - size.right, y1: y, y2: y, class: "grid" }),
        makeSvg("text", { x: size.left - 7, y: y + 4, "text-anchor": "end", class: "muted" }, `${tick}`),
      );
    }
    const title = logarithmic ? `${pane.title} (logarithmic)` : pane.title;
    group.append(makeSvg("text", { x: 0, y: top - 9 }, title));
    const within = frame(top - 2, height + 4);
    for (const each of lines) {
      const [first, end] = curves.within(each, state.view);
      if (state.stop === null) {
        line(within, each, [first, end], scale.toY, false);
      } else {
        const until = Math.min(Math.max(curves.at(each, state.stop + 0.5), first), end);
        line(within, each, [Math.max(first, until - 1), end], scale.toY, true);
        line(within, each, [first, until], scale.toY, false);
      }
    }
    group.append(within);
    scales.push(scale);
    svg.append(group);
  };

  const drawSteps = (bottom) => {
    const { from, to } = state.view;
    const unit = factor();
    for (const tick of curves.linear(from * unit, to * unit, Math.max(2, Math.round(size.width / 110)))) {
      if (!state.epochs && tick % 1) continue;
      const x = toX(tick / unit);
      svg.append(
        makeSvg("line", { x1: x, x2: x, y1: bottom, y2: bottom + 5, class: "axis" }),
        makeSvg("text", { x, y: bottom + 20, "text-anchor": "middle", class: "muted" },
          tick.toLocaleString("en")),
      );
    }
    svg.append(
      makeSvg("line", { x1: size.left, x2: size.width - size.right, y1: bottom, y2: bottom, class: "axis" }),
      makeSvg("text", { x: (size.left + size.width - size.right) / 2, y: bottom + 39, "text-anchor": "middle" },
        state.epochs ? "epoch" : "step"),
    );
  };

  const drawMarks = (top, bottom) => {
    const marks = [...chart.marks, ...state.marks]
      .filter(({ step }) => step >= state.view.from && step <= state.view.to).sort((a, b) => a.step - b.step);
    for (const { step } of marks) {
      svg.append(makeSvg("line", { x1: toX(step), x2: toX(step), y1: top, y2: bottom, class: "mark" }));
    }
    marks.forEach(({ step, text }, place) => {
      // The last is labelled on its right, the others on their left, where there is room.
      const [x, room] = [toX(step), 150];
      const right = x < size.left + room || (place === marks.length - 1 && x < size.width - room);
      svg.append(makeSvg("text", {
        x: x + (right ? 6 : -6), y: top + 12 + 17 * (place % 2), "text-anchor": right ? "start" : "end", class: "halo",
      }, `${text}: step ${curves.whole(step)}`));
    });
  };

  const drawNotes = () => {
    for (const { cut, top, height } of scales) {
      if (cut === null) continue;
      svg.append(makeSvg("text", {
        x: size.width - size.right - 4, y: top + height - 7, "text-anchor": "end", class: "muted halo",
      }, `not shown: first steps, from ${cut.toFixed(1)}%`));
    }
  };

  const drawStrip = () => {
    const [height, whole] = [44, { from: 0, to: chart.end }];
    strip.setAttribute("viewBox", `0 0 ${size.width} ${height}`);
    strip.setAttribute("height", height);
    const inner = size.width - size.left - size.right;
    const across = (x) => size.left + (x / chart.end) * inner;
    const pane = chart.panes.at(-1);
    const logarithmic = pane.logarithmic !== null && state.logarithmic;
    const lines = shown(pane);
    const { toY } = curves.scale(pane, lines, whole, chart.end, logarithmic, 3, height - 6);
    const small = frame(0, height);
    for (const each of lines) {
      const d = curves.path(each, [0, each.steps.length], across, toY);
      small.append(makeSvg("path", { d, fill: "none", stroke: colour(each), "stroke-width": 1, opacity: each.pale ? 0.5 : 1 }));
    }
    const [from, to] = [across(state.view.from), across(state.view.to)];
    const handle = (x) => makeSvg("rect", { x: x - 4, y: height / 2 - 10, width: 8, height: 20, rx: 3, class: "handle" });
    strip.replaceChildren(
      makeSvg("rect", { x: size.left, y: 0.5, width: inner, height: height - 1, class: "whole" }),
      small,
      makeSvg("rect", { x: size.left, y: 0, width: Math.max(0, from - size.left), height, class: "outside" }),
      makeSvg("rect", { x: to, y: 0, width: Math.max(0, size.left + inner - to), height, class: "outside" }),
      makeSvg("rect", { x: from, y: 0.5, width: Math.max(1, to - from), height: height - 1, class: "frame" }),
      handle(from), handle(to),
    );
  };

  const rule = makeSvg("g", { class: "rule" });
  const point = () => {
    if (!size.width) return;
    rule.replaceChildren();
    if (state.cursor === null || state.cursor < state.view.from || state.cursor > state.view.to) return;
    const x = toX(state.cursor);
    const { top } = scales[0];
    rule.append(makeSvg("line", { x1: x, x2: x, y1: top, y2: scales.at(-1).top + scales.at(-1).height }));
    chart.panes.forEach((pane, place) => {
      for (const each of shown(pane).slice(0, 24)) {
        const at = curves.nearest(each, state.cursor);
        const y = scales[place].toY(each.values[at]);
        if (!Number.isFinite(y) || y < scales[place].top - 2 || y > scales[place].top + scales[place].height + 2) continue;
        rule.append(makeSvg("circle", {
          cx: toX(each.steps[at] * each.factor), cy: y, r: 4, fill: colour(each),
        }));
      }
    });
  };

  const draw = () => {
    if (!size.width) return; // not seen yet
    const phone = size.width < 520;
    const heights = chart.panes.map(() => (phone ? 165 : chart.panes.length > 1 ? 200 : 260));
    scales = [];
    svg.replaceChildren();
    let top = 30;
    heights.forEach((height, place) => {
      drawPane(chart.panes[place], top, height);
      top += height + 40;
    });
    const bottom = top - 40;
    drawMarks(30, bottom);
    drawNotes();
    drawSteps(bottom);
    size.height = bottom + 46;
    svg.setAttribute("viewBox", `0 0 ${size.width} ${size.height}`);
    svg.setAttribute("height", size.height);
    svg.append(rule);
    point();
    drawStrip();
  };

  // The point of a line that is nearest to the pointer, so that a dip can be pointed at.
  const stepAt = (pixelX, pixelY) => {
    const x = Math.min(Math.max(fromX(pixelX), state.view.from), state.view.to);
    let [best, step] = [Infinity, null];
    chart.panes.forEach((pane, place) => {
      const { top, height, toY } = scales[place];
      if (pixelY < top - 20 || pixelY > top + height + 20) return;
      for (const each of shown(pane)) {
        const first = curves.at(each, fromX(pixelX - 5));
        const end = curves.at(each, fromX(pixelX + 5));
        for (let i = first; i < end; i += 1) {
          const away = Math.hypot(toX(each.steps[i] * each.factor) - pixelX, toY(each.values[i]) - pixelY);
          if (away < best) [best, step] = [away, each.steps[i] * each.factor];
        }
      }
    });
    return step ?? Math.round(x);
  };

  return {
    svg, strip, draw, point, stepAt, fromX, size,
    resize: (width) => { size.width = width; size.left = width < 520 ? 44 : 52; draw(); },
  };
};
