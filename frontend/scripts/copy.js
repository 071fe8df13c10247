// Copy buttons: data-copies names the element whose text goes to the clipboard; the button says so for two seconds.
const SAYS_SO_MS = 2000;

function selectText(element) {
  getSelection().selectAllChildren(element);
}

async function copy(button) {
  const source = document.getElementById(button.dataset.copies);
  const word = button.querySelector("[data-copy-word]");
  try {
    await navigator.clipboard.writeText(source.textContent);
    word.textContent = "Copied";
    button.dataset.copied = "";
  } catch {
    // Plain HTTP from elsewhere, or a refused permission: the text is selected, so that Ctrl+C finishes the job.
    selectText(source);
    word.textContent = "Press Ctrl+C";
  }
  setTimeout(() => {
    word.textContent = "Copy";
    delete button.dataset.copied;
  }, SAYS_SO_MS);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copies]");
  if (button) copy(button);
});
