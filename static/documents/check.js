// Computes the fingerprint of a chosen file in the browser and asks for that fingerprint only.
// Without this file, or where the browser offers no cryptography, the upload works alone.
(() => {
  "use strict";
  const upload = document.getElementById("check-file");
  const lookup = document.getElementById("check-hash");
  if (!upload || !lookup) return;

  const zone = upload.querySelector(".drop");
  const input = upload.querySelector("input[type=file]");
  const named = zone.querySelector("[data-name]");
  const field = lookup.querySelector("input[name=sha256]");
  const status = document.getElementById("check-status");
  const bar = status.querySelector("progress");
  const words = status.querySelector("[data-words]");
  const most = Number(upload.dataset.most);

  const say = (key) => {
    words.textContent = key ? status.dataset[key] : "";
    status.hidden = !key;
  };
  const progress = (done, all) => {
    bar.max = all || 1;
    bar.value = done;
  };
  const tell = (id) => {
    const told = document.getElementById(id).content.cloneNode(true);
    document.getElementById("check-result").replaceChildren(told);
    document.getElementById("announce").textContent =
      document.querySelector("#check-result h2").textContent;
  };

  const canHash = window.isSecureContext && crypto.subtle && Blob.prototype.stream;
  zone.classList.add("drop--live");
  // Choosing is the main thing then, and sending an offer: one main button on a page.
  upload.querySelector("button[type=submit]").classList.remove("btn--primary");
  upload.querySelectorAll("[data-when]").forEach((part) => {
    part.hidden = part.dataset.when !== (canHash ? "local" : "insecure");
  });

  let latest = 0; // a file that is chosen while another is read takes its place

  const read = async (file, number) => {
    const bytes = new Uint8Array(file.size);
    let done = 0;
    for (let reader = file.stream().getReader(); ; ) {
      const { done: isOver, value } = await reader.read();
      if (isOver) return bytes;
      if (number !== latest) return reader.cancel();
      bytes.set(value, done);
      done += value.length;
      progress(done, file.size);
    }
  };
  const hex = (buffer) =>
    [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");

  const chosen = async () => {
    const number = ++latest;
    const file = input.files[0];
    named.textContent = file ? file.name : "";
    document.getElementById("check-result").replaceChildren();
    say("");
    if (!file) return;
    if (file.size === 0) return tell("check-empty");
    if (file.size > most) return tell("check-too_large");
    if (!canHash) return;
    progress(0, file.size);
    say("reading");
    try {
      const bytes = await read(file, number);
      if (number !== latest) return;
      const digest = await crypto.subtle.digest("SHA-256", bytes);
      if (number !== latest) return;
      field.value = hex(digest);
      say("asking");
      lookup.requestSubmit();
    } catch {
      if (number !== latest) return;
      say("");
      tell("check-not_read");
    }
  };
  input.addEventListener("change", chosen);
  // Chosen before this file was there, or kept by the browser when the page was loaded again.
  document.addEventListener("DOMContentLoaded", () => input.files.length && chosen());

  // A file may be dropped anywhere: beside the zone the browser would leave the page for it.
  const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
  let depth = 0;
  const over = (change) => {
    depth = Math.max(0, depth + change);
    zone.classList.toggle("is-over", depth > 0);
  };
  document.addEventListener("dragenter", (event) => carriesFiles(event) && over(1));
  document.addEventListener("dragleave", (event) => carriesFiles(event) && over(-1));
  document.addEventListener("dragover", (event) => {
    if (carriesFiles(event)) event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    over(-depth);
    const [file] = event.dataTransfer.files;
    if (!file) return;
    const one = new DataTransfer();
    one.items.add(file);
    input.files = one.files;
    chosen();
  });

  // The upload, when somebody asks for it.
  upload.addEventListener("submit", (event) => {
    const file = input.files[0];
    if (!file || (file.size > 0 && file.size <= most)) return; // none: the browser says so
    event.preventDefault();
    event.stopImmediatePropagation();
    tell(file.size ? "check-too_large" : "check-empty");
  }, true);
  upload.addEventListener("htmx:beforeRequest", () => {
    latest += 1;
    progress(0, 1);
    say("sending");
  });
  upload.addEventListener("htmx:xhr:progress", (event) => {
    if (event.detail.lengthComputable) progress(event.detail.loaded, event.detail.total);
    if (event.detail.loaded === event.detail.total) say("examining");
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.target?.id === "check-result") say("");
  });
  // "Too many" and "too large" have words of their own; the toast would say less.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id === "check-result" && [413, 429].includes(event.detail.xhr.status)) {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    }
  });
})();
