// Which classes are taken for which: a cell of the table, or a pair of the list, shows its images.
{
  const percent = (share) => `${(100 * share).toFixed(share > 0.999 ? 2 : 1)}%`;
  const counted = (count) => `${count.toLocaleString("en")} ${count === 1 ? "example" : "examples"}`;

  // A picture of a sheet of images (onelayer/diagnosis/measures/image_sheet.py).
  const picture = ({ height, width, channels, white }, bytes, place) => {
    const canvas = make("canvas", { width, height });
    const image = new ImageData(width, height);
    const size = height * width;
    for (let pixel = 0; pixel < size; pixel++) {
      for (let colour = 0; colour < 3; colour++) {
        const byte = bytes[(place * size + pixel) * channels + (channels === 1 ? 0 : colour)];
        image.data[4 * pixel + colour] = Math.min(255, Math.round((byte * 255) / white));
      }
      image.data[4 * pixel + 3] = 255;
    }
    canvas.getContext("2d").putImageData(image, 0, 0);
    canvas.setAttribute("aria-hidden", "true");
    return canvas;
  };

  interactives.confusion = async (box, data) => {
    const { classes, sizes, right, pairs, mistakes, images } = data;
    const bytes = images && new Uint8Array(await unpack(images.pixels));

    // Mistakes as a list: with their images, or by their rows alone.
    const listed = (places, says) => make("ul", { className: "examples" }, ...places.map((place) => {
      const [row] = mistakes[place];
      const said = make("span", {}, says(mistakes[place]));
      const which = make("small", {}, `example ${row.toLocaleString("en")}`);
      return make("li", {}, ...(images ? [picture(images, bytes, place)] : []), said, which);
    }));

    const shown = make("div", { className: "shown" });
    shown.setAttribute("aria-live", "polite");
    const buttons = new Map();
    const show = (pair, chosen) => {
      const [label, predicted, count] = pair;
      const places = mistakes.flatMap((each, place) => each[1] === label && each[2] === predicted ? [place] : []);
      const title = `${counted(count)} of ${classes[label]} taken for ${classes[predicted]}`;
      const some = places.length < count ? `, the ${places.length} surest` : "";
      shown.replaceChildren(
        make("p", { className: "what" }, make("b", {}, title), `${some}${places.length ? ", with the probability that is given" : ""}`),
        listed(places, ([, , , probability]) => percent(probability)),
      );
      for (const button of buttons.values()) button.setAttribute("aria-pressed", String(button === chosen));
    };
    const choice = (pair, text) => {
      const [label, predicted, count] = pair;
      const button = make("button", { type: "button", textContent: text });
      button.setAttribute("aria-label", `${counted(count)} of ${classes[label]} taken for ${classes[predicted]}`);
      button.setAttribute("aria-pressed", "false");
      button.addEventListener("click", () => show(pair, button));
      buttons.set(pair, button);
      return button;
    };
    const head = (scope, text) => make("th", { scope, textContent: text });

    const matrix = () => {
      const pair = new Map(pairs.map((each) => [`${each[0]} ${each[1]}`, each]));
      const strongest = Math.max(...pairs.map(([label, , count]) => count / sizes[label]));
      const rows = classes.map((name, label) => make("tr", {}, head("row", name), ...classes.map((_, predicted) => {
        if (label === predicted) return make("td", { className: "right" }, right[label].toLocaleString("en"));
        const cell = make("td");
        const each = pair.get(`${label} ${predicted}`);
        if (each) {
          const button = choice(each, each[2].toLocaleString("en"));
          button.dataset.place = `${label} ${predicted}`;
          button.tabIndex = -1;
          const share = Math.sqrt(each[2] / sizes[label] / strongest);
          button.style.setProperty("--share", `${(42 * share).toFixed(1)}%`);
          cell.append(button);
        }
        return cell;
      })));
      const table = make("table", { className: "matrix" },
        make("caption", {}, `Labels in rows, predictions in columns. Choose a number to see the ${images ? "images" : "examples"} behind it.`),
        make("thead", {}, make("tr", {}, make("th", { scope: "col", textContent: "label" }), ...classes.map((name) => head("col", name)))),
        make("tbody", {}, ...rows));
      // One stop of the Tab key; the arrows go on from there, over cells without mistakes.
      table.addEventListener("keydown", (event) => {
        const moves = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
        const move = moves[event.key];
        if (!move || !event.target.dataset.place) return;
        event.preventDefault();
        const at = event.target.dataset.place.split(" ").map(Number);
        do {
          at[0] += move[0];
          at[1] += move[1];
          const next = table.querySelector(`[data-place="${at.join(" ")}"]`);
          if (next) {
            next.focus();
            return;
          }
        } while (at.every((place) => place >= 0 && place < classes.length));
      });
      table.addEventListener("focusin", (event) => {
        for (const button of buttons.values()) button.tabIndex = button === event.target ? 0 : -1;
      });
      return table;
    };

    const list = () => make("table", { className: "pairs" },
      make("caption", {}, `The pairs of ${classes.length} classes that are confused most often. Choose one to see ${images ? "its images" : "its examples"}.`),
      make("thead", {}, make("tr", {}, ...["label", "predicted", "examples", "of the class"].map((text) => head("col", text)))),
      make("tbody", {}, ...pairs.map((pair) => make("tr", {},
        head("row", classes[pair[0]]), make("td", {}, classes[pair[1]]),
        make("td", {}, choice(pair, pair[2].toLocaleString("en"))),
        make("td", {}, percent(pair[2] / sizes[pair[0]]))))));

    const scroll = make("div", { className: "scroll" }, data.is_matrix ? matrix() : list());
    const surest = mistakes.slice(0, data.sure).map((_, place) => place);
    box.append(
      make("p", { className: "of" }, make("b", {}, `${captions.number(box)}What ${data.run} takes for what.`)),
      make("div", { className: "beside" }, scroll, shown),
      make("p", { className: "what" }, make("b", {}, "The surest mistakes"), ": label, what is predicted instead, and its probability"),
      listed(surest, ([, label, predicted, probability]) => `${classes[label]} → ${classes[predicted]}, ${percent(probability)}`),
    );
    const first = buttons.get(pairs[0]);
    first.tabIndex = 0;
    show(pairs[0], first);
  };
}
