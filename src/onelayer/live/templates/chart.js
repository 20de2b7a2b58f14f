// Curves on a canvas, in the colours of the theme: the mean of neighbouring steps in a band from
// the lowest to the highest, in which a dip of one step is seen.
const colourOf = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const span = (values) => values.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [Infinity, -Infinity]);
const ticks = (low, high, most) => {
  const rough = (high - low) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough);
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9) || 0; k * step <= high + 1e-9 * step; k += 1) found.push(k * step);
  return { found, digits: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) };
};
const decades = (low, high, most) => {
  const found = [];
  const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  const step = Math.ceil((last - first) / most);
  for (let p = Math.ceil(first / step) * step; p <= last; p += step) {
    for (const digit of high / low > 1000 ? [1] : [1, 2, 5]) found.push(Number(`${digit}e${p}`));
  }
  return found.filter((tick) => tick >= low && tick <= high);
};
const inPowers = (tick) => (tick >= 1e4 || tick < 1e-3 ? tick.toExponential(0).replace("+", "") : String(tick));
// curves: [{ steps, mean, low, high, colour, dash, wild }]: the others set the scale of a wild one.
const drawChart = (canvas, curves, { percent }) => {
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  const scale = devicePixelRatio || 1;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const pen = canvas.getContext("2d");
  pen.scale(scale, scale);
  pen.font = `12px ${getComputedStyle(canvas).fontFamily}`;
  const all = curves.filter(({ steps }) => steps.length);
  if (!all.length || !width) return;
  const last = Math.max(1, ...all.map(({ steps }) => steps.at(-1)));
  const tame = all.filter(({ wild }) => !wild);
  const scaling = tame.length ? tame : all;
  // The first steps may fall outside where they would take more than half of the height.
  const values = (from) => scaling.flatMap(({ steps, low, high }) =>
    [...low, ...high].filter((_, i) => steps[i % steps.length] >= from));
  let [bottom, top] = span(values(0));
  const settled = span(values(0.05 * last));
  const middle = values(0).sort((a, b) => a - b)[scaling.reduce((n, c) => n + c.steps.length, 0)];
  const logarithmic = !percent && bottom > 0 && top > 10 * middle;
  if (percent && settled[0] <= settled[1] && top - bottom > 2 * (top - settled[0])) bottom = settled[0];
  if (!percent && !logarithmic) bottom = 0;
  const room = logarithmic ? 0 : 0.06 * (top - bottom) || 0.01;
  top += room;
  if (percent) [bottom, top] = [Math.max(0, bottom - room), Math.min(1, top)];
  const box = { left: 48, right: width - 10, top: 10, bottom: height - 40 };
  const place = logarithmic ? Math.log10 : (v) => v;
  const x = (step) => box.left + (step / last) * (box.right - box.left);
  const y = (v) => box.bottom - ((place(v) - place(bottom)) / (place(top) - place(bottom) || 1)) * (box.bottom - box.top);
  const [ink, muted, grid] = ["--fig-ink", "--fig-muted", "--fig-grid"].map(colourOf);
  pen.lineWidth = 1;
  pen.textBaseline = "middle";
  pen.textAlign = "right";
  const across = logarithmic ? { found: decades(bottom, top, 6) } : ticks(bottom, top, 5);
  for (const tick of across.found) {
    pen.strokeStyle = grid;
    pen.beginPath(); pen.moveTo(box.left, y(tick)); pen.lineTo(box.right, y(tick)); pen.stroke();
    pen.fillStyle = muted;
    const shown = percent ? `${(100 * tick).toFixed(Math.max(0, across.digits - 2))}%`
      : logarithmic ? inPowers(tick) : tick.toFixed(across.digits);
    pen.fillText(shown, box.left - 6, y(tick));
  }
  pen.textBaseline = "top";
  pen.textAlign = "center";
  for (const tick of ticks(0, last, Math.max(2, Math.floor(width / 110))).found) {
    if (!Number.isInteger(tick)) continue;
    const text = tick.toLocaleString("en");
    const half = pen.measureText(text).width / 2;
    pen.fillText(text, Math.min(x(tick), box.right + 8 - half), box.bottom + 6);
  }
  pen.fillStyle = ink;
  pen.fillText(logarithmic ? "step (loss on a logarithmic scale)" : "step", (box.left + box.right) / 2, box.bottom + 23);
  pen.save();
  pen.beginPath(); pen.rect(box.left, box.top - 4, box.right - box.left + 4, box.bottom - box.top + 6); pen.clip();
  for (const { steps, mean, low, high, colour, dash } of all) {
    pen.strokeStyle = pen.fillStyle = colourOf(colour);
    pen.globalAlpha = 0.25;
    pen.beginPath();
    steps.forEach((s, i) => pen.lineTo(x(s), y(high[i])));
    for (let i = steps.length - 1; i >= 0; i -= 1) pen.lineTo(x(steps[i]), y(low[i]));
    pen.fill();
    pen.globalAlpha = 1;
    pen.lineWidth = 1.8;
    pen.lineJoin = "round";
    pen.setLineDash(dash);
    pen.beginPath();
    steps.forEach((s, i) => pen.lineTo(x(s), y(mean[i])));
    pen.stroke();
    if (steps.length === 1) { pen.beginPath(); pen.arc(x(steps[0]), y(mean[0]), 2, 0, 7); pen.fill(); }
  }
  pen.restore();
};
