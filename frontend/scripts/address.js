// The page that answers a form stands at the form's address, where reload would send the form again: data-address is a better one.
const page = document.querySelector("[data-address]");
if (page) history.replaceState(null, "", page.dataset.address);
