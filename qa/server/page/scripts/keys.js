// Keys: Escape stops or closes, ↑ in an empty box edits the latest question, Ctrl+K searches the
// conversations, "/" goes to the box, "?" lists the keys.

const typing = (element) => element.matches?.("input, textarea, select, [contenteditable]");
const dialog = () => document.getElementById("qa-keys");

qa.keys = () => dialog()?.showModal();

function edit() {
  const turn = [...document.querySelectorAll("#qa-scroll .turn")].pop();
  const details = turn?.querySelector(".edit");
  if (!details) return false;
  details.open = true;
  const area = details.querySelector("textarea");
  area.focus();
  area.setSelectionRange(area.value.length, area.value.length);
  return true;
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing) return;
  const { key, target } = event;
  const control = event.ctrlKey || event.metaKey;
  let done = true;
  if (key === "Escape") {
    const editing = target.closest?.(".edit[open]");
    const filters = document.getElementById("qa-filters");
    if (dialog()?.open) return;
    if (editing) {
      editing.open = false;
      qa.box().focus();
    } else if (filters?.hasAttribute("data-open")) qa.filtering(false);
    else if (qa.folded()) qa.talks(false);
    else if (qa.article?.close()) done = true;
    else if (document.querySelector("#qa-latest [data-running]")) {
      document.querySelector("#qa-stop").click();
    } else done = false;
  } else if (control && key.toLowerCase() === "k") {
    qa.talks(true);
    document.querySelector("#qa-drawer [name=search]")?.focus();
  } else if (control && event.shiftKey && key.toLowerCase() === "o") {
    document.querySelector("[data-do=new]").click();
  } else if (key === "ArrowUp" && target === qa.box() && !target.value) done = edit();
  else if (key === "/" && !control && !typing(target)) qa.box().focus();
  else if (key === "?" && !control && !typing(target)) qa.keys();
  else done = false;
  if (done) event.preventDefault();
});
