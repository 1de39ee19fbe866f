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
  // fall to the top of the page: lead it to the first fault, or to what the fragment names itself.
  let hadFocus = false;
  document.addEventListener("htmx:beforeSwap", (event) => {
    hadFocus = event.detail.target.contains(document.activeElement);
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    const region = event.detail.elt;
    const words = region.matches("[data-announce]") ? region : region.querySelector("[data-announce]");
    if (words) document.getElementById("announce").textContent = words.dataset.announce;
    if (!hadFocus || document.activeElement !== document.body) return;
    hadFocus = false;
    const next = region.querySelector("[aria-invalid='true']") ?? region.querySelector("[data-focus]");
    const place = next ?? region;
    if (!next && !place.hasAttribute("tabindex")) place.setAttribute("tabindex", "-1");
    place.focus({ preventScroll: true });
  });
})();
