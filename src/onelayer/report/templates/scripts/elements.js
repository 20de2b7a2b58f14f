// Elements, and files that a reader keeps. Text from the data is only ever appended as text.
const make = (name, properties = {}, ...inside) => {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key in element) element[key] = value;
    else element.setAttribute(key, value);
  }
  element.append(...inside);
  return element;
};
const makeSvg = (name, attributes = {}, text = undefined) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
};
const saveCsv = (name, rows) => {
  const href = URL.createObjectURL(new Blob([rows], { type: "text/csv" }));
  make("a", { href, download: `${name}.csv` }).click();
  URL.revokeObjectURL(href);
};
