// Updates the comparison while the sliders move. Without this file a button does it.
"use strict";
const form = document.getElementById("moments");
const labels = [...document.querySelectorAll("#points option")].map((option) => option.label);
const REST_MS = 250;
let latest = 0;
let timer;

function name(slider) {
  const text = labels[slider.value];
  slider.setAttribute("aria-valuetext", text);
  document.getElementById(`${slider.id}-at`).textContent = text;
}

async function compare() {
  const request = ++latest;
  const address = `${form.action.split("#")[0]}?${new URLSearchParams(new FormData(form))}`;
  const answer = await fetch(address, { headers: { Accept: "text/html" } });
  if (request !== latest) return;
  if (!answer.ok) { location.assign(address); return; }
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const id of ["compared", "history"]) {
    document.getElementById(id).replaceWith(fresh.getElementById(id));
  }
  const differences = document.getElementById("differences");
  differences.textContent = fresh.getElementById("differences").textContent;
  document.querySelector(".languages").replaceWith(fresh.querySelector(".languages"));
  history.replaceState(null, "", address);
}

form.addEventListener("input", (event) => {
  name(event.target);
  clearTimeout(timer);
  timer = setTimeout(compare, REST_MS);
});
