// Early stopping on a slider. Where a patience ends the run: so many evaluations after the first of
// the best ones that stood for longer (onelayer.diagnosis.experiments.early_stops).
curves.stopOn = ({ stays, every, steps }, patience) => {
  const stay = stays.find(({ evaluations }) => patience < evaluations);
  if (!stay) return { ...stays.at(-1), stop: null, made: steps };
  const stop = stay.step + patience * every;
  return { ...stay, stop, made: stop + 1 };
};

curves.patience = (chart, state, changed) => {
  const given = chart.patience;
  const most = Math.max(given.patience, ...given.stays.map(({ evaluations }) => evaluations));
  const choices = [];
  for (let p = 1; p < most; p = Math.max(p + 1, Math.round(p * 1.07))) choices.push(p);
  choices.push(most);
  if (!choices.includes(given.patience)) choices.push(given.patience);
  choices.sort((a, b) => a - b);
  const slider = make("input", { type: "range", min: 0, max: choices.length - 1, value: choices.indexOf(given.patience) });
  const output = make("output");
  const label = make("label", {}, "Patience ", slider);
  const said = make("p", { class: "said", role: "status" });
  const show = () => {
    const patience = choices[slider.value];
    const found = curves.stopOn(given, patience);
    const noun = patience === 1 ? "1 evaluation" : `${curves.whole(patience)} evaluations`;
    output.textContent = noun;
    slider.setAttribute("aria-valuetext", noun);
    const gave = found.loss / given.lowest.loss - 1;
    const points = 100 * (given.lowest.accuracy - found.accuracy);
    const end = found.stop === null ? `never stops within ${curves.whole(given.steps)} steps`
      : `stops at step ${curves.whole(found.stop)} and saves ${(100 * (1 - found.made / given.steps)).toFixed(0)}% of the ${curves.whole(given.steps)} steps`;
    const above = gave < 5e-5 ? "the lowest there is" : `${(100 * gave).toFixed(1)}% above the lowest (${curves.value(given.lowest.loss)}, step ${curves.whole(given.lowest.step)})`;
    const against = Math.abs(points) < 0.005 ? "as there" : `${Math.abs(points).toFixed(2)} points ${points > 0 ? "below" : "above"} it there`;
    said.textContent = `A patience of ${noun} ${end}. It keeps step ${curves.whole(found.step)}: validation loss ${curves.value(found.loss)}, ${above}; accuracy ${curves.value(100 * found.accuracy, true)}${gave < 5e-5 ? "" : `, ${against}`}.`;
    state.stop = found.stop ?? Infinity;
    state.marks = [{ step: found.step, text: "keeps" }];
    if (found.stop !== null) state.marks.push({ step: found.stop, text: "stops" });
    changed();
  };
  slider.addEventListener("input", show);
  return { row: make("div", { class: "controls" }, label, output), said, show };
};
