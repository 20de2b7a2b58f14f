// A derivation is opened step by step; without scripts all of its steps are there at once.
for (const proof of document.querySelectorAll(".proof")) {
  const steps = [...proof.querySelectorAll(".steps > li")];
  const stepper = proof.querySelector(".stepper");
  const show = (count) => {
    steps.forEach((step, place) => { step.hidden = place >= count; });
    const all = count >= steps.length;
    for (const choice of stepper.querySelectorAll(".next, .all")) choice.hidden = all;
    stepper.querySelector(".count").textContent = all ? "" : `${count} of ${steps.length}`;
    reach();
  };
  const shown = () => steps.filter((step) => !step.hidden).length;
  stepper.hidden = false;
  stepper.querySelector(".next").addEventListener("click", () => show(shown() + 1));
  stepper.querySelector(".all").addEventListener("click", () => show(steps.length));
  proof.addEventListener("toggle", reach);
  show(1);
}

// Formulas are copied as LaTeX: one, or the steps of a derivation.
const copied = async (text) => {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    if (!done) throw new Error("not copied");
  }
};
for (const button of document.querySelectorAll("button.copy")) {
  const label = button.textContent;
  (button.closest(".copying") ?? button).hidden = false;
  button.addEventListener("click", async () => {
    const steps = button.closest(".proof")?.querySelectorAll(".steps > li") ?? [];
    const all = [...steps].map((step) => `\\[\n${step.dataset.latex}\n\\]`).join("\n");
    try {
      await copied("all" in button.dataset ? all : button.dataset.latex);
      button.textContent = "Copied";
    } catch {
      button.textContent = "This browser does not allow it";
    }
    setTimeout(() => { button.textContent = label; }, 2000);
  });
}

// On paper nothing is folded.
addEventListener("beforeprint", () => {
  for (const fold of document.querySelectorAll(".fold")) fold.open = true;
  for (const proof of document.querySelectorAll(".proof")) {
    proof.open = true;
    for (const step of proof.querySelectorAll(".steps > li")) step.hidden = false;
  }
});
