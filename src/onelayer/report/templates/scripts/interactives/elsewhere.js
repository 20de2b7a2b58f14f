// Curves that another section draws with others: a link leads there instead of a second drawing.
interactives.elsewhere = async (element, { anchor, before, link }) => {
  const number = captions.number(document.getElementById(anchor)).replace(". ", "");
  const to = make("a", { href: `#${anchor}` }, number || link);
  element.append(make("p", {}, before, " ", to, "."));
};
