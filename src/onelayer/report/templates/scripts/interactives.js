// Each kind of interactive has a script of its own name in interactives/, which puts its function
// here: it is given the element that it fills and the data that it shows, before the element is
// seen. What stands in its place where scripts are off, and on paper, is then folded away.
const interactives = {};
// What stands in an interactive's place has the figure's number and caption. Several figures there
// have a letter each, and what a hand uses in their place has none.
const captions = {
  still: (element) => element?.closest(".interactive")?.querySelector(".still figcaption"),
  number: (element) => captions.still(element)?.querySelector("b")?.textContent.match(/^Figure [0-9]+(?=[a-z]*\. )/)?.[0].concat(". ") ?? "",
  copy: (element) => captions.still(element)?.cloneNode(true) ?? "",
};
const start = async (box) => {
  const data = JSON.parse(await unpackText(box.querySelector(".data").textContent));
  const hands = box.querySelector(".hands");
  await interactives[box.dataset.kind](hands, data);
  hands.hidden = false;
  box.classList.add("ready");
  reach();
};
const near = new IntersectionObserver((seen) => {
  for (const { isIntersecting, target } of seen) {
    if (!isIntersecting) continue;
    near.unobserve(target);
    start(target);
  }
}, { rootMargin: "100% 0px" });
addEventListener("load", () => {
  for (const box of document.querySelectorAll(".interactive")) near.observe(box);
});
