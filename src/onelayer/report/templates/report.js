// The theme button: what the system prefers, until the reader chooses.
const root = document.documentElement;
const button = document.getElementById("theme");
const prefersDark = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (root.dataset.theme ?? (prefersDark.matches ? "dark" : "light")) === "dark";
const label = () => { button.textContent = isDark() ? "Light theme" : "Dark theme"; };
button.addEventListener("click", () => {
  root.dataset.theme = isDark() ? "light" : "dark";
  // Storage is refused in some private windows; the theme then lasts as long as the page.
  try { localStorage.setItem("onelayer-theme", root.dataset.theme); } catch {}
  label();
});
prefersDark.addEventListener("change", label);
button.hidden = false;
label();

// The contents stand open beside the text and are folded above it.
const contents = document.getElementById("contents");
const wide = matchMedia("(min-width: 75rem)");
const unfold = () => { contents.open = wide.matches; };
wide.addEventListener("change", unfold);
unfold();
contents.addEventListener("click", (event) => {
  if (event.target.closest("a") && !wide.matches) contents.open = false;
});

// The section being read is marked in the contents.
const links = new Map();
for (const link of contents.querySelectorAll("a")) {
  links.set(link.getAttribute("href").slice(1), link);
}
const headings = [...links.keys()].map((id) => document.getElementById(id));
const mark = () => {
  const passed = headings.filter((heading) => heading.getBoundingClientRect().top < 120);
  for (const link of links.values()) link.removeAttribute("aria-current");
  links.get(passed.at(-1)?.id)?.setAttribute("aria-current", "true");
};
addEventListener("scroll", mark, { passive: true });
mark();

// Only what scrolls should stop the Tab key.
const scrollers = document.querySelectorAll("[tabindex='0']");
const reach = () => {
  for (const box of scrollers) box.tabIndex = box.scrollWidth > box.clientWidth ? 0 : -1;
};
addEventListener("resize", reach);
reach();

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

// A closer look: every point, drawn when a reader asks for it. The program that draws it is long
// and is not read before.
const library = document.getElementById("library");
const load = () => {
  if (window.vegaEmbed) return;
  const program = document.createElement("script");
  program.textContent = library.textContent;
  document.head.append(program);
};
const told = ({ series, step, epoch, value }) => {
  const name = document.createElement("b");
  name.textContent = series;
  return `${name.outerHTML}<br>step ${step}, epoch ${epoch}: ${value}`;
};
const plain = (text) => text.replaceAll("<\\/", "</");
for (const drawing of library ? document.querySelectorAll(".drawing:has(.closer)") : []) {
  const [look, csv] = [drawing.querySelector(".look"), drawing.querySelector(".csv")];
  const closer = drawing.querySelector(".closer");
  const points = plain(drawing.querySelector(".points").textContent);
  csv.href = URL.createObjectURL(new Blob([points], { type: "text/csv" }));
  drawing.querySelector(".tools").hidden = false;
  look.addEventListener("click", async () => {
    const open = closer.hidden;
    closer.hidden = !open;
    drawing.querySelector(":scope > .scroll").hidden = open;
    look.setAttribute("aria-pressed", String(open));
    look.textContent = open ? "Back to the drawing" : "Look closer";
    if (open && !closer.dataset.drawn) {
      load();
      closer.dataset.drawn = "yes";
      const chart = JSON.parse(plain(drawing.querySelector(".chart-of").textContent));
      chart.data = { values: points, format: { type: "csv" } };
      const how = { actions: false, renderer: "svg", tooltip: { formatTooltip: told } };
      await window.vegaEmbed(closer.querySelector(".chart"), chart, how);
    }
    reach();
  });
}
