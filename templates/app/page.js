// Follows a running sweep; without it, the page shows how far it was when it was loaded.
"use strict";
const follow = document.querySelector("[data-follow]");
if (follow) {
  const events = new EventSource(follow.dataset.follow);
  const show = (event) => {
    const { progress } = JSON.parse(event.data);
    for (const figure of follow.querySelectorAll("[data-figure]")) {
      figure.textContent = Number(progress[figure.dataset.figure]).toLocaleString("en");
    }
  };
  events.addEventListener("progress", show);
  events.addEventListener("end", (event) => {
    show(event);
    events.close();
    location.reload();
  });
}

// Looks again while something is being made; a form that somebody fills in is left alone.
if (document.querySelector("[data-again]")) {
  setInterval(() => {
    const form = document.activeElement && document.activeElement.closest("main form");
    if (!form) location.reload();
  }, 2000);
}
