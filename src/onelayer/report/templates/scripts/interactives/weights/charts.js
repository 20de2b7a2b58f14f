// What stands below the pictures: their noise along the penalty, and the curves of a run.
{
  const { count, measured } = pictures;

  // A small chart: axes in words, lines with marks, and a moving cursor.
  const chart = (label, height) => {
    const svg = makeSvg("svg", { viewBox: `0 0 360 ${height}`, role: "img", "aria-label": label });
    return { svg, put: (...shape) => svg.appendChild(makeSvg(...shape)) };
  };
  const path = (points) => points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");

  pictures.noiseChart = (stops) => {
    const penalties = stops.map((stop) => stop.l2);
    const known = stops.flatMap((stop) => stop.noises).filter((noise) => noise !== null);
    if (new Set(penalties).size < 2 || stops.some((stop) => stop.l2 === null)) return null;
    const { svg, put } = chart("Noise of the pictures against the penalty", 160);
    const [left, right, top, bottom] = [38, 350, 24, 118];
    const logs = penalties.filter((l2) => l2 > 0).map(Math.log10);
    const span = Math.max(...logs) - Math.min(...logs) || 1;
    const zero = penalties.includes(0) ? 0.16 * (right - left) : 0;
    const x = (l2) => l2 > 0
      ? left + zero + 12 + ((Math.log10(l2) - Math.min(...logs)) / span) * (right - left - zero - 24)
      : left + 12;
    const high = Math.max(...known) * 1.1;
    const y = (noise) => bottom - (noise / high) * (bottom - top);
    put("text", { x: 2, y: 12 }, "noise along λ");
    for (const tick of [0, high / 1.1]) {
      put("line", { x1: left, x2: right, y1: y(tick), y2: y(tick), class: "grid" });
      put("text", { x: left - 5, y: y(tick) + 4, class: "end" }, tick.toFixed(tick ? 2 : 0));
    }
    if (zero) put("text", { x: left + zero / 2 + 12, y: bottom + 4, class: "middle" }, "//");
    put("text", { x: (left + right) / 2, y: 156, class: "middle" }, "penalty λ");
    let free = -Infinity;
    for (const l2 of [...new Set(penalties)].sort((a, b) => a - b)) {
      if (x(l2) - free < 34) continue;
      free = x(l2);
      put("text", { x: x(l2), y: bottom + 18, class: "middle" }, String(l2));
    }
    for (const [i, kind] of ["end", "minimum"].entries()) {
      const points = stops.filter((stop) => stop.noises[i] !== null);
      const line = points.filter((stop) => stop.l2 > 0).map((stop) => [x(stop.l2), y(stop.noises[i])]);
      put("path", { d: path(line), class: `line ${kind}` });
      for (const stop of points) {
        const [a, b] = [x(stop.l2), y(stop.noises[i])];
        if (i) put("path", { d: `M${a} ${b - 5}l5 5l-5 5l-5 -5Z`, class: `mark ${kind}` });
        else put("circle", { cx: a, cy: b, r: 3.5, class: `mark ${kind}` });
      }
    }
    put("circle", { cx: 150, cy: 8, r: 3.5, class: "mark end" });
    put("text", { x: 158, y: 12 }, "end of the run");
    if (stops.some((stop) => stop.noises[1] !== null)) {
      put("path", { d: "M268 3l5 5l-5 5l-5 -5Z", class: "mark minimum" });
      put("text", { x: 278, y: 12 }, "minimum");
    }
    const ring = put("circle", { r: 8, class: "cursor" });
    return {
      svg,
      show: (stop, kind) => {
        const noise = stop?.noises[kind] ?? null;
        ring.style.display = noise === null ? "none" : "";
        if (noise === null) return;
        ring.setAttribute("cx", x(stop.l2));
        ring.setAttribute("cy", y(noise));
      },
    };
  };

  pictures.curveChart = ({ curve }, last) => {
    const { svg, put } = chart("Validation loss and accuracy over the steps", 228);
    const steps = arrayOf(curve.steps);
    const [left, right] = [46, 350];
    const x = (step) => left + (Math.log(step) / Math.log(Math.max(last, 2))) * (right - left);
    const values = {};
    const panel = (name, title, top, bottom, kind, spell) => {
      values[name] = arrayOf(curve[name]);
      const [low, high] = [Math.min(...values[name]), Math.max(...values[name])];
      const y = (value) => bottom - ((value - low) / (high - low || 1)) * (bottom - top);
      put("text", { x: 2, y: top - 9 }, title);
      for (const tick of [low, high]) {
        put("line", { x1: left, x2: right, y1: y(tick), y2: y(tick), class: "grid" });
        put("text", { x: left - 5, y: y(tick) + 4, class: "end" }, spell(tick));
      }
      put("path", { d: path([...values[name]].map((value, i) => [x(steps[i]), y(value)])), class: `line ${kind}` });
      const dot = put("circle", { r: 4, class: `mark ${kind}` });
      return { y, dot };
    };
    const rule = put("line", { y1: 20, y2: 186, class: "rule" });
    const panels = {
      val_loss: panel("val_loss", "validation loss", 22, 88, "loss", (v) => v.toPrecision(2)),
      val_accuracy: panel("val_accuracy", "validation accuracy", 120, 186, "accuracy", (v) => `${(100 * v).toFixed(0)}%`),
    };
    for (let decade = 1; decade <= last; decade *= 10) {
      put("text", { x: x(decade), y: 206, class: "middle" }, count(decade));
    }
    put("text", { x: (left + right) / 2, y: 224, class: "middle" }, "steps made");
    return {
      svg,
      // The evaluation that is nearest in time, and the cursor where the pictures are.
      show: (step) => {
        svg.classList.toggle("off", step === null);
        if (step === null) return "";
        let near = 0;
        steps.forEach((own, i) => { if (Math.abs(Math.log(own / step)) < Math.abs(Math.log(steps[near] / step))) near = i; });
        rule.setAttribute("x1", x(step));
        rule.setAttribute("x2", x(step));
        for (const [name, { y, dot }] of Object.entries(panels)) {
          dot.setAttribute("cx", x(steps[near]));
          dot.setAttribute("cy", y(values[name][near]));
        }
        return measured(values.val_loss[near], values.val_accuracy[near], steps[near]);
      },
    };
  };
}
