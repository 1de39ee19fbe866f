// Shows the sum of shares while one types. The server adds up again: this is a courtesy only.
(() => {
  "use strict";
  const number = (written) => {
    const plain = written.trim().replace(/\s/g, "").replace(",", ".");
    return plain === "" ? 0 : Number(plain);
  };

  document.addEventListener("input", (event) => {
    const split = event.target.closest?.("[data-split]");
    if (!split) return;
    const output = split.querySelector("[data-split-total]");
    const cents = [...split.querySelectorAll("input.input-num")].reduce(
      (sum, input) => sum + Math.round(number(input.value) * 100),
      0,
    );
    if (Number.isNaN(cents)) return;
    const percent = new Intl.NumberFormat(document.documentElement.lang, {
      style: "percent",
      minimumFractionDigits: 2,
    });
    output.textContent = percent.format(cents / 10000);
    output.parentElement.classList.toggle("is-off", cents !== 10000);
  });
})();
