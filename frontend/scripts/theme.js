// Colours change where one stands: a page that answered a form, or shows a secret once, could not be asked for again.
function wear(theme) {
  document.documentElement.classList.remove("light", "dark");
  if (theme !== "system") document.documentElement.classList.add(theme);
  document.querySelector("meta[name=color-scheme]").content = theme === "system" ? "light dark" : theme;
  for (const button of document.querySelectorAll(".theme-switch > button")) {
    button.setAttribute("aria-pressed", String(button.value === theme));
  }
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches(".theme-switch")) return;
  event.preventDefault();
  const theme = event.submitter.value;
  wear(theme);
  // The answer leads back to a page and sets the cookie; only the cookie is wanted.
  fetch(event.target.action, { method: "POST", body: new URLSearchParams({ theme }), redirect: "manual", keepalive: true });
});
