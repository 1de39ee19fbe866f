// Puts a fingerprint on the clipboard. Without this file, or over plain http, it is marked by hand.
(() => {
  "use strict";
  if (!navigator.clipboard) return;
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
      document.getElementById("announce").textContent = button.dataset.copied;
      button.textContent = button.dataset.done;
    });
  }
})();
