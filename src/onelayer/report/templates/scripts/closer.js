// A closer look: every point, drawn when a reader asks for it. The program that draws it is long
// and is not unpacked before.
const library = document.getElementById("library");
const load = async () => {
  if (window.vegaEmbed) return;
  const program = document.createElement("script");
  program.textContent = await unpackText(library.textContent);
  document.head.append(program);
};
const told = ({ series, step, epoch, value }) => {
  const name = document.createElement("b");
  name.textContent = series;
  return `${name.outerHTML}<br>step ${step}, epoch ${epoch}: ${value}`;
};
for (const drawing of library ? document.querySelectorAll(".drawing:has(.closer)") : []) {
  const [look, csv] = [drawing.querySelector(".look"), drawing.querySelector(".csv")];
  const closer = drawing.querySelector(".closer");
  const points = () => unpackText(drawing.querySelector(".points").textContent);
  csv.addEventListener("click", async () => {
    const file = document.createElement("a");
    file.href = URL.createObjectURL(new Blob([await points()], { type: "text/csv" }));
    file.download = csv.dataset.name;
    file.click();
    URL.revokeObjectURL(file.href);
  });
  drawing.querySelector(".tools").hidden = false;
  look.addEventListener("click", async () => {
    const open = closer.hidden;
    closer.hidden = !open;
    drawing.querySelector(":scope > .scroll").hidden = open;
    look.setAttribute("aria-pressed", String(open));
    look.textContent = open ? "Back to the drawing" : "Look closer";
    if (open && !closer.dataset.drawn) {
      closer.dataset.drawn = "yes";
      await load();
      const chart = JSON.parse(await unpackText(drawing.querySelector(".chart-of").textContent));
      chart.data = { values: await points(), format: { type: "csv" } };
      const how = { actions: false, renderer: "svg", tooltip: { formatTooltip: told } };
      await window.vegaEmbed(closer.querySelector(".chart"), chart, how);
    }
    reach();
  });
}
