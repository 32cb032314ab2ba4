// Helps with a long list of runs; without it, everything still works.
(() => {
  "use strict";
  const find = document.getElementById("find");
  const button = document.getElementById("together");
  if (!find) return;
  const rows = [...document.querySelectorAll("#runs tbody tr")];
  const marked = () => document.querySelectorAll("#runs input:checked").length;
  const update = () => {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      shown += row.hidden ? 0 : 1;
    }
    document.getElementById("found").textContent = words.length ? `${shown} of ${rows.length} runs` : "";
    button.disabled = marked() < 2;
  };
  find.addEventListener("input", update);
  document.getElementById("runs").addEventListener("change", update);
  update();
  // A run that goes on will end, and new ones begin.
  if (rows.some((row) => row.dataset.state === "running")) {
    setInterval(() => { if (!marked() && !find.value) location.reload(); }, 5000);
  }
})();
