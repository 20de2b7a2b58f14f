// The batch that is open: its numbers, its classes, its images.
{
  const SHOWN = 24, CLASSES = 30; // images to begin with, and classes
  const { percent, signed, points, digits, thousands } = dips;

  dips.batch = (data, { own, falls, errors, sequence, pixelsOf }) => {
    const { batches } = data;
    const steps = own.values.length;
    const numbersOf = new Map(data.numbers.map((each) => [each.batch, each]));
    const openedOf = new Map(data.opened.map((each) => [each.batch, each]));
    let [current, all] = [null, false];

    const panel = make("section", { className: "batch" });
    const title = make("p", { className: "name" });
    const facts = make("dl", { className: "numbers" });
    const counts = make("div", { className: "counts" });
    const sheet = make("ul", { className: "sheet" });
    const about = make("p", { className: "about" });
    const more = make("button", { type: "button", className: "pill" });
    more.addEventListener("click", () => { all = !all; show(current); });
    const scroll = make("div", { className: "scroll" }, sheet);
    const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const median = (values) => {
      const sorted = [...values].sort((a, b) => a - b);
      return mean([sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]]);
    };
    const fact = (name, value) => make("div", {}, make("dt", { textContent: name }), make("dd", { textContent: value }));
    const meanAround = (batch) => {
      const on = [];
      for (let s = batches; s < steps; s++) if (sequence[s] === batch) on.push(s);
      return [mean(on.map((s) => own.values[s - 1])), mean(on.map((s) => own.values[s]))];
    };
    const picture = (pixels, place, name) => {
      const [height, across, channels] = data.size;
      const canvas = make("canvas", { width: across, height });
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", name);
      const image = new ImageData(across, height);
      for (let i = 0; i < across * height; i++) {
        for (let c = 0; c < 3; c++) image.data[4 * i + c] = pixels[(place * across * height + i) * channels + (channels === 3 ? c : 0)];
        image.data[4 * i + 3] = 255;
      }
      canvas.getContext("2d").putImageData(image, 0, 0);
      return canvas;
    };
    const showCounts = (numbers) => {
      const others = data.numbers.filter((each) => each !== numbers);
      const usual = data.classes.map((_, k) => mean(others.map((each) => each.counts[k])));
      const order = data.classes.map((_, k) => k);
      const far = (k) => Math.abs(numbers.counts[k] - usual[k]);
      const some = order.length > CLASSES ? order.sort((a, b) => far(b) - far(a)).slice(0, CLASSES) : order;
      const top = Math.max(...numbers.counts, ...usual);
      const rows = some.map((k) => {
        const bar = (kind, value) => {
          const node = make("span", { className: kind });
          node.style.width = `${(100 * value) / top}%`;
          return node;
        };
        const drawn_ = make("td", { className: "bars" }, bar("here", numbers.counts[k]), bar("usual", usual[k]));
        const [name, here, mean_] = [data.classes[k], numbers.counts[k], usual[k].toFixed(1)];
        return make("tr", {}, make("th", { scope: "row", textContent: name }), drawn_, make("td", { textContent: here }), make("td", { textContent: mean_ }));
      });
      const heads = ["class", "", "here", "mean of the others"].map((text) => (text ? make("th", { scope: "col", textContent: text }) : make("td")));
      counts.replaceChildren(make("table", {}, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...rows)));
    };
    const show = (chosen) => {
      if (chosen !== current) all = false;
      current = chosen;
      const { batch, step } = chosen;
      title.textContent = `Batch ${batch}, at step ${thousands(step)}`;
      const numbers = numbersOf.get(batch);
      const [before, after] = meanAround(batch);
      const shown = [
        fact("accuracy, this step", step > 0 ? `${percent(own.values[step - 1])} → ${percent(own.values[step])}` : percent(own.values[0])),
        fact("accuracy, mean of the epochs", `${percent(before)} → ${percent(after)}`),
        fact("below the epoch's median", `${points(falls[batch])} ± ${(100 * errors[batch]).toFixed(2)}`),
      ];
      counts.hidden = !numbers;
      if (numbers) {
        const others = data.numbers.filter((each) => each !== numbers);
        shown.push(
          fact("loss of its examples", `${digits(numbers.loss)} (others: ${digits(mean(others.map((each) => each.loss)))})`),
          fact("length of its gradient", `${digits(numbers.norm)} (others: ${digits(median(others.map((each) => each.norm)))})`),
          fact("cosine with the others' gradient", signed(numbers.cosine)),
        );
        showCounts(numbers);
      }
      facts.replaceChildren(...shown);
      const opened = openedOf.get(batch);
      sheet.hidden = !opened;
      more.hidden = true;
      if (!opened) {
        const names = [...openedOf.keys()].sort((a, b) => a - b).join(", ");
        about.textContent = `The examples of batches ${names} are in this page, of the others these numbers.`;
        return;
      }
      const pixels = pixelsOf.get(batch);
      const held = pixels ? pixels.length / data.size.reduce((a, b) => a * b, 1) : opened.rows.length;
      const count = all ? held : Math.min(SHOWN, held);
      const framed = batch === data.batch ? data.framed : 0;
      sheet.className = pixels ? "sheet" : "sheet numbers-only";
      sheet.replaceChildren(...opened.rows.slice(0, count).map((row, place) => {
        const [label, loss, harm] = [opened.labels[place], digits(opened.losses[place]), digits(opened.harms[place])];
        const told = `example ${row}, label ${label}, loss ${loss}, harm ${harm}`;
        const item = make("li", { title: told, className: place < framed ? "framed" : "" });
        if (pixels) item.append(picture(pixels, place, told), make("span", { textContent: `${label} · ${opened.losses[place].toFixed(2)}` }));
        else item.append(make("span", { textContent: told }));
        return item;
      }));
      about.textContent = `Its ${pixels ? "images" : "examples"}, the most harmful first, each with its label and its loss before the step`
        + (framed ? `; the ${framed === 1 ? "one" : framed} that matter${framed === 1 ? "s" : ""} most ${framed === 1 ? "is" : "are"} framed.` : ".");
      more.hidden = held <= SHOWN;
      more.textContent = all ? `The first ${SHOWN}` : `All ${held}`;
    };
    const fill = (turns) => panel.append(
      title, turns, make("div", { className: "beside" }, facts, counts), about, scroll, make("p", { className: "controls" }, more),
    );
    panel.setAttribute("aria-label", `The open batch of ${data.run}`);
    return { panel, fill, show };
  };
}
