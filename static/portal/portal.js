// Niceties for htmx only: every page works without this file.
(() => {
  "use strict";
  const toast = () => document.getElementById("toast");

  const say = (key) => {
    const region = toast();
    const notice = document.createElement("p");
    notice.className = "notice notice--error";
    notice.textContent = region.dataset[key];
    region.replaceChildren(notice);
  };

  const keyFor = (status) => {
    if (status === 403) return "forbidden";
    return status === 404 || status === 410 ? "gone" : "failed";
  };

  document.addEventListener("htmx:responseError", (event) => say(keyFor(event.detail.xhr.status)));
  document.addEventListener("htmx:sendError", () => say("offline"));
  document.addEventListener("htmx:timeout", () => say("offline"));

  document.addEventListener("htmx:beforeRequest", (event) => {
    toast().replaceChildren();
    event.detail.target?.setAttribute("aria-busy", "true");
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    event.detail.target?.removeAttribute("aria-busy");
  });

  // htmx keeps the focus where the id survived. Where the focused control is gone, the focus would
  // fall to the top of the page: lead it to what the fragment names itself, or to the region. What
  // was refused leads to the first fault, also from a button that survived: else nobody hears it.
  const watched = new WeakMap(); // by request: id of the region in which the focus was
  const active = () => document.activeElement;

  document.addEventListener("htmx:beforeRequest", (event) => {
    const { target, xhr } = event.detail; // a button that is disabled in a moment loses the focus
    if (target.contains(active())) watched.set(xhr, target.id);
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { target, xhr } = event.detail;
    if (target.contains(active())) watched.set(xhr, target.id);
    else if (active() !== document.body) watched.delete(xhr); // went on elsewhere meanwhile
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    const { elt: region, xhr } = event.detail;
    const words = region.matches("[data-announce]") ? region : region.querySelector("[data-announce]");
    if (words) document.getElementById("announce").textContent = words.dataset.announce;
    // Regions that came out of band are settled too, before the one that was asked for.
    if (watched.get(xhr) !== region.id) return;
    watched.delete(xhr);
    const fault =
      region.querySelector("[aria-invalid='true']") ??
      (xhr.status === 422 ? region.querySelector(".errorlist, .notice--warn") : null);
    if (active() !== document.body && !(xhr.status === 422 && fault)) return;
    const place = fault ?? region.querySelector("[data-focus]") ?? region;
    if (!place.matches("a, button, input, select, textarea, [tabindex]")) {
      place.setAttribute("tabindex", "-1");
    }
    place.focus({ preventScroll: !fault });
  });
})();
