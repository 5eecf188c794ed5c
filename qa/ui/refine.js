// What was understood is changed, or something proposed is asked. Runs once.
// Gradio gives: trigger.

const inLatest = (part) => part.closest?.("#qa-latest");

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches?.(".qa-change-form") || !inLatest(form)) return;
  event.preventDefault();
  const { row, n } = form.dataset;
  trigger("submit", { row, n: Number(n), ...Object.fromEntries(new FormData(form)) });
});
document.addEventListener("click", (event) => {
  const button = event.target.closest?.(".qa-remove, .qa-suggestion");
  if (!button) return;
  const { row, n, ask } = button.dataset;
  if (ask !== undefined) trigger("submit", { ask });
  else if (inLatest(button)) trigger("submit", { row, n: Number(n), remove: true });
  // The button will be gone.
  document.querySelector("#qa-question textarea")?.focus({ preventScroll: true });
});
