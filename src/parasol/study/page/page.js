"use strict";
// One trial at a time. An answer is kept in this browser until the server has said that it is stored, and sent again
// under the same id after a reload or a lost connection: the server keeps it once.

const SETTLE = 300; // ms in which a new trial takes no answer, so that a double click answers one trial
const FIRST_WAIT = 500, LONGEST_WAIT = 8000; // ms between two attempts
const KEYS = { ArrowLeft: "left", ArrowUp: "left", ArrowRight: "right", ArrowDown: "right", 0: "tie" };
const USUAL = ["participant", "PROLIFIC_PID", "workerId"];

const $ = (id) => document.getElementById(id);
let state = null, since = Infinity, ready = false;

const memory = { // some browsers forbid storage; then a reload still goes on, from the last stored answer
  get(key) { try { return localStorage.getItem(key); } catch { return null; } },
  set(key, value) { try { localStorage.setItem(key, value); } catch { /* see above */ } },
  drop(key) { try { localStorage.removeItem(key); } catch { /* see above */ } },
};

function randomId() { // randomUUID exists on secure pages alone
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function whoIsThis() {
  const url = new URL(location.href);
  const given = USUAL.map((name) => url.searchParams.get(name)).find(Boolean) || [...url.searchParams.values()].find(Boolean);
  if (given) return given;
  const own = memory.get("parasol-participant") || `anonymous-${randomId()}`;
  memory.set("parasol-participant", own);
  url.searchParams.set("participant", own);
  history.replaceState(null, "", url);
  return own;
}

const participant = whoIsThis();
const PENDING = `parasol-pending-${participant}`;

function say(text) { $("status").textContent = text; }

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

async function post(path, body) { // until the server has answered
  for (let wait = FIRST_WAIT; ; wait = Math.min(2 * wait, LONGEST_WAIT)) {
    try {
      const reply = await fetch(path, {
        method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
      });
      if (reply.status < 500) {
        say("");
        return reply;
      }
    } catch { /* no connection: try again */ }
    say("No connection. Your answers are kept; trying again …");
    await pause(wait);
  }
}

async function begin() {
  const reply = await post("api/begin", { participant });
  if (!reply.ok) {
    say("This address is not complete: the participant in it must be letters and digits. Please ask for a new link.");
    return;
  }
  state = await reply.json();
  const pending = memory.get(PENDING);
  if (pending) {
    const { study, answer } = JSON.parse(pending);
    if (study === state.study) {
      await send(answer);
      return;
    }
    memory.drop(PENDING);
  }
  show();
}

async function send(answer) {
  const reply = await post("api/answer", { participant, ...answer });
  memory.drop(PENDING);
  if (!reply.ok) { // answered elsewhere meanwhile: ask where we are
    await begin();
    return;
  }
  state = await reply.json();
  show();
}

function only(id) {
  for (const each of ["welcome", "trial", "end"]) $(each).hidden = each !== id;
}

function show() {
  document.title = state.title;
  $("progress").value = state.done / state.total;
  $("count").textContent = `${Math.min(state.done + 1, state.total)} of ${state.total}`;
  if (!state.trial) {
    only("end");
    if (state.completion) {
      $("completion").href = state.completion;
      $("completion").hidden = false;
    }
  } else if (!state.done && $("trial").hidden) {
    $("title").textContent = state.title;
    only("welcome");
    $("start").focus();
  } else {
    showTrial(state.trial);
  }
}

async function load(image, name) { // until it is there
  for (let wait = FIRST_WAIT; ; wait = Math.min(2 * wait, LONGEST_WAIT)) {
    try {
      image.src = `pictures/${name}`;
      await image.decode();
      return;
    } catch {
      say("A picture does not come; trying again …");
      image.removeAttribute("src");
      await pause(wait);
    }
  }
}

function reference({ label, picture }) {
  const figure = document.createElement("figure"), image = new Image(), caption = document.createElement("figcaption");
  image.alt = caption.textContent = `${label} picture`;
  figure.append(image, caption);
  return { figure, loaded: load(image, picture) };
}

async function showTrial(trial) {
  ready = false;
  document.activeElement?.blur(); // else Enter or space would choose what had the focus
  const references = trial.references.map(reference);
  const left = new Image(), right = new Image();
  await Promise.all([load(left, trial.left), load(right, trial.right), ...references.map((each) => each.loaded)]);
  say("");
  $("question").textContent = trial.question;
  $("references").replaceChildren(...references.map((each) => each.figure));
  $("left-picture").src = left.src;
  $("right-picture").src = right.src;
  $("choices").classList.toggle("wide", left.naturalWidth > 2 * left.naturalHeight);
  for (const side of ["left", "right"]) $(side).classList.remove("chosen");
  $("tie").hidden = !state.ties;
  $("trial").classList.remove("waiting");
  only("trial");
  since = performance.now();
  ready = true;
  for (const name of state.next) new Image().src = `pictures/${name}`;
}

function choose(choice) {
  const milliseconds = Math.round(performance.now() - since);
  if (!ready || milliseconds < SETTLE || (choice === "tie" && !state.ties)) return;
  ready = false;
  $("trial").classList.add("waiting");
  $(choice).classList.add("chosen");
  const answer = { id: randomId(), trial: state.trial.number, choice, milliseconds };
  memory.set(PENDING, JSON.stringify({ study: state.study, answer }));
  send(answer);
}

for (const choice of ["left", "right", "tie"]) $(choice).addEventListener("click", () => choose(choice));
$("start").addEventListener("click", () => showTrial(state.trial));
document.addEventListener("keydown", (event) => {
  const choice = KEYS[event.key];
  if (!choice || event.repeat || event.ctrlKey || event.metaKey || event.altKey || $("trial").hidden) return;
  event.preventDefault();
  choose(choice);
});
begin();
