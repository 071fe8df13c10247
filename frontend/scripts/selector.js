// The bank selector: typing narrows the list down and, where it is not all, asks for the banks it has not; arrow keys
// walk through it, Escape closes it.
function linksOf(selector) {
  return [...selector.querySelectorAll("a")].filter((link) => !link.closest("[hidden]"));
}

function narrow(selector) {
  const search = selector.querySelector("[data-selector-search]");
  const wanted = search.value.trim().toLowerCase();
  let found = 0;
  for (const entry of selector.querySelectorAll("[data-choice]")) {
    const name = entry.querySelector("span").textContent.toLowerCase();
    entry.hidden = !name.includes(wanted) && entry.dataset.choice !== wanted;
    if (!entry.hidden) found += 1;
  }
  // Before the server has answered nobody knows that there is none.
  selector.querySelector("[data-selector-none]").hidden = found > 0 || search.ariaBusy === "true";
}

function type(selector) {
  const search = selector.querySelector("[data-selector-search]");
  if (search.hasAttribute("hx-get")) search.ariaBusy = "true";
  narrow(selector);
}

function answer(selector) {
  selector.querySelector("[data-selector-search]").ariaBusy = null;
  narrow(selector);
}

// Whether an entry was there to take; otherwise the form goes to the page of banks.
function takeFirst(selector) {
  const first = selector.querySelector("[data-choice]:not([hidden]) a");
  first?.click();
  return Boolean(first);
}

function walk(selector, step) {
  const stops = [selector.querySelector("[data-selector-search]"), ...linksOf(selector)];
  const next = stops.indexOf(document.activeElement) + step;
  stops[(next + stops.length) % stops.length].focus();
}

function close(selector) {
  selector.open = false;
  selector.querySelector("summary").focus();
}

for (const selector of document.querySelectorAll("[data-selector]")) {
  const search = selector.querySelector("[data-selector-search]");
  search.addEventListener("input", () => type(selector));
  // The entries are there by then, or none came because the request failed.
  selector.addEventListener("htmx:finally:request", () => answer(selector));
  // At once and not after the event "toggle", which comes later than the first letters of somebody who types fast.
  selector.querySelector("summary").addEventListener("click", (event) => {
    event.preventDefault();
    selector.open = !selector.open;
    if (selector.open) search.select();
  });
  selector.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && selector.open) close(selector);
    else if (event.key === "Enter" && event.target === search) {
      if (!takeFirst(selector)) return;
    }
    else if (event.key === "ArrowDown" && selector.open) walk(selector, 1);
    else if (event.key === "ArrowUp" && selector.open) walk(selector, -1);
    else return;
    event.preventDefault();
  });
}

// A menu that is open gives way to whatever is clicked or focused beside it.
for (const type of ["click", "focusin"]) {
  document.addEventListener(type, (event) => {
    for (const menu of document.querySelectorAll("details.menu[open], [data-selector][open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
}
