// Only what scrolls should stop the Tab key.
const reach = () => {
  for (const box of document.querySelectorAll(".scroll, .formula, .line, .derivation > p")) box.tabIndex = box.scrollWidth > box.clientWidth ? 0 : -1;
};
addEventListener("resize", reach);
reach();
