"use strict";
(() => {
  const rows = JSON.parse(document.getElementById("rows").textContent);
  const form = document.querySelector("form");
  const list = document.getElementById("list");
  const more = document.getElementById("more");
  const count = document.getElementById("count");
  const PAGE = 50;
  const good = new Set(["right", "rightly abstained", "found"]);
  const plain = new Set(["answered"]);
  const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  let shown = [];

  const make = (tag, text, name) => {
    const element = document.createElement(tag);
    if (text !== undefined) element.textContent = text;
    if (name) element.className = name;
    return element;
  };

  // Text with its marked spans, [start, end) in characters as Python counts them.
  const marked = (tag, text, spans) => {
    const element = make(tag);
    const characters = Array.from(text);
    let at = 0;
    for (const [start, end] of spans) {
      element.append(characters.slice(at, start).join(""));
      element.append(make("mark", characters.slice(start, end).join("")));
      at = end;
    }
    element.append(characters.slice(at).join(""));
    return element;
  };

  const body = (row) => {
    const box = make("div", undefined, "body");
    const part = (heading, ...children) => {
      if (children.length) box.append(make("h3", heading), ...children);
    };
    part("Before", ...row.history.map((turn) => make("p", turn)));
    part("Gold", ...row.answers.map((answer) => make("p", answer)));
    if (row.error) part("Error", make("p", row.error));
    if (row.answer) part("Answer", marked("p", row.answer, row.marks));
    if (row.reason) part("Reason", make("p", row.reason));
    part("Quotes", ...row.citations.map((citation) => {
      const line = marked("p", citation.quote, citation.marks);
      line.prepend(make("span", `[${citation.n}] ${citation.title}: `, citation.gold ? "gold" : ""));
      return line;
    }));
    const hits = make("ol");
    hits.append(...row.hits.map((hit) =>
      make("li", hit.title + (hit.gold ? " (gold)" : ""), hit.gold ? "gold" : "")));
    if (row.hits.length) part("Articles found", hits);
    const scores = Object.entries(row.scores).map(([name, value]) => `${name} ${+value.toFixed(3)}`);
    if (row.confidence !== null) scores.unshift(`confidence ${row.confidence.toFixed(3)}`);
    part("Scores", make("p", `${row.id}: ${scores.join(", ")}`));
    return box;
  };

  const entry = (row) => {
    const details = make("details");
    const summary = make("summary", `${row.question} `);
    const tone = good.has(row.verdict) ? "good" : plain.has(row.verdict) ? "" : "bad";
    summary.append(make("span", row.verdict, `badge ${tone}`));
    details.append(summary);
    details.addEventListener("toggle", () => {
      if (details.open && details.childElementCount === 1) details.append(body(row));
    });
    return details;
  };

  const extend = () => {
    const at = list.childElementCount;
    list.append(...shown.slice(at, at + PAGE).map(entry));
    more.hidden = list.childElementCount >= shown.length;
    if (at && list.children[at]) list.children[at].firstElementChild.focus();
  };

  const filter = () => {
    const words = fold(form.text.value).split(/\s+/).filter(Boolean);
    shown = rows.filter((row) =>
      ["verdict", "kind", "lang"].every((name) =>
        !form[name].value || (row[name] ?? "") === form[name].value) &&
      words.every((word) => row.folded.includes(word)));
    count.textContent = `${shown.length} of ${rows.length} questions`;
    list.replaceChildren();
    extend();
  };

  for (const row of rows) {
    row.folded = fold([row.id, row.question, row.answer, ...row.answers].join(" "));
  }
  for (const name of ["verdict", "kind", "lang"]) {
    const values = [...new Set(rows.map((row) => row[name]).filter(Boolean))].sort();
    for (const value of values) {
      const n = rows.filter((row) => row[name] === value).length;
      const option = make("option", `${value} (${n})`);
      option.value = value;
      form[name].append(option);
    }
    if (values.length < 2 && name !== "verdict") form[name].parentElement.hidden = true;
  }
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  more.addEventListener("click", extend);
  filter();
})();
