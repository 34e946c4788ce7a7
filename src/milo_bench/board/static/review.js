// Scoring by keys. Each act is posted at once; what could not be sent is kept here, counted, and sent when the board is back.
"use strict";
(() => {
  const judge = document.getElementById("judge");
  if (!judge) return;
  const form = judge.querySelector("[data-judge]");
  const told = document.querySelector("[data-told]");
  const batch = judge.dataset.batch;
  const store = `unsent-${batch}`;
  const questions = [...form.querySelectorAll("[data-question]")];
  const comment = form.querySelector("[data-comment]");
  let number = Number(judge.dataset.number);
  let at = 0;
  let sending = false;

  const kept = () => JSON.parse(localStorage.getItem(store) || "[]");
  const keep = (list) => localStorage.setItem(store, JSON.stringify(list));
  const tell = (text) => { told.textContent = text; };
  const scoreOf = (question) => question.querySelector("input:checked")?.value;
  const isWhole = () => questions.every((question) => scoreOf(question) || "optional" in question.dataset);
  const save = form.querySelector("[data-save]");

  const draw = () => {
    questions.forEach((question, n) => {
      question.classList.toggle("at", n === at);
      question.querySelector("[data-done]").textContent = scoreOf(question) ? "✓ scored" : "";
    });
    save.setAttribute("aria-disabled", String(!isWhole()));
  };
  const go = (n) => {
    at = Math.max(0, Math.min(questions.length - 1, n));
    draw();
    (questions[at].querySelector("input:checked") || questions[at].querySelector("input")).focus({ preventScroll: true });
  };

  // One by one and in order, so that the board writes them as they were given.
  const send = async () => {
    if (sending) return;
    sending = true;
    try {
      while (kept().length) {
        const [first] = kept();
        const body = new URLSearchParams({ ...first.fields, form_token: document.body.dataset.formToken });
        const answer = await fetch(first.path, { method: "POST", headers: { Accept: "application/json" }, body });
        if (answer.status >= 500) throw new Error("the board cannot take it now");
        keep(kept().slice(1));
        if (!answer.ok) { tell((await answer.json()).error.message); continue; }
        if (!kept().length) showAround(await answer.json());
      }
      if (told.dataset.lost) { delete told.dataset.lost; tell("The board is back. Everything is saved."); }
    } catch {
      told.dataset.lost = "yes";
      tell(`${kept().length} not sent yet. They are kept here and sent when the board is back.`);
      setTimeout(() => { sending = false; send(); }, 1500);
      return;
    }
    sending = false;
  };
  const act = (fields) => {
    keep([...kept(), { path: `/review/${batch}/${number}/act`, fields: { ...fields, sent: crypto.randomUUID?.() || String(Math.random()) } }]);
    send();
  };
  const showAround = (data) => {
    const around = document.querySelector("[data-around]");
    if (!data.progress || !around) return;
    around.querySelector("b").textContent = data.progress.done;
    around.querySelector(".done").setAttribute("width", data.progress.width);
    around.lastElementChild.textContent = data.progress.per_minute ? `${data.progress.per_minute} verdicts per minute${data.progress.left ? `, about ${data.progress.left} left` : ""}` : "";
    document.querySelector("[data-undo]").disabled = !data.may_undo;
    const list = document.querySelector("[data-last] ol");
    list.replaceChildren(...data.last.map((one) => {
      const row = document.createElement("li");
      for (const [tag, text] of [["span", `Answer ${one.number}`], ["b", one.state === "unjudged" ? "cannot be judged" : one.state === "later" ? "later" : one.scores.map((score) => score ?? "–").join(" ")], ["span", `${one.took}${one.comment ? ", a comment" : ""}`]]) {
        const cell = document.createElement(tag);
        cell.textContent = text;
        row.append(cell);
      }
      return row;
    }));
  };

  const sendComment = () => {
    if (comment.value.trim() !== comment.dataset.saved) { comment.dataset.saved = comment.value.trim(); act({ act: "comment", comment: comment.value.trim() }); }
  };
  const next = () => {
    const ahead = document.querySelector("template[data-ahead]");
    if (!ahead) { whenSent(() => { location.href = `/review/${batch}/next`; }); return; }
    number = Number(ahead.dataset.ahead);
    judge.dataset.number = number;
    judge.querySelector("[data-case]").replaceChildren(...ahead.content.querySelector("[data-part=case]").childNodes);
    form.querySelector("[data-answer-text]").textContent = ahead.content.querySelector("[data-part=answer]").textContent;
    form.querySelector("[data-words]").textContent = ahead.dataset.words;
    document.querySelector("[data-number-text]").textContent = number;
    ahead.remove();
    form.reset();
    questions.forEach((question) => question.querySelectorAll("input").forEach((input) => { input.checked = false; }));
    comment.value = "";
    comment.dataset.saved = "";
    form.action = `/review/${batch}/${number}/save`;
    history.pushState({}, "", `/review/${batch}/${number}`);
    go(0);
    fill();
  };
  // The answers after this one, and what is around it, while the person reads.
  const fill = async () => {
    try {
      const here = number;
      await new Promise((done) => whenSent(done));
      const answer = await fetch(`/review/${batch}/${here}`, { headers: { Accept: "text/html" } });
      const text = await answer.text();
      if (!answer.ok || here !== number) return; // the person went on meanwhile: this one would come again
      const page = new DOMParser().parseFromString(text, "text/html");
      document.querySelectorAll("template[data-ahead]").forEach((old) => old.remove());
      document.querySelector(".three").before(...page.querySelectorAll("template[data-ahead]"));
      document.querySelector(".three").replaceWith(page.querySelector(".three"));
    } catch { /* the board is away: what lies in the page is enough for now */ }
  };
  const whenSent = (then) => { if (!kept().length && !sending) then(); else setTimeout(() => whenSent(then), 50); };

  const finish = (ending) => {
    if (ending === "save" && !isWhole()) { tell("Score every question first, or press x."); go(questions.findIndex((question) => !scoreOf(question) && !("optional" in question.dataset))); return; }
    sendComment();
    act({ act: ending });
    tell(ending === "save" ? `Answer ${number} saved.` : ending === "unjudged" ? `Answer ${number} cannot be judged.` : `Answer ${number} comes later.`);
    next();
  };
  const undo = async () => {
    if (told.dataset.lost) {
      const list = kept();
      const last = list.pop();
      if (!last || last.path !== `/review/${batch}/${number}/act` || last.fields.act !== "score") { tell("Undo across answers works when the board is back."); return; }
      keep(list);
      questions.find((question) => question.dataset.question === last.fields.question).querySelectorAll("input").forEach((input) => { input.checked = false; });
      draw();
      return;
    }
    await new Promise((done) => whenSent(done));
    const body = new URLSearchParams({ shown: "yes", sent: crypto.randomUUID?.() || String(Math.random()), form_token: document.body.dataset.formToken });
    const answer = await fetch(`/review/${batch}/undo`, { method: "POST", headers: { Accept: "application/json" }, body });
    const data = await answer.json();
    if (!answer.ok) { tell(data.error.message); return; }
    if (data.number !== number) { location.href = `/review/${batch}/${data.number}`; return; }
    questions.forEach((question, n) => {
      const score = data.rubric[n].score;
      question.querySelectorAll("input").forEach((input) => { input.checked = Number(input.value) === score; });
    });
    comment.value = data.verdict.comment;
    comment.dataset.saved = data.verdict.comment;
    const open = questions.findIndex((question) => !scoreOf(question));
    showAround(data);
    tell("Taken back.");
    go(open < 0 ? questions.length - 1 : open);
  };

  questions.forEach((question, n) => question.addEventListener("change", (event) => {
    act({ act: "score", question: question.dataset.question, score: event.target.value });
    go(n + 1 < questions.length ? n + 1 : n);
  }));
  comment.dataset.saved = comment.value;
  comment.addEventListener("blur", sendComment);
  form.addEventListener("submit", (event) => { event.preventDefault(); finish(event.submitter?.value || "save"); });
  document.querySelector("[data-undo]").form.addEventListener("submit", (event) => { event.preventDefault(); undo(); });
  document.addEventListener("board:key", (event) => {
    const key = event.detail;
    if (key >= "1" && key <= "5") {
      const input = questions[at].querySelectorAll("input")[Number(key) - 1];
      if (!input.checked) { input.checked = true; }
      input.dispatchEvent(new Event("change", { bubbles: true }));
    } else if (key === "j" || key === "k") go(at + (key === "j" ? 1 : -1));
    else if (key === "Enter") { if (document.activeElement?.matches("button, a, summary")) return; finish("save"); }
    else if (key === "x") finish("unjudged");
    else if (key === "s") finish("later");
    else if (key === "u") undo();
    else if (key === "c") comment.focus();
    else return;
    event.preventDefault();
  });
  addEventListener("popstate", () => location.reload());
  addEventListener("beforeunload", (event) => { if (kept().length) event.preventDefault(); });
  const open = questions.findIndex((question) => !scoreOf(question));
  go(open < 0 ? 0 : open);
  send();
})();
