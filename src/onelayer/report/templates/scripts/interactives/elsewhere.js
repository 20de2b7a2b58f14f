// Curves that another section draws with others: a link leads there instead of a second drawing.
interactives.elsewhere = async (element, { anchor, before, link }) => {
  const to = document.createElement("a");
  to.href = `#${anchor}`;
  to.textContent = captions.number(document.getElementById(anchor)).replace(". ", "") || link;
  const text = document.createElement("p");
  text.append(before, " ", to, ".");
  element.append(text);
};
