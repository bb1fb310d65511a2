// SPDX-License-Identifier: MIT
// Keeps the facts of the status page fresh: server-sent events, a line of JSON each.
"use strict";

const facts = document.querySelector("[data-events]");
const events = new EventSource(facts.dataset.events);

events.onmessage = (event) => {
  for (const [name, value] of Object.entries(JSON.parse(event.data))) {
    const place = facts.querySelector(`[data-fact="${name}"]`);
    if (place) place.textContent = value;
  }
};
