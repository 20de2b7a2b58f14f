// Before the page is drawn: the theme that the reader has chosen.
try {
  const theme = localStorage.getItem("onelayer-theme");
  if (theme) document.documentElement.dataset.theme = theme;
} catch {}
