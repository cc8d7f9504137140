// Shows what is new without being asked. Without this file the page is the same, and is reloaded.
"use strict";
const told = () => document.getElementById("told");

async function refresh() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const open = [...document.querySelectorAll("#told details")].map((one) => one.open);
  told().replaceWith(fresh.getElementById("told"));
  document.querySelectorAll("#told details").forEach((one, n) => { one.open = open[n] ?? false; });
  const rating = fresh.getElementById("rating");
  if (rating && !document.getElementById("rating")) told().after(rating);
  told().setAttribute("role", "status");
  follow();
}

function follow() {
  const news = new EventSource(told().dataset.live);
  news.addEventListener("changed", () => { news.close(); refresh(); });
}

if (told() && "EventSource" in window) follow();
