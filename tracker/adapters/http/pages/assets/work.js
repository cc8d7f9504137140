// Solves the proof of work that the page asks for, then sends the form again.
// Without this file or WebCrypto the full phone number opens the dossier.
"use strict";
const AT_ONCE = 8;
const MOST = 2 ** 20;

const bytesOf = (hex) => Uint8Array.from(hex.match(/../g), (pair) => parseInt(pair, 16));
const hexOf = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");

async function derived(asked, counter) {
  const nonce = bytesOf(asked.nonce);
  const password = new Uint8Array(nonce.length + 4);
  password.set(nonce);
  new DataView(password.buffer).setUint32(nonce.length, counter);
  const key = await crypto.subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
  const algorithm = { name: "PBKDF2", hash: "SHA-256", salt: bytesOf(asked.salt), iterations: asked.cost };
  return hexOf(new Uint8Array(await crypto.subtle.deriveBits(algorithm, key, 8 * asked.keyLength)));
}

async function solved(asked) {
  for (let first = 0; first < MOST; first += AT_ONCE) {
    const counters = Array.from({ length: AT_ONCE }, (_, n) => first + n);
    const keys = await Promise.all(counters.map((counter) => derived(asked, counter)));
    const n = keys.findIndex((key) => key.startsWith(asked.keyPrefix));
    if (n >= 0) return { counter: counters[n], derivedKey: keys[n] };
  }
  throw new Error("no solution");
}

async function work(form) {
  const challenge = JSON.parse(form.dataset.challenge);
  document.getElementById("working").hidden = false;
  const solution = await solved(challenge.parameters);
  form.elements.proof.value = btoa(JSON.stringify({ challenge, solution }));
  form.submit();
}

const form = document.getElementById("worked");
if (form && globalThis.crypto?.subtle) work(form);
