/* Keys for the list of holds: j and k move, digits go to an answer, Enter presses it. The page works without. */
"use strict";
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, select, textarea");
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const holds = [...document.querySelectorAll(".hold")];
  const here = holds.indexOf(document.activeElement.closest(".hold"));
  const key = event.key.toLowerCase();
  let target = null;
  if (key === "j" || event.key === "ArrowDown") target = holds[Math.min(here + 1, holds.length - 1)];
  else if (key === "k" || event.key === "ArrowUp") target = holds[Math.max(here - 1, 0)];
  else if (/^[1-9]$/.test(key) && here >= 0) target = holds[here].querySelectorAll("button")[Number(key) - 1];
  else if (key === "?") {
    const keys = document.querySelector("details.keys");
    if (keys) keys.open = !keys.open;
    target = keys && keys.querySelector("summary");
  }
  if (!target) return;
  event.preventDefault();
  target.focus();
  target.scrollIntoView({ block: "nearest" });
});
if (location.hash.startsWith("#hold-")) document.querySelector(location.hash)?.focus();
