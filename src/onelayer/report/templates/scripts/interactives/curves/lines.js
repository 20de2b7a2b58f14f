// Lines of curves: where a step is in them, their range in a view, and the path that draws them.
curves.line = (packed) => {
  const steps = arrayOf(packed.steps);
  for (let i = 1; i < steps.length; i += 1) steps[i] += steps[i - 1];
  return { ...packed, steps, values: arrayOf(packed.values), factor: 1 };
};

// The first point that is not before x.
curves.at = ({ steps, factor }, x) => {
  let [low, high] = [0, steps.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (steps[middle] * factor < x) low = middle + 1; else high = middle;
  }
  return low;
};

curves.nearest = (line, x) => {
  const after = curves.at(line, x);
  if (after === 0) return 0;
  if (after === line.steps.length) return after - 1;
  const [left, right] = [line.steps[after - 1] * line.factor, line.steps[after] * line.factor];
  return x - left <= right - x ? after - 1 : after;
};

// The points in a view, and one on either side, to which the line goes on.
curves.within = (line, { from, to }) => [
  Math.max(0, curves.at(line, from) - 1), Math.min(line.steps.length, curves.at(line, to) + 1),
];

curves.range = (lines, view, positive) => {
  let [low, high] = [Infinity, -Infinity];
  for (const line of lines) {
    const [first, end] = [curves.at(line, view.from), curves.at(line, view.to + 1e-9)];
    for (let i = first; i < Math.max(end, Math.min(first + 1, line.steps.length)); i += 1) {
      const value = line.values[i];
      if (!Number.isFinite(value) || (positive && value <= 0)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return low > high ? null : [low, high];
};

// Of the points in a column of pixels the first, the lowest, the highest and the last are drawn:
// the picture is that of all points (Jugel and others 2014, "M4"), and no dip is lost.
curves.path = (line, [first, end], toX, toY) => {
  const parts = [];
  let [column, group, joined] = [NaN, null, false];
  const put = () => {
    if (!group) return;
    const points = [group.first, group.low, group.high, group.last].sort((a, b) => a[2] - b[2]);
    points.forEach(([x, y, place], at) => {
      if (at && points[at - 1][2] === place) return;
      parts.push(`${joined ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`);
      joined = true;
    });
    group = null;
  };
  for (let i = first; i < end; i += 1) {
    const y = toY(line.values[i]);
    if (!Number.isFinite(y)) {
      put();
      joined = false;
      continue;
    }
    const x = toX(line.steps[i] * line.factor);
    const point = [x, y, i];
    if (Math.floor(x) !== column) put();
    if (!group) {
      column = Math.floor(x);
      group = { first: point, low: point, high: point, last: point };
    }
    group.last = point;
    if (y < group.high[1]) group.high = point;
    if (y > group.low[1]) group.low = point;
  }
  put();
  return parts.join("");
};

// Which of so many points to keep, as onelayer.diagnosis.statistics.extremes does.
curves.extremes = (columns, first, end, most) => {
  const count = end - first;
  if (count <= most) return Array.from({ length: count }, (_, i) => first + i);
  const groups = Math.max(1, Math.floor((most - 2) / (2 * columns.length)));
  const kept = new Set([first, end - 1]);
  for (let g = 0; g < groups; g += 1) {
    const [low, high] = [g, g + 1].map((edge) => first + Math.floor((edge * count) / groups));
    for (const column of columns) {
      let [least, greatest] = [-1, -1];
      for (let i = low; i < high; i += 1) {
        if (!Number.isFinite(column[i])) continue;
        if (least < 0 || column[i] < column[least]) least = i;
        if (greatest < 0 || column[i] > column[greatest]) greatest = i;
      }
      if (least >= 0) kept.add(least).add(greatest);
    }
  }
  return [...kept].sort((a, b) => a - b);
};
