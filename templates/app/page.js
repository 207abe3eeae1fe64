// Without this script every page works, and shows what was so when it was loaded.
"use strict";
const isBusy = () => document.activeElement && document.activeElement.closest("main form");

// On a phone the tabs are wider than the window.
const tab = document.querySelector("nav [aria-current]");
if (tab) tab.parentElement.scrollLeft = tab.offsetLeft - (tab.parentElement.clientWidth - tab.offsetWidth) / 2;

// Follows a running sweep.
const follow = document.querySelector("[data-follow]");
if (follow) {
  const events = new EventSource(follow.dataset.follow);
  const begun = { at: Date.now(), done: null };
  const write = (name, text) => {
    for (const own of document.querySelectorAll(`[data-figure="${name}"]`)) own.textContent = text;
  };
  const show = (event) => {
    const { progress } = JSON.parse(event.data);
    const number = (own) => Number(own).toLocaleString(document.documentElement.lang);
    for (const name of ["anonymized", "refused", "failed", "open_batches"]) write(name, number(progress[name]));
    const done = ["anonymized", "refused", "failed", "already", "not_due", "not_found"].reduce((sum, name) => sum + progress[name], 0);
    const bar = document.querySelector("progress[data-done]");
    if (bar) { bar.max = Math.max(progress.clients, 1); bar.value = done; }
    write("done", number(done));
    if (begun.done === null) begun.done = done;
    const seconds = (Date.now() - begun.at) / 1000;
    if (done > begun.done && seconds > 1) {
      const rate = (done - begun.done) / seconds;
      write("rate", number(Math.round(rate)));
      write("left", `${number(Math.ceil((progress.clients - done) / rate))} s`);
    }
  };
  events.addEventListener("progress", show);
  events.addEventListener("end", (event) => {
    show(event);
    events.close();
    location.reload();
  });
}

// The page as it is now. It says that nobody may have asked for it, so that a session ends all the same.
const current = async () => {
  const response = await fetch(location.href, { redirect: "manual", headers: { "Lethe-Live": "1" } }).catch(() => null);
  if (response && response.type === "opaqueredirect") location.reload();
  if (!response || !response.ok) return null;
  return new DOMParser().parseFromString(await response.text(), "text/html");
};

// Replaces a part of the page by itself, every so many seconds; a form that is being filled in is left alone.
for (const part of document.querySelectorAll("[data-live]")) {
  setInterval(async () => {
    if (document.hidden || isBusy()) return;
    const page = await current();
    const own = page && page.getElementById(part.id);
    const now = document.getElementById(part.id);
    if (own && now && own.innerHTML !== now.innerHTML) now.innerHTML = own.innerHTML;
  }, Number(part.dataset.live) * 1000);
}

// Shows progress while something is being made, and loads the page anew once it is.
if (document.querySelector("[data-again]")) {
  setInterval(async () => {
    if (isBusy()) return;
    const page = await current();
    if (!page || isBusy()) return;
    if (!page.querySelector("[data-again]")) location.reload();
    else document.getElementById("content").innerHTML = page.getElementById("content").innerHTML;
  }, 2000);
}

// Narrows a list to what contains the words that are typed.
for (const field of document.querySelectorAll("[data-narrows]")) {
  field.addEventListener("input", () => {
    const wanted = field.value.toLowerCase();
    for (const own of document.querySelectorAll(field.dataset.narrows)) own.hidden = !own.textContent.toLowerCase().includes(wanted);
  });
}
