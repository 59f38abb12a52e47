// Search for feeds and stories, in a document that loads on first use.
"use strict";

{
  const MOST = 50; // results that are shown of feeds, and of stories
  const SEARCHED = 2000; // stories in the document, at most
  const field = document.getElementById("search");
  const found = document.getElementById("found");
  const results = document.getElementById("results");
  const source = new URL("../search.json", document.currentScript.src);
  const root = new URL("../", document.currentScript.src);
  const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const number = (count, one, several) => `${count} ${count === 1 ? one : several}`;
  let loading;

  async function load() {
    const response = await fetch(source);
    if (!response.ok) throw new Error(response.statusText);
    const { custom, topics, providers, stories } = await response.json();
    const feeds = [...custom, ...topics, ...providers];
    return {
      feeds: feeds.map(([name, path, size]) => ({
        text: plain(name), title: name, url: new URL(path, root), facts: number(size, "story", "stories"),
      })),
      stories: stories.map(([title, url, provider, day]) => ({
        text: plain(title), title, url, facts: `${provider}, ${day}`,
      })),
    };
  }

  function item({ title, url, facts }) {
    const line = document.createElement("li");
    const link = Object.assign(document.createElement("a"), { href: url, textContent: title });
    const rest = Object.assign(document.createElement("span"), { className: "facts", textContent: facts });
    line.append(link, " ", rest);
    return line;
  }

  async function search() {
    const asked = field.value;
    const words = plain(asked).split(/\s+/).filter(Boolean);
    let index = { feeds: [], stories: [] };
    try {
      loading ??= load();
      index = await loading;
    } catch {
      loading = undefined; // the next letter tries again
      found.textContent = "The list to search in can't be loaded: it needs the service, or a web server for the files.";
      return;
    }
    if (field.value !== asked) return; // while it loaded
    const matches = (one) => words.every((word) => one.text.includes(word));
    const feeds = words.length ? index.feeds.filter(matches) : [];
    const stories = words.length ? index.stories.filter(matches) : [];
    const shown = [...feeds.slice(0, MOST), ...stories.slice(0, MOST)];
    results.replaceChildren(...shown.map(item));
    const counts = `${number(feeds.length, "feed", "feeds")} and ${number(stories.length, "story", "stories")} found`;
    const all = feeds.length + stories.length;
    if (!words.length) found.textContent = "";
    else if (all) found.textContent = counts + (shown.length < all ? `; the first ${shown.length} are shown` : "");
    else {
      const older = `Only the newest ${SEARCHED} stories are searched: older ones are listed by month.`;
      found.textContent = `Nothing found for “${asked.trim()}”. Try fewer words, or parts of them.`
        + (index.stories.length < SEARCHED ? "" : ` ${older}`);
    }
  }

  if (field) {
    field.form.hidden = false;
    field.form.addEventListener("submit", (event) => event.preventDefault());
    field.addEventListener("input", search);
    if (field.value) search(); // which browsers restore
  }
}
