// A derivation is opened step by step; without scripts all of its steps are there at once.
for (const proof of document.querySelectorAll(".proof")) {
  const steps = [...proof.querySelectorAll(".steps > li")];
  const stepper = proof.querySelector(".stepper");
  const show = (count) => {
    steps.forEach((step, place) => { step.hidden = place >= count; });
    const all = count >= steps.length;
    for (const choice of stepper.querySelectorAll("button")) choice.hidden = all;
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

// On paper nothing is folded.
addEventListener("beforeprint", () => {
  for (const proof of document.querySelectorAll(".proof")) {
    proof.open = true;
    for (const step of proof.querySelectorAll(".steps > li")) step.hidden = false;
  }
});
