// What the parts of this folder share; they are read in the order of their names.
const dips = {};
dips.clamp = (value, low, high) => Math.min(Math.max(value, low), high);
dips.percent = (share) => `${(100 * share).toFixed(2)}%`;
dips.signed = (value) => value.toFixed(2).replace("-", "−");
dips.points = (share) => `${dips.signed(100 * share)} points`;
dips.digits = (value) => (value === 0 ? "0" : value.toPrecision(3));
dips.thousands = (n) => n.toLocaleString("en-US");
Object.assign(dips, { LEFT: 46, RIGHT: 8, TOP: 8, BOTTOM: 46 }); // Pixels around a plot.

// About so many ticks at round numbers.
dips.ticks = (low, high, count) => {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((times) => times * power).find((size) => size >= rough);
  const found = [];
  for (let at = Math.ceil(low / step); at * step <= high; at++) found.push(at * step);
  return found;
};
// A line through values; where there are more than columns of pixels, through the lowest and the
// highest of each column: no dip is lost.
dips.line = (values, first, last, x, y, width) => {
  const steps = [];
  const a_column = Math.max(1, (last - first) / Math.max(width, 1));
  for (let from = first; from <= last; from += a_column) {
    let [low, high] = [Math.round(from), Math.round(from)];
    for (let s = low; s < Math.round(from + a_column) && s <= last; s++) {
      if (values[s] < values[low]) low = s;
      if (values[s] > values[high]) high = s;
    }
    if (low >= values.length) break;
    steps.push(...(low === high ? [low] : [low, high].sort((a, b) => a - b)));
  }
  return steps.map((s, i) => `${i ? "L" : "M"}${x(s).toFixed(1)} ${y(values[s]).toFixed(1)}`).join("");
};
dips.choices = (label, names, chosen) => {
  const row = make("div", { className: "controls" });
  row.setAttribute("role", "group");
  row.setAttribute("aria-label", label);
  const buttons = names.map((name, place) => {
    const button = make("button", { type: "button", className: "pill", textContent: name });
    button.addEventListener("click", () => chosen(place));
    row.append(button);
    return button;
  });
  const press = (place) => buttons.forEach((button, i) => {
    button.setAttribute("aria-pressed", String(i === place));
  });
  return { row, press };
};
// A drawing on which a place is chosen: by a pointer, or by the arrow keys.
dips.slide = (label, height, keys) => {
  const svg = makeSvg("svg", { class: "plot", height, tabindex: 0, role: "slider", "aria-label": label });
  const at = (event) => event.clientX - svg.getBoundingClientRect().left;
  svg.addEventListener("pointermove", (event) => keys.over(at(event)));
  svg.addEventListener("pointerleave", () => keys.over(null));
  svg.addEventListener("click", (event) => keys.choose(at(event)));
  svg.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageUp: keys.page, PageDown: -keys.page, Home: -1e9, End: 1e9 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    keys.move(by);
  });
  return svg;
};
