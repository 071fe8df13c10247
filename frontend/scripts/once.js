// What may happen only once: sending a form, and seeing a secret.
let wasWiped = false;

// The button is switched off after the form's data were collected, otherwise its own value would be missing.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || "repeats" in form.dataset || event.defaultPrevented) return;
  if ("sent" in form.dataset) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "";
  setTimeout(() => {
    for (const button of form.querySelectorAll("[type=submit]")) button.disabled = true;
  });
});

// A page that is left takes its secret along: neither the back button nor a memory of the page shows it again.
addEventListener("pagehide", () => {
  for (const element of document.querySelectorAll("[data-shown-once]")) {
    element.textContent = "";
    wasWiped = true;
  }
});

addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  // Asks for the page anew instead of sending the form once more, which reload() would do.
  if (wasWiped) location.replace(location.href);
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("[type=submit]")) button.disabled = false;
  }
});
