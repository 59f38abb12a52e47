// Copy buttons, pictures, and links to the search. Pages work without this script: elements that need it are hidden.
"use strict";

document.documentElement.classList.add("script");

for (const button of document.querySelectorAll("[data-copy]")) {
  const text = button.textContent;
  const name = button.ariaLabel;
  let timer;
  const setLabel = (newText, newName) => {
    button.textContent = newText;
    button.ariaLabel = newName;
  };
  button.hidden = false;
  button.addEventListener("click", async () => {
    const address = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(address.textContent);
      setLabel("Copied", "Copied");
    } catch {
      getSelection().selectAllChildren(address); // no permission to copy: select it, to be copied by keyboard
      setLabel("Selected", "Selected");
    }
    clearTimeout(timer);
    timer = setTimeout(() => setLabel(text, name), 1500);
  });
}

const pictures = document.querySelector("[data-pictures]");
if (pictures) {
  pictures.hidden = false;
  pictures.addEventListener("click", () => {
    const open = pictures.textContent === "Show pictures";
    for (const picture of document.querySelectorAll("details.picture, details.icon")) picture.open = open;
    pictures.textContent = open ? "Hide pictures" : "Show pictures";
  });
}

for (const link of document.querySelectorAll("[data-search]")) link.hidden = false;
// The field that such a link leads to is hidden until scripts have run.
const focusSearch = () => location.hash === "#search" && document.getElementById("search")?.focus();
addEventListener("hashchange", focusSearch);
addEventListener("load", focusSearch);
