// Draw an image, or paint on one: every model answers, and each pixel's part in the answer is seen.
{
  const CANVAS = 280; // about so many pixels along the longer side of what is drawn on
  const BRUSH = { least: 3, most: 25, first: 11 }; // its width, in hundredths of the longer side
  const { prepared, covered, probabilitiesOf, partsOf, answerOf } = drawing;
  const signed = (number) => `${number < 0 ? "−" : "+"}${Math.abs(number).toFixed(2)}`;

  interactives.draw = async (box, data) => {
    const { frame, examples, labels, colours } = data;
    const { height, width, channels, low, step, white } = examples;
    const size = height * width * channels;
    const bytes = new Uint8Array(await unpack(examples.pixels));
    const mean = Float64Array.from(new Uint8Array(await unpack(data.mean)), (byte) => low + step * byte);
    const models = data.models.map((model) => ({ ...model, weights: arrayOf(model.weights) }));
    const rawOf = (place) => Float64Array.from(bytes.subarray(place * size, (place + 1) * size), (byte) => low + step * byte);
    const shade = (raw) => Math.min(255, Math.max(0, Math.round(((raw - low) / step) * (255 / white))));

    // What a model sees is drawn by its pixels; what is drawn on is finer where there is paper.
    const paint = (canvas, put) => {
      const image = new ImageData(canvas.width, canvas.height);
      const { data: shown } = image;
      for (let at = 0; at < shown.length; at += 4) {
        put(shown, at, at / 4);
        shown[at + 3] = 255;
      }
      canvas.getContext("2d").putImageData(image, 0, 0);
    };
    const paintRaw = (canvas, raw) => paint(canvas, (shown, at, pixel) => {
      for (let colour = 0; colour < 3; colour++) {
        shown[at + colour] = shade(raw[pixel * channels + (channels === 1 ? 0 : colour)]);
      }
    });
    const rgb = colours.map((colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16)));
    const diverging = (share) => {
      const at = ((Math.min(1, Math.max(-1, share)) + 1) / 2) * (rgb.length - 1);
      const from = Math.min(rgb.length - 2, Math.floor(at));
      return rgb[from].map((value, colour) => Math.round(value + (rgb[from + 1][colour] - value) * (at - from)));
    };

    const fine = frame ? Math.max(1, Math.round(CANVAS / Math.max(height, width))) : 1;
    const [tall, wide] = [height * fine, width * fine];
    const board = make("canvas", { className: frame ? "board" : "board coarse", height: tall, width: wide });
    board.setAttribute("role", "img");
    board.setAttribute("aria-label", "Drawing area; the images below it can be taken with the keyboard");
    board.style.aspectRatio = `${wide} / ${tall}`;
    const seen = make("canvas", { className: "seen", height, width });
    const parts = make("canvas", { className: "parts", height, width });
    for (const canvas of [seen, parts]) {
      canvas.setAttribute("role", "img");
      canvas.style.aspectRatio = `${width} / ${height}`;
    }
    seen.setAttribute("aria-label", "What the models see");
    const partsSaid = make("p", { className: "said" });

    // What is there: an image to begin with, or none, and strokes upon it.
    let base = frame ? null : 0;
    let strokes = [];
    let [chosenModel, chosenClass] = [0, null];

    const sizeInput = make("input", { type: "range", min: BRUSH.least, max: BRUSH.most, value: BRUSH.first });
    const colourInput = make("input", { type: "color", value: "#888888" });
    const radius = () => (Number(sizeInput.value) / 200) * Math.max(tall, wide);

    // Ink on paper, 0 to 1; an image taken begins with its own.
    const inkOf = () => {
      const ink = new Float64Array(tall * wide);
      if (base !== null) {
        const raw = rawOf(base);
        for (let place = 0; place < ink.length; place++) {
          const [row, column] = [Math.floor(place / wide / fine), Math.floor((place % wide) / fine)];
          ink[place] = (raw[row * width + column] - frame.paper) / (frame.ink - frame.paper);
        }
      }
      return ink;
    };
    let ink = frame && inkOf();
    const stampInk = (from, to) => covered(from, to, to.radius, tall, wide, (place, share) => {
      ink[place] = Math.max(ink[place], share);
    });
    let painted = frame ? null : rawOf(base);
    const stampColour = (from, to, stroke) => covered(from, to, to.radius, height, width, (place, share) => {
      for (let colour = 0; colour < channels; colour++) {
        const at = place * channels + colour;
        painted[at] += share * (stroke.colour[colour] - painted[at]);
      }
    });
    const stamp = frame ? stampInk : stampColour;
    const colourNow = () => {
      const parts = [1, 3, 5].map((at) => parseInt(colourInput.value.slice(at, at + 2), 16));
      const luma = 0.299 * parts[0] + 0.587 * parts[1] + 0.114 * parts[2];
      return (channels === 1 ? [luma] : parts).map((part) => low + step * ((part * white) / 255));
    };
    const again = () => {
      if (frame) ink = inkOf();
      else painted = rawOf(base);
      for (const stroke of strokes) stroke.points.forEach((point, place) => stamp(stroke.points[Math.max(0, place - 1)], point, stroke));
      show();
    };

    // An image taken is seen as it is; with a stroke on it, it is prepared as a drawing.
    const rawNow = () => {
      if (!frame) return painted;
      if (base !== null && strokes.length === 0) return rawOf(base);
      return prepared(ink, tall, wide, frame);
    };

    const told = make("p", { className: "told" });
    told.setAttribute("aria-live", "polite");
    const answers = models.map((model, place) => answerOf(model, () => { choose(place); }));
    const choices = make("select");
    const choose = (place) => {
      chosenModel = place;
      chosenClass = null;
      const own = models[place].classes.map((name, output) => make("option", { value: output, textContent: name }));
      choices.replaceChildren(make("option", { value: "", textContent: "the one it says" }), ...own);
      show();
    };
    choices.addEventListener("change", () => {
      chosenClass = choices.value === "" ? null : Number(choices.value);
      show();
    });

    const show = () => {
      const raw = rawNow();
      if (frame) {
        paint(board, (shown, at, pixel) => {
          shown[at] = shown[at + 1] = shown[at + 2] = shade(frame.paper + (frame.ink - frame.paper) * ink[pixel]);
        });
      } else paintRaw(board, raw);
      paintRaw(seen, raw);
      const all = models.map((model) => probabilitiesOf(model, raw));
      const said = answers.map((answer, place) => answer.show(all[place], place === chosenModel));
      if (drawing === null) told.textContent = `${said.join("; ")}.`;
      const model = models[chosenModel];
      const of = chosenClass ?? all[chosenModel].indexOf(Math.max(...all[chosenModel]));
      const values = partsOf(model, of, raw, mean);
      const sums = Array.from({ length: height * width }, (_, pixel) => {
        let sum = 0;
        for (let colour = 0; colour < channels; colour++) sum += values[pixel * channels + colour];
        return sum;
      });
      const most = sums.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0) || 1;
      paint(parts, (shown, at, pixel) => shown.set(diverging(sums[pixel] / most), at));
      const whole = sums.reduce((sum, value) => sum + value, 0);
      const text = `What each pixel adds to the score of ${model.classes[of]} in “${model.name}”, against the mean training image: red speaks for it, blue against it, at most ${most.toFixed(2)}, together ${signed(whole)}.`;
      partsSaid.textContent = text;
      parts.setAttribute("aria-label", text);
      undo.disabled = strokes.length === 0;
    };

    // Strokes: of a mouse, a finger or a pen, one at a time.
    let drawing = null;
    let waiting = false;
    const soon = () => {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => {
        waiting = false;
        show();
      });
    };
    const pointOf = (event) => {
      const { left, top, width: across, height: down } = board.getBoundingClientRect();
      // A pen that is pressed harder draws wider; others say 0.5, or 0.
      const pressed = event.pointerType === "pen" && event.pressure > 0 ? 0.5 + event.pressure : 1;
      return {
        x: ((event.clientX - left - board.clientLeft) / (across - 2 * board.clientLeft)) * wide,
        y: ((event.clientY - top - board.clientTop) / (down - 2 * board.clientTop)) * tall,
        radius: radius() * pressed,
      };
    };
    const extend = (point) => {
      const { points } = drawing.stroke;
      stamp(points.at(-1) ?? point, point, drawing.stroke);
      points.push(point);
    };
    board.addEventListener("pointerdown", (event) => {
      if (drawing !== null || event.button !== 0) return;
      event.preventDefault();
      board.setPointerCapture(event.pointerId);
      const stroke = { points: [], colour: colourNow() };
      strokes.push(stroke);
      drawing = { pointer: event.pointerId, stroke };
      extend(pointOf(event));
      soon();
    });
    board.addEventListener("pointermove", (event) => {
      if (drawing?.pointer !== event.pointerId) return;
      const moves = event.getCoalescedEvents?.() ?? [];
      for (const move of moves.length ? moves : [event]) extend(pointOf(move));
      soon();
    });
    for (const end of ["pointerup", "pointercancel"]) {
      board.addEventListener(end, (event) => {
        if (drawing?.pointer !== event.pointerId) return;
        drawing = null;
        soon();
      });
    }

    const undo = make("button", { type: "button", className: "pill undo", textContent: "Undo" });
    undo.addEventListener("click", () => {
      strokes.pop();
      again();
    });
    const clear = make("button", { type: "button", className: "pill clear", textContent: "Clear" });
    clear.addEventListener("click", () => {
      if (frame) base = null;
      strokes = [];
      again();
    });
    const taken = labels.map((label, place) => {
      const picture = make("canvas", { height, width });
      paintRaw(picture, rawOf(place));
      picture.setAttribute("aria-hidden", "true");
      const button = make("button", { type: "button" }, picture);
      button.setAttribute("aria-label", `Take a validation image of ${label}`);
      button.addEventListener("click", () => {
        [base, strokes] = [place, []];
        again();
      });
      return button;
    });

    const controls = make("div", { className: "controls" }, undo, clear,
      make("label", {}, "Brush", sizeInput), ...(frame ? [] : [make("label", {}, "Colour", colourInput)]));
    const takes = make("div", { className: "takes" }, ...taken);
    takes.setAttribute("role", "group");
    takes.setAttribute("aria-label", "Validation images to take");
    const titled = (title, ...children) => make("div", {}, make("p", { className: "title" }, title), ...children);
    box.append(
      make("p", { className: "how" }, make("b", { textContent: captions.number(box) }), data.how),
      make("div", { className: "easel" },
        make("div", { className: "left" }, board, controls),
        make("div", { className: "right" },
          titled("What the models see", seen),
          titled("What each pixel adds", parts),
          partsSaid,
          make("div", { className: "controls" }, make("label", {}, "Score of", choices)))),
      takes,
      make("div", { className: "answers" }, ...answers.map((answer) => answer.box)),
      told,
    );
    choose(0);
    if (frame && labels.length) taken[0].click();
  };
  interactives.draw.prepared = prepared;
}
