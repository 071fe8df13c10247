// Copy buttons: data-copies names the element whose text goes to the clipboard; the button says so for two seconds,
// and a line of its own says what was copied to whoever listens: what changes inside a button is seldom read out.
const SAYS_SO_MS = 2000;

function tell(news) {
  document.querySelector("[data-copy-news]").textContent = news;
}

function selectText(element) {
  getSelection().selectAllChildren(element);
}

async function copy(button) {
  const source = document.getElementById(button.dataset.copies);
  const word = button.querySelector("[data-copy-word]");
  try {
    await navigator.clipboard.writeText(source.textContent);
    word.textContent = "Copied";
    tell(`Copied ${button.getAttribute("aria-label").replace(/^Copy /, "")}`);
    button.dataset.copied = "";
  } catch {
    // Plain HTTP from elsewhere, or a refused permission: the text is selected, so that Ctrl+C finishes the job.
    selectText(source);
    word.textContent = "Press Ctrl+C";
    tell("It is selected: press Ctrl+C to copy it");
  }
  setTimeout(() => {
    word.textContent = "Copy";
    tell("");
    delete button.dataset.copied;
  }, SAYS_SO_MS);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copies]");
  if (button) copy(button);
});
