// Where the conversation stands: a new question goes to the top, and its answer grows below it,
// unless the reader has scrolled; a button leads back to the newest.

qa.when("#qa-latest", (latest) => {
  const scroller = document.getElementById("qa-scroll");
  let asked = 0;
  let follows = true;
  const newest = document.createElement("button");
  newest.type = "button";
  newest.className = "to-newest";
  newest.textContent = "↓";
  newest.hidden = true;

  const top = (element) =>
    element.getBoundingClientRect().top - scroller.getBoundingClientRect().top;
  const last = () => [...scroller.querySelectorAll(".turn")].pop();

  // To its question, or, where that is long, to its answer as soon as there is one.
  function toNewest() {
    const turn = last();
    if (!turn) return;
    const answer = turn.querySelector(".answer");
    const far = top(answer) - top(turn) > scroller.clientHeight / 2;
    scroller.scrollTop += top(far ? answer : turn) - (far ? 8 : 0);
  }

  function look() {
    const turn = last();
    newest.hidden = !turn || Math.abs(top(turn)) < scroller.clientHeight || top(turn) <= 0;
    newest.setAttribute("aria-label", document.querySelector("#qa-head [data-newest]")?.dataset.newest);
    newest.title = newest.getAttribute("aria-label");
  }

  for (const kind of ["wheel", "touchmove", "keydown"]) {
    scroller.addEventListener(kind, () => (follows = false), { passive: true });
  }
  scroller.addEventListener("scroll", look, { passive: true });
  newest.addEventListener("click", () => {
    follows = true;
    toNewest();
  });
  qa.when("#qa-composer", (composer) => composer.append(newest));
  new MutationObserver(() => {
    const turns = scroller.querySelectorAll(".turn").length;
    if (turns !== asked) follows = true;
    asked = turns;
    if (follows && turns) toNewest();
    look();
  }).observe(scroller, { childList: true, subtree: true, characterData: true });
});
