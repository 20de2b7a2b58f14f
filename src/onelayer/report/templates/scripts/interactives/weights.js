// Weights as pictures: along the penalty, along the steps, and the value of each pixel.
{
  const { signed, count, measured, levelsOf, ramp, noiseChart, curveChart } = pictures;

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
