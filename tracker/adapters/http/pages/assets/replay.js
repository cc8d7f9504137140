// Shows the moments of the sliders as they move. Without this file a button does.
"use strict";
const form = document.getElementById("moments");
const labels = [...document.querySelectorAll("#points option")].map((one) => one.label);
const REST_MS = 250;
let asked = 0;
let resting;

function name(slider) {
  const text = labels[slider.value];
  slider.setAttribute("aria-valuetext", text);
  document.getElementById(`${slider.id}-at`).textContent = text;
}

async function compare() {
  const mine = ++asked;
  const address = `${form.action.split("#")[0]}?${new URLSearchParams(new FormData(form))}`;
  const answer = await fetch(address, { headers: { Accept: "text/html" } });
  if (mine !== asked) return;
  if (!answer.ok) { location.assign(address); return; }
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const id of ["compared", "history"]) {
    document.getElementById(id).replaceWith(fresh.getElementById(id));
  }
  const said = document.getElementById("differences");
  said.textContent = fresh.getElementById("differences").textContent;
  document.querySelector(".languages").replaceWith(fresh.querySelector(".languages"));
  history.replaceState(null, "", address);
}

form.addEventListener("input", (event) => {
  name(event.target);
  clearTimeout(resting);
  resting = setTimeout(compare, REST_MS);
});
