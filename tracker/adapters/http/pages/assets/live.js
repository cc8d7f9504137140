// Updates the page when the dossier changes. Without this file the page works and is reloaded by hand.
"use strict";
const dossier = () => document.getElementById("dossier");

async function refresh() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const open = [...document.querySelectorAll("#dossier details")].map((section) => section.open);
  dossier().replaceWith(fresh.getElementById("dossier"));
  document.querySelectorAll("#dossier details").forEach((section, n) => { section.open = open[n] ?? false; });
  const rating = fresh.getElementById("rating");
  if (rating && !document.getElementById("rating")) dossier().after(rating);
  dossier().setAttribute("role", "status");
  follow();
}

function follow() {
  const stream = new EventSource(dossier().dataset.live);
  stream.addEventListener("changed", () => { stream.close(); refresh(); });
}

if (dossier() && "EventSource" in window) follow();
