// The program that draws Vega-Lite charts is long, and is not unpacked before an interactive asks
// for it; pages in which none does are without it (onelayer/report/html.py).
const library = document.getElementById("library");
const load = async () => {
  if (window.vegaEmbed) return;
  const program = document.createElement("script");
  program.textContent = await unpackText(library.textContent);
  document.head.append(program);
};
