// What models say of an image, and why.
{

  drawing.probabilitiesOf = (model, raw) => {
    const { weights, step, base, paper } = model;
    const scores = base.map((score, output) => {
      const begin = output * raw.length;
      let sum = 0;
      for (let place = 0; place < raw.length; place++) {
        if (raw[place] !== paper) sum += weights[begin + place] * (raw[place] - paper);
      }
      return score + step * sum;
    });
    if (model.is_logistic) return scores.flatMap((score) => [1 / (1 + Math.exp(-score)), 1 / (1 + Math.exp(score))]);
    const largest = Math.max(...scores);
    const powers = scores.map((score) => Math.exp(score - largest));
    const whole = powers.reduce((sum, power) => sum + power, 0);
    return powers.map((power) => power / whole);
  };

  // What each value adds to the score of a class, against the mean of all classes, beyond what the
  // mean training image has.
  drawing.partsOf = (model, chosen, raw, mean) => {
    const { weights, step, classes } = model;
    const size = raw.length;
    const outputs = model.is_logistic ? 1 : classes.length;
    return raw.map((value, place) => {
      let own = weights[(model.is_logistic ? 0 : chosen) * size + place];
      if (model.is_logistic) own *= chosen === 0 ? 1 : -1;
      else for (let output = 0; output < outputs; output++) own -= weights[output * size + place] / outputs;
      return step * own * (value - mean[place]);
    });
  };

  const percent = (share) => `${(100 * share).toFixed(1)}%`;
  const MOST_SHOWN = 10;

  // A model's answer: its name, what it says, and the probability of each class, or of the first.
  drawing.answerOf = (model, choose) => {
    const name = make("button", { type: "button", className: "pill", textContent: model.name });
    name.addEventListener("click", choose);
    const says = make("p", { className: "says" });
    const few = model.classes.length <= MOST_SHOWN;
    const rows = (few ? model.classes : model.classes.slice(0, 6)).map((text) => {
      const parts = [
        make("span", { className: "class", textContent: text }),
        make("span", { className: "track" }, make("span", { className: "bar" })),
        make("span", { className: "number" }),
      ];
      return make("li", {}, ...parts);
    });
    const box = make("div", { className: "answer-of" }, name, says, make("ol", {}, ...rows));
    const show = (probabilities, isChosen) => {
      const order = [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a] || a - b);
      says.replaceChildren(make("b", {}, model.classes[order[0]]), ` ${percent(probabilities[order[0]])}`);
      rows.forEach((row, place) => {
        const output = few ? place : order[place];
        row.classList.toggle("most", output === order[0]);
        row.dataset.probability = probabilities[output].toFixed(6);
        const [label, track, number] = row.children;
        label.textContent = model.classes[output];
        track.firstChild.style.width = percent(probabilities[output]);
        number.textContent = percent(probabilities[output]);
      });
      name.setAttribute("aria-pressed", String(isChosen));
      return `${model.name} says ${model.classes[order[0]]}, ${percent(probabilities[order[0]])}`;
    };
    return { box, show };
  };
}
