// Search, copy buttons and filtered addresses. Pages work without this script: elements that need it are hidden.
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

const form = document.querySelector("form.filters");
if (form) {
  const format = form.querySelector("[data-format]");
  const built = document.getElementById("address-filtered");
  const build = () => {
    const filters = new URLSearchParams();
    for (const [name, value] of new FormData(form)) {
      if (value.trim()) filters.append(name, value.trim());
    }
    form.action = format.value;
    const query = filters.toString();
    built.textContent = format.value + (query && `?${query}`);
  };
  for (const part of form.querySelectorAll("[hidden]")) part.hidden = false;
  form.addEventListener("input", build);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    location.assign(built.textContent);
  });
  addEventListener("pageshow", build); // browsers restore the values of forms
  build();
}

const search = document.getElementById("search");
if (search) {
  const found = document.getElementById("found");
  const groups = [...document.querySelectorAll(".group")];
  const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  search.closest(".search").hidden = false;
  const letters = [...document.querySelectorAll(".letters details")];
  search.addEventListener("input", () => {
    const words = plain(search.value).split(/\s+/);
    let shown = 0;
    for (const group of groups) {
      let any = false;
      for (const item of group.querySelectorAll("li")) {
        const name = plain(item.firstChild.textContent);
        item.hidden = !words.every((word) => name.includes(word));
        if (!item.hidden) { any = true; shown += 1; }
      }
      group.hidden = !any;
    }
    for (const letter of letters) {
      letter.open = search.value.trim() && letter.querySelector("li:not([hidden])");
      letter.hidden = !letter.querySelector("li:not([hidden])");
    }
    found.textContent = search.value.trim() ? `${shown} found` : "";
  });
}
