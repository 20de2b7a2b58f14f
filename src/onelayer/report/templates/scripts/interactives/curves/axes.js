// What the parts of this folder share; they are read in the order of their names.
const curves = {};

// Axes, and how numbers are written.
curves.whole = (number) => Math.round(number).toLocaleString("en");
curves.value = (number, percent) => {
  if (!Number.isFinite(number)) return "not finite";
  return percent ? `${number.toFixed(2)}%` : number.toPrecision(4);
};

curves.linear = (low, high, count) => {
  const raw = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * [1, 2, 5, 10].find((digit) => digit * power >= raw * 0.75);
  const ticks = [];
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high + step * 1e-9; n += 1) {
    ticks.push(Number((n * step).toPrecision(12)));
  }
  return ticks;
};
curves.decades = (low, high) => {
  const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  const ticks = [];
  for (let power = first; power <= last; power += 1) {
    for (const digit of last - first > 3 ? [1] : [1, 2, 5]) {
      const tick = Number(`${digit}e${power}`);
      if (tick >= low && tick <= high) ticks.push(tick);
    }
  }
  return ticks.length > 1 ? ticks : curves.linear(low, high, 4).filter((tick) => tick > 0);
};

// The y axis of a pane over what is in view, and what it leaves out: accuracies of the first steps,
// where they would take more than half of the height.
curves.scale = (pane, lines, view, end, logarithmic, top, height) => {
  const all = curves.range(lines, view, logarithmic) ?? [logarithmic ? 0.1 : 0, 1];
  let [low, high] = all;
  let cut = false;
  if (pane.percent && view.from <= 0) {
    const settled = curves.range(lines, { from: 0.05 * (view.to - view.from), to: view.to });
    if (settled && high - low > 2 * (high - settled[0])) [low, cut] = [settled[0], true];
  }
  const f = logarithmic ? Math.log10 : (value) => value;
  const room = 0.06 * (f(high) - f(low)) || (logarithmic ? 0.05 : Math.abs(high) * 0.05 || 0.5);
  let [bottom, ceiling] = [f(low) - room, f(high) + room];
  if (!logarithmic && !pane.percent) bottom = Math.min(Math.max(bottom, 0), low);
  if (pane.percent) [bottom, ceiling] = [Math.max(0, bottom), Math.min(100.2, ceiling)];
  const span = ceiling - bottom;
  const toY = (value) => top + height * (1 - (f(value) - bottom) / span);
  const count = Math.max(2, Math.round(height / 48));
  const ticks = logarithmic
    ? curves.decades(10 ** bottom, 10 ** ceiling) : curves.linear(bottom, ceiling, count);
  return { toY, ticks, cut: cut ? all[0] : null };
};
