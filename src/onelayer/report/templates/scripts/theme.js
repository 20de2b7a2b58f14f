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
