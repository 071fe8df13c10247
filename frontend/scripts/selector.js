// The bank selector: typing narrows the list down, arrow keys walk through it, Escape closes it.
function linksOf(selector) {
  return [...selector.querySelectorAll("a")].filter((link) => !link.closest("[hidden]"));
}

function narrow(selector, wanted) {
  let found = 0;
  for (const entry of selector.querySelectorAll("li")) {
    entry.hidden = !entry.querySelector("span").textContent.toLowerCase().includes(wanted.trim().toLowerCase());
    if (!entry.hidden) found += 1;
  }
  selector.querySelector("[data-selector-none]").hidden = found > 0;
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
  search.addEventListener("input", () => narrow(selector, search.value));
  selector.addEventListener("toggle", () => selector.open && search.select());
  selector.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && selector.open) close(selector);
    else if (event.key === "Enter" && event.target === search) linksOf(selector)[0]?.click();
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
