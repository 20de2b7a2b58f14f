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
