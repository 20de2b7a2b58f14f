// Weights as pictures: along the penalty, along the steps, and the value of each pixel.
{
  const signed = (value) => `${value < 0 ? "−" : "+"}${Number(Math.abs(value).toPrecision(2))}`;
  const count = (steps) => steps.toLocaleString("en");
  const measured = (loss, accuracy, steps) => {
    const when = steps ? ` (evaluated after ${count(steps)})` : "";
    return `validation loss ${loss.toPrecision(3)}, accuracy ${(100 * accuracy).toFixed(2)}%${when}`;
  };

  // Rounded weights as they were packed: each time but the first is a change (RoundedWeights).
  const levelsOf = async ({ packed, largest }) => {
    const levels = new Int8Array(await unpack(packed));
    const size = levels.length / largest.length;
    for (let i = size; i < levels.length; i += 1) levels[i] += levels[i - size];
    return largest.map((_, time) => levels.subarray(time * size, (time + 1) * size));
  };

  // 255 colours from the most negative weight to the most positive.
  const ramp = (stops) => {
    const parts = stops.map((hue) => [1, 3, 5].map((at) => parseInt(hue.slice(at, at + 2), 16)));
    return Array.from({ length: 255 }, (_, i) => {
      const place = (i / 254) * (parts.length - 1);
      const low = Math.min(Math.floor(place), parts.length - 2);
      return parts[low].map((part, k) => part + (parts[low + 1][k] - part) * (place - low));
    });
  };

  // A small chart: axes in words, lines with marks, and a moving cursor.
  const chart = (label, height) => {
    const svg = makeSvg("svg", { viewBox: `0 0 360 ${height}`, role: "img", "aria-label": label });
    return { svg, put: (...shape) => svg.appendChild(makeSvg(...shape)) };
  };
  const path = (points) => points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");

  const noiseChart = (stops) => {
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

  const curveChart = ({ curve }, last) => {
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

  interactives.weights = async (element, data) => {
    const [height, width, channels] = data.shape;
    const stops = await Promise.all(data.stops.map(async (stop) => ({
      ...stop,
      end: { ...stop.end, times: await levelsOf(stop.end) },
      minimum: stop.minimum && { ...stop.minimum, times: await levelsOf(stop.minimum) },
      film: stop.film && { ...stop.film, times: await levelsOf(stop.film) },
    })));
    if (data.limit) {
      const limit = { ...data.limit, times: await levelsOf(data.limit) };
      stops.push({ label: "λ → ∞", l2: null, limit, end: limit, minimum: null, film: null, noises: [data.limit.noise, null] });
    }
    const colours = ramp(data.colours);
    const runs = stops.filter((stop) => !stop.limit);
    // The limit has no size of its own.
    const common = Math.max(...runs.flatMap((stop) =>
      [stop.end, stop.minimum, stop.film].flatMap((part) => part?.largest ?? [])));
    const state = { stop: 0, atMinimum: false, time: null, common: false, pixel: null, timer: 0 };

    // The pictures: one canvas an output, with the value of the chosen pixel below.
    const grid = make("div", { className: "pictures" });
    if (data.classes.length > 10) grid.classList.add("many");
    const pictures = data.classes.map((name, place) => {
      const canvas = make("canvas", { width, height, tabIndex: place ? -1 : 0 });
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", `Weights of ${name}; the arrow keys choose a pixel`);
      const mark = make("span", { className: "pixel", hidden: true });
      const value = make("span", { className: "value" });
      const caption = make("figcaption", {}, make("b", { textContent: name }), " ", value);
      grid.append(make("figure", {}, make("div", { className: "frame" }, canvas, mark), caption));
      return { name, canvas, mark, value, context: canvas.getContext("2d"), image: new ImageData(width, height) };
    });

    const slider = (label, most) => {
      const input = make("input", { type: "range", min: 0, max: most, step: 1, value: 0 });
      const output = make("output");
      return { input, output, row: make("label", {}, make("span", { textContent: label }), input, output) };
    };
    const pill = (text) => make("button", { type: "button", className: "pill", textContent: text });
    const along = slider(data.along, stops.length - 1);
    const [atEnd, atMinimum] = [pill("End of the run"), pill("Minimum")];
    const scale = pill("Common scale");
    const play = pill("Play");
    const steps = slider("steps", 1);
    const group = (...inside) => make("div", { className: "controls" }, ...inside);
    const filming = group(play, steps.row);
    const legend = make("div", { className: "legend" });
    const bar = make("canvas", { width: 255, height: 1 });
    bar.setAttribute("role", "img");
    bar.setAttribute("aria-label", "Colours from the most negative weight to the most positive");
    const [low, high] = [make("span"), make("span")];
    legend.append(low, bar, high);
    const told = make("p", { className: "told" });
    told.setAttribute("aria-live", "polite");
    const charts = make("div", { className: "charts" });
    const noise = noiseChart(runs);
    const curves = new Map();
    const curve = make("div");
    if (noise) charts.append(noise.svg);
    charts.append(curve);
    if (stops.length > 1) element.append(group(along.row, atEnd, atMinimum, scale));
    else element.append(group(atEnd, atMinimum));
    element.append(filming, grid, legend, told, charts, captions.copy(element));
    atMinimum.hidden = !stops.some((stop) => stop.minimum);
    atEnd.hidden = atMinimum.hidden;

    const line = bar.getContext("2d");
    const strip = line.createImageData(255, 1);
    for (let i = 0; i < 255; i += 1) {
      strip.data.set(channels === 1 ? [...colours[i], 255] : [i, i, i, 255], 4 * i);
    }
    line.putImageData(strip, 0, 0);

    // What is shown now: weights, their unit and their noise.
    const current = () => {
      const stop = stops[state.stop];
      const minimum = state.atMinimum && stop.minimum;
      const film = !minimum && stop.film;
      const last = film ? film.times.length - 1 : 0;
      const time = film ? Math.min(state.time ?? last, last) : 0;
      const onTheWay = film && time < last;
      const part = minimum || (onTheWay ? film : stop.end);
      const at = onTheWay ? time : 0;
      const largest = part.largest[at];
      return {
        stop, minimum, film, last, time, levels: part.times[at], unit: largest / part.levels,
        depth: part.levels, largest, noise: onTheWay ? film.noises[at] : part.noise,
      };
    };

    const show = () => {
      const now = current();
      const limit = state.common && !now.stop.limit ? common : now.largest;
      const step = ((now.largest || 1) / (limit || 1)) / now.depth;
      const pixels = width * height;
      for (const [place, { context, image }] of pictures.entries()) {
        const own = now.levels.subarray(place * pixels * channels, (place + 1) * pixels * channels);
        for (let i = 0; i < pixels; i += 1) {
          if (channels === 1) {
            const colour = colours[Math.round(127 + 127 * own[i] * step)];
            image.data.set([colour[0], colour[1], colour[2], 255], 4 * i);
          } else {
            for (let c = 0; c < 3; c += 1) image.data[4 * i + c] = 127.5 + 127.5 * own[3 * i + c] * step;
            image.data[4 * i + 3] = 255;
          }
        }
        context.putImageData(image, 0, 0);
      }
      const spell = (sign) => (now.stop.limit ? (sign < 0 ? "against the class" : "for it") : signed(sign * limit));
      low.textContent = `weight ${spell(-1)}`;
      high.textContent = spell(1);
      along.output.textContent = now.stop.label.replace(/^λ = /, "");
      along.input.value = state.stop;
      along.input.setAttribute("aria-valuetext", now.stop.label);
      scale.setAttribute("aria-pressed", String(state.common));
      atMinimum.disabled = !now.stop.minimum;
      atMinimum.setAttribute("aria-pressed", String(Boolean(now.minimum)));
      atEnd.setAttribute("aria-pressed", String(!now.minimum && now.time === now.last));
      filming.hidden = !stops.some((stop) => stop.film);
      play.disabled = !now.stop.film;
      steps.input.disabled = !now.stop.film;
      play.textContent = state.timer ? "Pause" : "Play";
      let where = now.stop.limit ? "the limit of ever stronger penalties" : "at the end of the run";
      if (now.minimum) where = "at the minimum of the objective";
      let numbers = "";
      curve.replaceChildren();
      if (now.stop.film) {
        const at = now.minimum ? null : now.stop.film.steps[now.time];
        steps.input.max = now.stop.film.times.length - 1;
        steps.input.value = now.minimum ? steps.input.max : now.time;
        steps.output.textContent = now.minimum ? "minimum" : count(at);
        steps.input.setAttribute("aria-valuetext", now.minimum ? "at the minimum" : `after ${count(at)} steps`);
        if (!now.minimum && now.time < now.last) where = `after ${count(at)} step${at > 1 ? "s" : ""}`;
        if (now.stop.curve) {
          if (!curves.has(state.stop)) curves.set(state.stop, curveChart(now.stop, now.stop.film.steps.at(-1)));
          curve.append(curves.get(state.stop).svg);
          const read = curves.get(state.stop).show(at);
          if (!now.minimum && now.time < now.last) numbers = `; ${read}`;
        }
      } else steps.output.textContent = "–";
      // Beside the weights that are kept stand their own numbers, not those of an evaluation.
      if (!now.minimum && now.time === now.last && now.stop.end.final) numbers = `; ${measured(...now.stop.end.final)}`;
      noise?.show(now.stop.limit ? null : now.stop, now.minimum ? 1 : 0);
      const rough = now.noise === null ? "" : `, noise ${now.noise.toFixed(2)}`;
      told.textContent = `${now.stop.label}, ${where}${rough}${numbers}.`;
      value(now);
    };

    // The chosen pixel, in every picture at once.
    const value = (now = current()) => {
      for (const [place, picture] of pictures.entries()) {
        picture.mark.hidden = state.pixel === null;
        if (state.pixel === null) {
          picture.value.textContent = "";
          continue;
        }
        const [row, column] = state.pixel;
        const at = (place * width * height + row * width + column) * channels;
        const own = [...now.levels.subarray(at, at + channels)].map((level) => level * now.unit);
        // The limit has a direction, and its size depends on λ.
        picture.value.textContent = own
          .map((weight) => (now.stop.limit ? `${Math.round((100 * weight) / now.largest)}%` : signed(weight)))
          .join(" / ");
        Object.assign(picture.mark.style, {
          left: `${(100 * column) / width}%`, top: `${(100 * row) / height}%`,
          width: `${100 / width}%`, height: `${100 / height}%`,
        });
      }
      place.textContent = state.pixel === null
        ? "Point at a pixel to read its weights."
        : `Row ${state.pixel[0]}, column ${state.pixel[1]}, counted from 0.`;
    };
    const place = make("p", { className: "told place" });
    place.setAttribute("aria-live", "polite");
    told.after(place);

    const choose = (pixel) => {
      state.pixel = pixel;
      value();
    };
    for (const { canvas } of pictures) {
      const under = (event) => {
        const box = canvas.getBoundingClientRect();
        const part = (at, from, size, most) =>
          Math.max(0, Math.min(most - 1, Math.floor(((at - from) / size) * most)));
        choose([part(event.clientY, box.top, box.height, height), part(event.clientX, box.left, box.width, width)]);
      };
      canvas.addEventListener("pointermove", (event) => { if (event.pointerType === "mouse") under(event); });
      canvas.addEventListener("pointerdown", under);
      canvas.addEventListener("keydown", (event) => {
        const move = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
        if (!move) return;
        event.preventDefault();
        const [row, column] = state.pixel ?? [height >> 1, width >> 1];
        choose([
          Math.max(0, Math.min(height - 1, row + move[0])),
          Math.max(0, Math.min(width - 1, column + move[1])),
        ]);
      });
    }

    const pause = () => {
      clearInterval(state.timer);
      state.timer = 0;
    };
    along.input.addEventListener("input", () => {
      pause();
      state.stop = Number(along.input.value);
      show();
    });
    atEnd.addEventListener("click", () => {
      pause();
      Object.assign(state, { atMinimum: false, time: null });
      show();
    });
    atMinimum.addEventListener("click", () => {
      pause();
      state.atMinimum = true;
      show();
    });
    scale.addEventListener("click", () => {
      state.common = !state.common;
      show();
    });
    const go = (time) => {
      const { film } = stops[state.stop];
      Object.assign(state, { atMinimum: false, time: time >= film.times.length - 1 ? null : time });
      if (state.time === null) pause();
      show();
    };
    steps.input.addEventListener("input", () => {
      pause();
      go(Number(steps.input.value));
    });
    play.addEventListener("click", () => {
      if (state.timer) {
        pause();
        show();
        return;
      }
      state.timer = setInterval(() => go((state.time ?? -1) + 1), 200);
      go(state.atMinimum || state.time === null ? 0 : state.time);
    });
    show();
  };
}
