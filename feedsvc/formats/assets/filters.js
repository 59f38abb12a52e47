// The filter form: names to choose from, and a live count and preview. Without this script, the form is sent as it is.
"use strict";

{
  const form = document.querySelector("form.filters");
  const result = document.getElementById("filtered");
  const error = document.getElementById("filter-error");
  const here = document.currentScript.src;
  const NO_SERVICE = "These pages are a copy in files, which can't be filtered: filters need the service that made them.";
  const PAUSE = 400; // milliseconds after the last change
  let timer;
  let request = new AbortController();

  const chosen = () => new URLSearchParams(new FormData(form));
  const names = form && new Set([...form.elements].map((one) => one.name).filter(Boolean));
  const asks = (url) => [...new URL(url).searchParams].some(([name, value]) => names.has(name) && value.trim());
  // A service sends what needs no filter to an address without any; files are the same at all of them.
  const isCopy = (url, page) => asks(url) && !page.getElementById("filtered").dataset.filters;

  function show(message, link) {
    error.textContent = message;
    if (link) {
      const to = Object.assign(document.createElement("a"), { href: link, textContent: link });
      error.append(" Did you mean ", to, "?");
    }
    result.hidden = Boolean(message) || !(chosen().size || result.dataset.filters);
    for (const part of document.querySelectorAll("[data-unfiltered]")) part.hidden = !result.hidden && isLive();
  }

  const preview = document.getElementById("preview");
  const isLive = () => !preview.hidden;

  async function update() {
    request.abort();
    request = new AbortController();
    preview.hidden = true;
    const filters = chosen();
    if (!filters.size && !result.dataset.filters) return show("");
    const wanted = new URL(`?${filters}`, location.href);
    if (location.protocol === "file:") return show(NO_SERVICE);
    try {
      const headers = { Accept: "text/plain, text/html;q=0.9" }; // the reason of a 404 as text
      const response = await fetch(wanted, { headers, signal: request.signal });
      const text = await response.text();
      if (!response.ok) return refuse(text);
      const page = new DOMParser().parseFromString(text, "text/html");
      if (isCopy(response.url, page)) return show(NO_SERVICE);
      take(page, response.url);
      show("");
    } catch (failure) {
      if (failure.name !== "AbortError") show("The service doesn't answer just now; try again.");
    }
  }

  function refuse(text) {
    const lines = text.trim().split("\n");
    const hint = lines.find((line) => line.startsWith("Did you mean "));
    const others = lines.filter((line) => line !== hint && !/^(There is no feed at|All feeds are listed at) /.test(line));
    show(others.join(" ") || lines[0], hint?.replace("Did you mean ", ""));
  }

  // Put what another page says of its filters in the place of what this one says.
  function take(page, url) {
    const own = (id) => document.getElementById(id);
    own("filtered-count").textContent = page.getElementById("filtered-count").textContent;
    Object.assign(own("filtered-page"), { href: url, hidden: false });
    own("filtered-choices").replaceChildren(...page.getElementById("filtered-choices").children);
    for (const address of result.querySelectorAll("code")) {
      address.textContent = page.getElementById(address.id).textContent;
    }
    result.querySelector(".open").href = page.querySelector("#filtered .open").href;
    const stories = [...page.querySelectorAll("main article")];
    for (const link of stories.flatMap((story) => [...story.querySelectorAll("a[href]")])) {
      link.href = new URL(link.getAttribute("href"), url);
    }
    preview.replaceChildren(...stories);
    preview.hidden = false;
  }

  async function suggest() {
    try {
      const response = await fetch(new URL("../search.json", here));
      const index = await response.json();
      for (const [list, feeds] of [["names-topic", index.topics], ["names-provider", index.providers]]) {
        const options = feeds.map(([value]) => Object.assign(document.createElement("option"), { value }));
        document.getElementById(list).replaceChildren(...options);
      }
    } catch {
      return; // names can be typed as well
    }
  }

  if (form) {
    form.addEventListener("formdata", ({ formData }) => {
      for (const name of names) {
        const values = formData.getAll(name).map((value) => value.trim()).filter(Boolean);
        formData.delete(name);
        for (const value of values) formData.append(name, value);
      }
    });
    form.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(update, PAUSE);
    });
    form.addEventListener("focusin", suggest, { once: true });
    if (isCopy(location.href, document)) {
      form.parentElement.open = true;
      show(NO_SERVICE);
    }
  }
}
